using System.Net;

namespace Skiff.Images.Registry;

/// <summary>Where a registry's API is, and how far its transport is to be trusted.</summary>
/// <param name="Authority">Host and port.</param>
/// <param name="Schemes">The schemes to try, in this order, until one speaks.</param>
/// <param name="VerifyTls">False if any certificate will do.</param>
/// <param name="IsLoopback">True for a registry on this machine.</param>
public sealed record Endpoint(string Authority, IReadOnlyList<string> Schemes, bool VerifyTls, bool IsLoopback)
{
    /// <summary>The endpoint of a reference's domain.</summary>
    /// <remarks>
    /// Docker Hub's API is at registry-1.docker.io. A registry on loopback is tried without TLS first, as docker accepts it there without being asked.
    /// Without verification https is tried first, so that a registry with a home-made certificate is at least encrypted.
    /// What is written with <c>http://</c> is spoken to without TLS only.
    /// </remarks>
    public static Endpoint Of(string domain, bool verifyTls, bool plainHttp = false)
    {
        bool loopback = IsLoopbackHost(domain);
        IReadOnlyList<string> schemes =
            plainHttp ? ["http"]
            : loopback ? ["http", "https"]
            : verifyTls ? ["https"]
            : ["https", "http"];
        return new Endpoint(domain == Reference.DefaultDomain ? "registry-1.docker.io" : domain, schemes, verifyTls, loopback);
    }

    /// <summary>True for localhost, 127.0.0.0/8 and [::1], with or without a port.</summary>
    public static bool IsLoopbackHost(string authority)
    {
        if (!Uri.TryCreate("http://" + authority + "/", UriKind.Absolute, out Uri? uri))
        {
            return false;
        }
        string host = uri.Host.Trim('[', ']');
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));
    }
}
