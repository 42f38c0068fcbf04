using System.Security.Cryptography;

namespace Skiff.Images.Layers;

/// <summary>Hashes and counts what is read through it, and optionally keeps a copy of the bytes.</summary>
/// <remarks>The source stays the caller's.</remarks>
internal sealed class HashingStream : ReadOnlyStream
{
    private readonly Stream _source;
    private readonly IncrementalHash _hash;
    private readonly Digest _wanted;
    private readonly HashingStreamSink? _sink;

    internal HashingStream(Stream source, Digest wanted, HashingStreamSink? sink = null)
    {
        _source = source;
        _wanted = wanted;
        _hash = IncrementalHash.CreateHash(wanted.HashName);
        _sink = sink;
    }

    /// <summary>The number of bytes read so far.</summary>
    internal long Count { get; private set; }

    /// <summary>True if everything read so far has the wanted digest.</summary>
    internal bool Matches => Convert.ToHexStringLower(_hash.GetCurrentHash()) == _wanted.Hex;

    public override int Read(Span<byte> buffer)
    {
        int read = _source.Read(buffer);
        if (read > 0)
        {
            ReadOnlySpan<byte> bytes = buffer[..read];
            _hash.AppendData(bytes);
            Count += read;
            _sink?.Invoke(bytes);
        }
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

/// <summary>Takes the bytes that passed through a <see cref="HashingStream"/>.</summary>
internal delegate void HashingStreamSink(ReadOnlySpan<byte> bytes);
