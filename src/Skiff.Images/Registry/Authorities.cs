using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Skiff.Images.Registry;

/// <summary>Certificate authorities that the user trusts for one registry: <c>/etc/containers/certs.d/HOST/*.crt</c> and docker's <c>/etc/docker/certs.d/HOST/*.crt</c>.</summary>
internal static class Authorities
{
    private static readonly string[] s_directories = ["/etc/skiff/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d"];

    /// <summary>True if one of the authorities for <paramref name="authority"/> has signed the certificate and it is valid now.</summary>
    internal static bool Trusts(string authority, X509Certificate? certificate)
    {
        if (certificate is null)
        {
            return false;
        }
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (string directory in s_directories)
        {
            AddAll(chain.ChainPolicy.CustomTrustStore, Path.Combine(directory, authority));
        }
        using X509Certificate2 leaf = new(certificate);
        return chain.ChainPolicy.CustomTrustStore.Count > 0 && chain.Build(leaf);
    }

    private static void AddAll(X509Certificate2Collection store, string directory)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }
        foreach (string file in Directory.EnumerateFiles(directory, "*.crt"))
        {
            try
            {
                store.ImportFromPemFile(file);
            }
            catch (CryptographicException)
            {
                // A file that is no certificate adds no trust; the refusal then names the certificate's problem.
            }
        }
    }
}
