using System.Net.Sockets;
using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>Why a web server could not be talked to, in words: the published binary has only the keys of .NET's own texts.</summary>
public static class ConnectionFailure
{
    /// <summary>The reason, with the host.</summary>
    /// <param name="e">What the HTTP client threw, when it connected or while it read.</param>
    /// <param name="address">What was asked for.</param>
    public static string Of(Exception e, Uri address)
    {
        string host = Printable.Of(address.Authority);
        return ((e as HttpRequestException)?.HttpRequestError ?? (e as HttpIOException)?.HttpRequestError, Socket(e)) switch
        {
            (HttpRequestError.NameResolutionError, _) or (_, SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain) =>
                $"the name {Printable.Of(address.Host)} cannot be resolved: check its spelling and this machine's DNS",
            (_, SocketError.ConnectionRefused) => $"{host} refuses the connection: nothing listens on that port",
            (_, SocketError.NetworkUnreachable or SocketError.HostUnreachable) => $"{host} cannot be reached: there is no route to it",
            (_, SocketError.TimedOut) => $"{host} does not answer",
            (HttpRequestError.SecureConnectionError, _) =>
                $"{host} does not speak TLS that is understood here, or has a certificate that nobody vouches for",
            (HttpRequestError.ResponseEnded or HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse, _) =>
                $"{host} broke off its answer, or it was not HTTP",
            (HttpRequestError.ConfigurationLimitExceeded, _) => $"{host} sent headers of more than 64 KiB",
            _ => $"the connection to {host} broke",
        };
    }

    private static SocketError? Socket(Exception e) =>
        (e.InnerException as SocketException ?? e.InnerException?.InnerException as SocketException)?.SocketErrorCode;
}
