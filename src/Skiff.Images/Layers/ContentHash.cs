using System.Security.Cryptography;

namespace Skiff.Images.Layers;

/// <summary>The digest of what arrives, to compare with the one that was promised.</summary>
internal sealed class ContentHash(Digest wanted) : IDisposable
{
    private readonly IncrementalHash _hash = Hashing.Begin(wanted.HashName);

    /// <summary>True if everything so far has the wanted digest.</summary>
    internal bool Matches => Convert.ToHexStringLower(_hash.GetCurrentHash()) == wanted.Hex;

    internal void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    public void Dispose() => _hash.Dispose();
}

/// <summary>Is shown bytes that pass by.</summary>
internal delegate void ByteSink(ReadOnlySpan<byte> bytes);
