using System.Security.Cryptography;
using Skiff.Images.Layers;

namespace Skiff.Images.Archives;

/// <summary>Hashes what is read through it and hands it on.</summary>
internal sealed class TeeStream(Stream source, ByteSink sink) : ReadOnlyStream
{
    private readonly IncrementalHash _hash = Hashing.BeginSha256();

    /// <summary>The SHA-256 digest of everything read.</summary>
    internal Digest Digest() => Images.Digest.FromSha256(_hash.GetCurrentHash());

    public override int Read(Span<byte> buffer)
    {
        int count = source.Read(buffer);
        if (count > 0)
        {
            _hash.AppendData(buffer[..count]);
            sink(buffer[..count]);
        }
        return count;
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
