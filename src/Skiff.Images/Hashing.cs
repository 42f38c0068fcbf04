using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Skiff.Linux;

namespace Skiff.Images;

/// <summary>Digests, by OpenSSL. Where that is missing the runtime aborts at its first use, with its own words: so it is looked for before.</summary>
public static class Hashing
{
    private static readonly bool s_hasOpenSsl = FindOpenSsl();

    /// <summary>The SHA-256 sum of bytes.</summary>
    public static byte[] Sha256(ReadOnlySpan<byte> bytes)
    {
        RequireOpenSsl();
#pragma warning disable RS0030 // here it is looked for
        return SHA256.HashData(bytes);
#pragma warning restore RS0030
    }

    /// <summary>A sum that is made piece by piece.</summary>
    public static IncrementalHash Begin(HashAlgorithmName algorithm)
    {
        RequireOpenSsl();
#pragma warning disable RS0030 // here it is looked for
        return IncrementalHash.CreateHash(algorithm);
#pragma warning restore RS0030
    }

    /// <summary>A SHA-256 sum that is made piece by piece.</summary>
    public static IncrementalHash BeginSha256() => Begin(HashAlgorithmName.SHA256);

    /// <summary>Throws where there is none. Called before an HTTP client is made.</summary>
    public static void RequireOpenSsl()
    {
        if (!s_hasOpenSsl)
        {
            throw new SkiffException(
                "digests and TLS need OpenSSL, and this machine has neither libssl.so.3 nor libssl.so.1.1: install it (libssl3 on Debian and Ubuntu, openssl-libs on Fedora)"
            );
        }
    }

    private static bool FindOpenSsl()
    {
        foreach (
            string version in (ReadOnlySpan<string>)[Environment.GetEnvironmentVariable("CLR_OPENSSL_VERSION_OVERRIDE") ?? "3", "3", "1.1"]
        )
        {
            // Stays loaded: whoever asks uses it next.
            if (NativeLibrary.TryLoad($"libssl.so.{version}", out _))
            {
                return true;
            }
        }
        return false;
    }
}
