using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Skiff.Linux;

namespace Skiff.Images;

/// <summary>The name of content by its hash, <c>sha256:…</c> (image-spec descriptor.md, "Digests").</summary>
/// <remarks>Only the registered algorithms with the right number of lower-case hexadecimal digits exist as values, so that a digest is safe as a file name.</remarks>
public readonly record struct Digest
{
    private Digest(string algorithm, string hex)
    {
        Algorithm = algorithm;
        Hex = hex;
    }

    /// <summary><c>sha256</c>, <c>sha384</c> or <c>sha512</c>.</summary>
    public string Algorithm { get; }

    /// <summary>The hash in lower-case hexadecimal: 64, 96 or 128 digits.</summary>
    public string Hex { get; }

    /// <summary>The first twelve digits, docker's short id.</summary>
    public string Short => Hex[..12];

    /// <summary>The algorithm's name for <see cref="IncrementalHash"/>.</summary>
    public HashAlgorithmName HashName =>
        Algorithm switch
        {
            "sha256" => HashAlgorithmName.SHA256,
            "sha384" => HashAlgorithmName.SHA384,
            _ => HashAlgorithmName.SHA512,
        };

    /// <summary>Reads <c>algorithm:hex</c>; throws <see cref="SkiffException"/> for anything else.</summary>
    public static Digest Parse(string text) =>
        TryParse(text, out Digest digest)
            ? digest
            : throw new SkiffException($"\"{Printable.Of(text)}\" is not a digest: expected sha256: and 64 lower-case hexadecimal digits");

    /// <summary>Reads <c>algorithm:hex</c>; false for an unknown algorithm, a wrong length or an upper-case digit.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        digest = default;
        int colon = text is null ? -1 : text.IndexOf(':');
        if (colon < 0)
        {
            return false;
        }
        ReadOnlySpan<char> name = text.AsSpan(0, colon);
        ReadOnlySpan<char> hex = text.AsSpan(colon + 1);
        (string? algorithm, int digits) = name switch
        {
            "sha256" => ("sha256", 64),
            "sha384" => ("sha384", 96),
            "sha512" => ("sha512", 128),
            _ => (null, 0),
        };
        if (algorithm is null || hex.Length != digits || !Ascii.IsLowerHex(hex))
        {
            return false;
        }
        digest = new Digest(algorithm, hex.ToString());
        return true;
    }

    /// <summary>A SHA-256 digest from its 32 bytes.</summary>
    public static Digest FromSha256(ReadOnlySpan<byte> hash)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(hash.Length, 32);
        return new Digest("sha256", Convert.ToHexStringLower(hash));
    }

    /// <summary>The SHA-256 digest of content. Loads OpenSSL: not for the run path.</summary>
    public static Digest Of(ReadOnlySpan<byte> content) => FromSha256(Hashing.Sha256(content));

    /// <summary>True if the content has this digest, in this digest's algorithm.</summary>
    public bool IsOf(ReadOnlySpan<byte> content)
    {
        byte[] hash = CryptographicOperations.HashData(HashName, content);
        return string.Equals(Convert.ToHexStringLower(hash), Hex, StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Algorithm}:{Hex}";
}
