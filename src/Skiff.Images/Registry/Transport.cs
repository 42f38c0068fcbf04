using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Skiff.Images.Registry;

/// <summary>The HTTP client: no redirects, no decompression, no cookies of its own; small headers; sockets that time out when they stall.</summary>
internal sealed class Transport : IDisposable
{
    private readonly ConcurrentDictionary<string, string> _certificateProblems = new();
    private readonly Endpoint _endpoint;
    private readonly RetryPolicy _retry;

    internal Transport(Endpoint endpoint, RetryPolicy retry)
    {
        _endpoint = endpoint;
        _retry = retry;
        Hashing.RequireOpenSsl();
#pragma warning disable RS0030 // OpenSSL was looked for
        SocketsHttpHandler handler = new()
#pragma warning restore RS0030
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            // The proxy of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), but never for this machine itself.
            UseProxy = !endpoint.IsLoopback,
            MaxResponseHeadersLength = 64,
            ConnectTimeout = TimeSpan.FromSeconds(20),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            ConnectCallback = Connect,
        };
        handler.SslOptions.RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
            errors == SslPolicyErrors.None
            || !endpoint.VerifyTls
            || !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && Authorities.Trusts(endpoint.Authority, certificate)
            || Refuse(sender, chain, errors);
        handler.SslOptions.ClientCertificates = Authorities.ClientCertificates(endpoint.Authority);
        Client = new HttpMessageInvoker(handler);
    }

    internal HttpMessageInvoker Client { get; }

    /// <summary>What was wrong with the certificate of a host; null if nothing was noticed.</summary>
    internal string? CertificateProblem(string host) => _certificateProblems.GetValueOrDefault(host.Trim('[', ']'));

    /// <summary>The host and port of the proxy that stands between; null for none. Never its user and password.</summary>
    internal string? ProxyFor(Uri address) =>
        !_endpoint.IsLoopback && !HttpClient.DefaultProxy.IsBypassed(address) ? HttpClient.DefaultProxy.GetProxy(address)?.Authority : null;

    /// <inheritdoc/>
    public void Dispose() => Client.Dispose();

    private bool Refuse(object sender, X509Chain? chain, SslPolicyErrors errors)
    {
        string problem = errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            ? "its certificate is for another name; use a name that is in it"
            : $"its certificate is signed by an authority that this machine does not know; put that authority into /etc/skiff/certs.d/{_endpoint.Authority}/ca.crt";
        foreach (X509ChainStatus status in chain?.ChainStatus ?? [])
        {
            problem = status.Status.HasFlag(X509ChainStatusFlags.NotTimeValid)
                ? "its certificate has expired or is not yet valid; check the clock of this machine, or have it renewed"
                : problem;
        }
        _certificateProblems[(sender as SslStream)?.TargetHostName ?? ""] = problem;
        return false;
    }

    // Connected by a call that blocks: a socket that was ever used asynchronously stays so in .NET, and each read that must wait would then go through another thread.
    private ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        try
        {
            return ValueTask.FromResult<Stream>(new NetworkStream(Open(context.DnsEndPoint, cancellation), ownsSocket: true));
        }
        catch (Exception e)
        {
            cancellation.ThrowIfCancellationRequested();
            return ValueTask.FromException<Stream>(e);
        }
    }

    // SO_RCVTIMEO is what ends a stalled body: HttpClient's own timeouts cover the headers only.
    private Socket Open(DnsEndPoint server, CancellationToken cancellation)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = (int)_retry.StallTimeout.TotalMilliseconds,
            SendTimeout = (int)_retry.StallTimeout.TotalMilliseconds,
        };
        try
        {
            using (cancellation.UnsafeRegister(static socket => ((Socket)socket!).Dispose(), socket))
            {
                socket.Connect(server);
            }
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
