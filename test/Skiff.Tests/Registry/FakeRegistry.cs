using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Skiff.Images;

namespace Skiff.Tests.Registry;

/// <summary>A request as it came.</summary>
internal sealed record Seen(string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body)
{
    internal string? this[string header] => Headers.GetValueOrDefault(header.ToLowerInvariant());
}

/// <summary>An answer, with the ways in which it may go wrong.</summary>
internal sealed record Answer(int Status, byte[] Body, params (string Name, string Value)[] Headers)
{
    /// <summary>Close the connection after so many bytes of the body; below zero: at once, without an answer.</summary>
    internal int? CutAfter { get; init; }

    /// <summary>Say nothing more after so many bytes of the body.</summary>
    internal int? StallAfter { get; init; }

    /// <summary>Send the body in chunks, without Content-Length.</summary>
    internal bool Chunked { get; init; }

    internal static Answer Text(int status, string body, params (string, string)[] headers) =>
        new(status, Encoding.UTF8.GetBytes(body), headers);
}

/// <summary>A registry in this process that does what a test says, and otherwise what a registry does.</summary>
internal sealed class FakeRegistry : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly ManualResetEventSlim _closing = new();

    internal FakeRegistry()
    {
        _listener.Start(64);
        Authority = "127.0.0.1:" + ((IPEndPoint)_listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        Start(Accept);
    }

    internal string Authority { get; }

    internal ConcurrentQueue<Seen> Log { get; } = new();

    internal ConcurrentDictionary<string, byte[]> Blobs { get; } = new();

    internal ConcurrentDictionary<string, (string Type, byte[] Bytes)> Manifests { get; } = new();

    /// <summary>The test's own answer to a request, which is the n-th (from 1) of its method and path; null for the usual one.</summary>
    internal Func<Seen, int, Answer?> Script { get; set; } = (_, _) => null;

    internal IEnumerable<Seen> Requests(string part) => Log.Where(r => r.Path.Contains(part, StringComparison.Ordinal));

    internal Reference Reference(string tag = "t") => Images.Reference.Parse($"{Authority}/img:{tag}");

    /// <summary>Adds content, and returns its descriptor.</summary>
    internal Descriptor Blob(string mediaType, byte[] bytes)
    {
        Digest digest = Digest.Of(bytes);
        Blobs[digest.ToString()] = bytes;
        return new Descriptor(mediaType, digest, bytes.Length);
    }

    /// <summary>Adds a manifest under its digest and, where given, a tag.</summary>
    internal Descriptor Manifest(string mediaType, string json, string? tag = null)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        Digest digest = Digest.Of(bytes);
        Manifests[digest.ToString()] = (mediaType, bytes);
        if (tag is not null)
        {
            Manifests[tag] = (mediaType, bytes);
        }
        return new Descriptor(mediaType, digest, bytes.Length);
    }

    /// <summary>Adds an image whose layers are these bytes, stored as they are.</summary>
    internal Descriptor Image(string? tag, string architecture = "amd64", params byte[][] layers)
    {
        List<Descriptor> descriptors = [.. layers.Select(l => Blob(MediaTypes.OciLayer, l))];
        string diffIds = string.Join(',', descriptors.Select(d => $"\"{d.Digest}\""));
        Descriptor config = Blob(
            MediaTypes.OciConfig,
            Encoding.UTF8.GetBytes(
                $$"""{"os":"linux","architecture":"{{architecture}}","config":null,"rootfs":{"type":"layers","diff_ids":[{{diffIds}}] } }"""
            )
        );
        return Manifest(
            MediaTypes.OciManifest,
            $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Json(config)}},"layers":[{{string.Join(',', descriptors.Select(Json))}}]}""",
            tag
        );
    }

    internal static string Json(Descriptor d) => $$"""{"mediaType":"{{d.MediaType}}","digest":"{{d.Digest}}","size":{{d.Size}}}""";

    internal static byte[] Random(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public void Dispose()
    {
        _closing.Set();
        _listener.Dispose();
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }
        _closing.Dispose();
    }

    private static void Start(Action action) =>
        new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e) when (e is IOException or SocketException or InvalidOperationException)
            {
                // The client or the test is gone.
            }
        })
        {
            IsBackground = true,
        }.Start();

    private void Accept()
    {
        while (true)
        {
            Socket socket = _listener.AcceptSocket();
            socket.NoDelay = true;
            _sockets.Add(socket);
            Start(() => Serve(socket));
        }
    }

    private void Serve(Socket socket)
    {
        using NetworkStream stream = new(socket, ownsSocket: true);
        while (Receive(stream) is Seen seen)
        {
            Log.Enqueue(seen);
            int n = _counts.AddOrUpdate(seen.Method + seen.Path, 1, (_, old) => old + 1);
            if (!Respond(stream, seen, Script(seen, n) ?? Usual(seen)))
            {
                return;
            }
        }
    }

    private static Seen? Receive(NetworkStream stream)
    {
        List<string> lines = [];
        StringBuilder line = new();
        for (int b; (b = stream.ReadByte()) != -1; )
        {
            if (b == '\r')
            {
                continue;
            }
            if (b != '\n')
            {
                line.Append((char)b);
                continue;
            }
            if (line.Length == 0)
            {
                Dictionary<string, string> headers = [];
                foreach (string header in lines.Skip(1))
                {
                    int colon = header.IndexOf(':', StringComparison.Ordinal);
                    headers[header[..colon].ToLowerInvariant()] = header[(colon + 1)..].Trim();
                }
                byte[] body = new byte[int.Parse(headers.GetValueOrDefault("content-length", "0"), CultureInfo.InvariantCulture)];
                stream.ReadExactly(body);
                string[] first = lines[0].Split(' ');
                return new Seen(first[0], first[1], headers, Encoding.UTF8.GetString(body));
            }
            lines.Add(line.ToString());
            line.Clear();
        }
        return null;
    }

    private bool Respond(NetworkStream stream, Seen seen, Answer answer)
    {
        if (answer.CutAfter < 0)
        {
            return false;
        }
        StringBuilder head = new($"HTTP/1.1 {answer.Status} X\r\n");
        foreach ((string name, string value) in answer.Headers)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }
        head.Append(answer.Chunked ? "Transfer-Encoding: chunked\r\n\r\n" : $"Content-Length: {answer.Body.Length}\r\n\r\n");
        stream.Write(Encoding.UTF8.GetBytes(head.ToString()));
        if (seen.Method == "HEAD")
        {
            return true;
        }
        int length = Math.Min(answer.Body.Length, Math.Min(answer.CutAfter ?? int.MaxValue, answer.StallAfter ?? int.MaxValue));
        for (int at = 0; at < length; )
        {
            int n = Math.Min(16_384, length - at);
            stream.Write(
                answer.Chunked
                    ? [.. Encoding.ASCII.GetBytes($"{n:x}\r\n"), .. answer.Body.AsSpan(at, n), 13, 10]
                    : answer.Body.AsSpan(at, n)
            );
            at += n;
        }
        if (answer.StallAfter is not null)
        {
            _closing.Wait();
        }
        if (answer.CutAfter is not null || answer.StallAfter is not null)
        {
            return false;
        }
        if (answer.Chunked)
        {
            stream.Write("0\r\n\r\n"u8);
        }
        return true;
    }

    /// <summary>What a registry answers.</summary>
    internal Answer Usual(Seen seen)
    {
        string last = seen.Path[(seen.Path.LastIndexOf('/') + 1)..];
        if (
            seen.Path.Contains("/manifests/", StringComparison.Ordinal)
            && Manifests.TryGetValue(last, out (string Type, byte[] Bytes) manifest)
        )
        {
            return new Answer(
                200,
                manifest.Bytes,
                ("Content-Type", manifest.Type),
                ("Docker-Content-Digest", Digest.Of(manifest.Bytes).ToString())
            );
        }
        if (!seen.Path.Contains("/blobs/", StringComparison.Ordinal) || !Blobs.TryGetValue(last, out byte[]? blob))
        {
            return Answer.Text(404, """{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}""");
        }
        if (seen["range"] is not string range)
        {
            return new Answer(200, blob, ("Content-Type", "application/octet-stream"));
        }
        int from = int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture);
        return from >= blob.Length
            ? new Answer(416, [])
            : new Answer(206, blob[from..], ("Content-Range", $"bytes {from}-{blob.Length - 1}/{blob.Length}"));
    }
}
