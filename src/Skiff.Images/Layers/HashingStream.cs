namespace Skiff.Images.Layers;

/// <summary>Hashes and counts what is read through it.</summary>
/// <remarks>The source stays the caller's.</remarks>
internal sealed class HashingStream(Stream source, Digest wanted) : ReadOnlyStream
{
    private readonly ContentHash _hash = new(wanted);

    /// <summary>The number of bytes read so far.</summary>
    internal long Count { get; private set; }

    /// <summary>True if everything read so far has the wanted digest.</summary>
    internal bool Matches => _hash.Matches;

    public override int Read(Span<byte> buffer)
    {
        int read = source.Read(buffer);
        _hash.Append(buffer[..read]);
        Count += read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
        }
        base.Dispose(disposing);
    }
}
