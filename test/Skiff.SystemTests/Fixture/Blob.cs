using System.Security.Cryptography;

namespace Skiff.SystemTests.Fixture;

/// <summary>Bytes with their media type.</summary>
internal sealed record Blob(byte[] Bytes, string MediaType)
{
    public string Digest { get; } = DigestOf(Bytes);

    public static string DigestOf(byte[] bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";
}

/// <summary>An image ready to be pushed or written to a layout.</summary>
internal sealed record BuiltImage(Blob Manifest, Blob Config, IReadOnlyList<Blob> Layers);

/// <summary>How a layer is compressed.</summary>
internal enum LayerFormat
{
    Gzip,
    Zstd,
    Plain,
}
