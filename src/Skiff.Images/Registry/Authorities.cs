using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Skiff.Images.Registry;

/// <summary>
/// Certificates for one registry, HOST with its port: authorities that the user trusts, <c>certs.d/HOST/*.crt</c>, and client certificates, below <c>/etc/skiff</c>,
/// <c>/etc/containers</c>, <c>/etc/docker</c>, <c>~/.config/skiff</c> and <c>~/.config/containers</c>.
/// </summary>
internal static class Authorities
{
    /// <summary>The directories with one directory for each registry, as docker and podman have them; the user's own come last.</summary>
    private static IEnumerable<string> Directories(string authority)
    {
        string home = Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } directory ? directory : "/root";
        string user = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } config ? config : $"{home}/.config";
        return ((string[])["/etc/skiff", "/etc/containers", "/etc/docker", $"{user}/skiff", $"{user}/containers"]).Select(d =>
            $"{d}/certs.d/{authority}"
        );
    }

    /// <summary>The certificates with which this machine shows who it is: <c>NAME.cert</c> beside <c>NAME.key</c>, both PEM.</summary>
    /// <exception cref="Skiff.Linux.SkiffException">One of them cannot be read.</exception>
    internal static X509CertificateCollection ClientCertificates(string authority)
    {
        X509CertificateCollection certificates = [];
        foreach (string directory in Directories(authority).Where(Directory.Exists))
        {
            foreach (string file in Directory.EnumerateFiles(directory, "*.cert"))
            {
                try
                {
                    certificates.Add(X509Certificate2.CreateFromPemFile(file, Path.ChangeExtension(file, ".key")));
                }
                catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
                {
                    throw new Skiff.Linux.SkiffException(
                        $"{file} is no client certificate with its key beside it ({Path.GetFileNameWithoutExtension(file)}.key, both PEM)",
                        1,
                        e
                    );
                }
            }
        }
        return certificates;
    }

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
        foreach (string directory in Directories(authority))
        {
            AddAll(chain.ChainPolicy.CustomTrustStore, directory);
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
