using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace Skiff.SystemTests.Fixture;

/// <summary>Pushes images to a registry by the upload calls of the OCI distribution specification: POST, PUT, PUT.</summary>
internal sealed class RegistryClient : IDisposable
{
    private readonly HttpClient _http;

    public RegistryClient(Netns net, Uri address, (string User, string Password)? account)
    {
#pragma warning disable CA5359 // the registry's certificate is the test's own
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (context, _) => ValueTask.FromResult<Stream>(net.On(() => Connect(context.DnsEndPoint))),
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        };
#pragma warning restore CA5359
        _http = new HttpClient(handler) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
        if (account is (string user, string password))
        {
            string token = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", token);
        }
    }

    /// <summary>Uploads what the repository lacks, then the manifest under a tag.</summary>
    public void Push(BuiltImage image, string repository, string tag)
    {
        foreach (Blob blob in image.Layers.Append(image.Config))
        {
            PushBlob(repository, blob);
        }
        PushManifest(repository, tag, image.Manifest);
    }

    public void PushBlob(string repository, Blob blob)
    {
        using HttpResponseMessage head = Send(
            HttpMethod.Head,
            $"v2/{repository}/blobs/{blob.Digest}",
            null,
            HttpStatusCode.OK,
            HttpStatusCode.NotFound
        );
        if (head.StatusCode == HttpStatusCode.OK)
        {
            return;
        }
        using HttpResponseMessage post = Send(HttpMethod.Post, $"v2/{repository}/blobs/uploads/", null, HttpStatusCode.Accepted);
        Uri location = post.Headers.Location!;
        string separator = location.ToString().Contains('?', StringComparison.Ordinal) ? "&" : "?";
        using HttpResponseMessage put = Send(
            HttpMethod.Put,
            $"{location}{separator}digest={blob.Digest}",
            blob with
            {
                MediaType = "application/octet-stream",
            },
            HttpStatusCode.Created
        );
    }

    public void PushManifest(string repository, string tag, Blob manifest)
    {
        using HttpResponseMessage put = Send(HttpMethod.Put, $"v2/{repository}/manifests/{tag}", manifest, HttpStatusCode.Created);
    }

    public void Dispose() => _http.Dispose();

    private static NetworkStream Connect(DnsEndPoint endPoint)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Parse(endPoint.Host), endPoint.Port);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private HttpResponseMessage Send(HttpMethod method, string path, Blob? body, params HttpStatusCode[] expected)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body.Bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(body.MediaType);
        }
        HttpResponseMessage response = _http.Send(request);
        if (!expected.Contains(response.StatusCode))
        {
            using var reader = new StreamReader(response.Content.ReadAsStream());
            throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {reader.ReadToEnd()}");
        }
        return response;
    }
}
