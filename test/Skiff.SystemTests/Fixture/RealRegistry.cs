using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Skiff.SystemTests.Fixture;

/// <summary>Debian's docker-registry on the loopback of a network namespace: plain HTTP, or with a password, or with TLS.</summary>
internal sealed class RealRegistry : IDisposable
{
    /// <summary>The account of a registry with a password.</summary>
    public const string User = "sailor";

    /// <summary>Its password; the hash below is bcrypt of it, the only kind docker-registry reads.</summary>
    public const string Password = "fair-winds";

    private const string PasswordHash = "$2b$05$abcdefghijklmnopqrstuusIWrBX8T2tjVCVyz6jKQdiKkO7pTNtS";

    private readonly RunningCommand _process;
    private readonly Netns _net;

    /// <param name="net">The namespace whose loopback it listens on.</param>
    /// <param name="storage">Its directory; several registries may share one.</param>
    /// <param name="password">Ask for <see cref="User"/> and <see cref="Password"/>.</param>
    /// <param name="tls">Serve HTTPS with a self-signed certificate, written to <see cref="CertificatePath"/>.</param>
    /// <param name="port">Its port.</param>
    /// <param name="log">Keep its access log, for <see cref="Requests"/>.</param>
    /// <param name="clientCertificate">With TLS: let in only who shows a certificate signed by this one (PEM file).</param>
    public RealRegistry(
        Netns net,
        string storage,
        bool password = false,
        bool tls = false,
        int port = 5000,
        bool log = false,
        string? clientCertificate = null
    )
    {
        _net = net;
        Address = $"127.0.0.1:{port}";
        Storage = storage;
        string directory = Workspace.NewDirectory("registry");
        CertificatePath = Path.Combine(directory, "cert.pem");
        string config =
            $"version: 0.1\nlog: {{level: error, accesslog: {{disabled: {(log ? "false" : "true")}}}}}\n"
            + $"storage: {{filesystem: {{rootdirectory: {storage}}}, delete: {{enabled: true}}}}\nhttp:\n  addr: {Address}\n";
        if (tls)
        {
            WriteCertificate(directory);
            config +=
                $"  tls: {{certificate: {CertificatePath}, key: {directory}/key.pem{(clientCertificate is null ? "" : $", clientcas: [{clientCertificate}]")}}}\n";
        }
        if (password)
        {
            File.WriteAllText(Path.Combine(directory, "htpasswd"), $"{User}:{PasswordHash}\n");
            config += $"auth: {{htpasswd: {{realm: harbour, path: {directory}/htpasswd}}}}\n";
        }
        string file = Path.Combine(directory, "config.yml");
        File.WriteAllText(file, config);
        _process = RunningCommand.Start([.. net.Prefix, "docker-registry", "serve", file]);
        Wait.Until(Answers, 20, () => $"docker-registry does not answer on {Address}: {_process.ErrorSoFar}");
        Client = new RegistryClient(net, new Uri($"{(tls ? "https" : "http")}://{Address}"), password ? (User, Password) : null);
    }

    /// <summary>Its directory.</summary>
    public string Storage { get; }

    /// <summary>host:port inside the namespace.</summary>
    public string Address { get; }

    /// <summary>The registry's own certificate, in PEM.</summary>
    public string CertificatePath { get; }

    /// <summary>The requests so far, such as <c>GET /v2/busybox/blobs/sha256:…</c>.</summary>
    public IReadOnlyList<string> Requests =>
        [
            .. _process
                .OutputSoFar.Split('\n')
                .Select(l => l.Split('"'))
                .Where(p => p.Length > 2)
                .Select(p => p[1].Replace(" HTTP/1.1", "", StringComparison.Ordinal)),
        ];

    /// <summary>Pushes to it from outside the namespace.</summary>
    public RegistryClient Client { get; }

    public void Dispose()
    {
        Client.Dispose();
        _process.Dispose();
    }

    private bool Answers() =>
        _net.On(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Connect(IPEndPoint.Parse(Address));
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });

    /// <summary>Writes a certificate for 127.0.0.1 and localhost, signed by itself, and its key: <c>cert.pem</c> and <c>key.pem</c>.</summary>
    public static void WriteCertificate(string directory)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=skiff test registry", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(
            DateTimeOffset.UnixEpoch.AddYears(50),
            DateTimeOffset.UnixEpoch.AddYears(130)
        );
        File.WriteAllText(Path.Combine(directory, "cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(directory, "key.pem"), key.ExportPkcs8PrivateKeyPem());
    }
}
