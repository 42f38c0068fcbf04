using System.Net;
using System.Net.Sockets;
using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>Failures in sentences: what failed, why, and what to do. .NET's own texts are never shown: the published binary has only their keys.</summary>
internal static class RegistryErrors
{
    /// <summary>Why a connection failed.</summary>
    internal static string Connection(Exception e, Transport transport, Uri address)
    {
        string host = Printable.Of(address.Authority);
        if (transport.CertificateProblem(address.Host) is string problem)
        {
            return $"{host} cannot be trusted: {problem}, or use --tls-verify=false";
        }
        if (
            transport.ProxyFor(address) is string proxy
            && (IsUnreachable(e) || e is HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError })
        )
        {
            return $"the proxy {Printable.Of(proxy)} of HTTPS_PROXY or HTTP_PROXY cannot be reached or does not let {host} through; NO_PROXY={Printable.Of(address.Host)} goes around it";
        }
        return e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }
            ? $"{host} does not speak TLS that is understood here; for a registry without TLS use --tls-verify=false"
            : ConnectionFailure.Of(e, address);
    }

    /// <summary>True if the other side may speak, but not this scheme.</summary>
    internal static bool IsOtherProtocol(HttpRequestException e) =>
        !IsUnreachable(e)
        && e.HttpRequestError
            is HttpRequestError.SecureConnectionError
                or HttpRequestError.ResponseEnded
                or HttpRequestError.InvalidResponse
                or HttpRequestError.HttpProtocolError
                or HttpRequestError.Unknown;

    /// <summary>True for a name that does not exist and a port where nothing listens.</summary>
    internal static bool IsUnreachable(Exception e) =>
        e is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError }
        || (e.InnerException as SocketException)?.SocketErrorCode
            is SocketError.ConnectionRefused
                or SocketError.TimedOut
                or SocketError.HostUnreachable
                or SocketError.NetworkUnreachable
                or SocketError.HostNotFound;

    /// <summary>True if another attempt may help: a name or a certificate that is wrong stays wrong.</summary>
    internal static bool IsTransient(Exception e, Transport transport, Uri address) =>
        transport.CertificateProblem(address.Host) is null
        && e
            is IOException
                or SocketException
                or ObjectDisposedException
                or HttpRequestException
                {
                    HttpRequestError: not (
                        HttpRequestError.SecureConnectionError
                        or HttpRequestError.ConfigurationLimitExceeded
                        or HttpRequestError.ProxyTunnelError
                    )
                };

    /// <summary>The sentence for an answer that ends the pull of <paramref name="reference"/>.</summary>
    /// <param name="reference">What is pulled.</param>
    /// <param name="e">The answer.</param>
    /// <param name="credential">The login that was used; null for none.</param>
    /// <param name="part">What was asked for, if not the image itself but what its manifest names.</param>
    internal static SkiffException Refused(Reference reference, AnswerException e, Credential? credential, Digest? part = null)
    {
        string said = e.Message.Length > 0 ? $" (it says: {e.Message})" : "";
        string name = reference.Familiar;
        string text = e.Status switch
        {
            HttpStatusCode.Unauthorized when credential is null =>
                $"{reference.Domain} wants a login for {name}, or there is no such repository: run `skiff login {reference.Domain}`, or check the name{said}",
            HttpStatusCode.Unauthorized =>
                $"{reference.Domain} does not accept the login of {credential} for {name}: run `skiff login {reference.Domain}` again, or check the name{said}",
            HttpStatusCode.Forbidden =>
                $"{reference.Domain} denies access to {name}{(credential is null ? $": run `skiff login {reference.Domain}` if it is yours" : "")}{said}",
            HttpStatusCode.NotFound when part is Digest missing =>
                $"{reference.Domain} lacks {missing}, which {name} is made of: the image is not whole there, ask whoever pushed it{said}",
            HttpStatusCode.NotFound when e.Code == "NAME_UNKNOWN" =>
                $"{reference.Domain} has no repository {reference.Repository}: check the name{said}",
            HttpStatusCode.NotFound when reference.Digest is not null =>
                $"{reference.Domain} has no image {name}: that digest is not there{said}",
            HttpStatusCode.NotFound => $"{reference.Domain} has no image {name}: check the name and the tag{said}",
            HttpStatusCode.TooManyRequests =>
                $"{reference.Domain} allows no more requests for now (429): wait, or log in for a higher limit{said}",
            _ => $"{reference.Domain} answers {(int)e.Status} for {name}{said}",
        };
        return new SkiffException(text, 1, e);
    }
}
