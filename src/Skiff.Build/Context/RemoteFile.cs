using System.Net.Http.Headers;
using System.Security.Cryptography;
using Skiff.Images;
using Skiff.Images.Registry;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Context;

/// <summary>A file that ADD fetches by its address.</summary>
internal static class RemoteFile
{
    private const long MaxBytes = 64L << 30;

    /// <summary>True for an address; git repositories included.</summary>
    internal static bool IsAddress(string source) =>
        source.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
        || source.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        || source.StartsWith("git@", StringComparison.Ordinal)
        || source.StartsWith("git://", StringComparison.Ordinal)
        || source.StartsWith("ssh://", StringComparison.Ordinal);

    /// <summary>Fetches a file into a directory.</summary>
    /// <returns>Its name.</returns>
    internal static string Fetch(
        string address,
        string directory,
        string checksum,
        bool needsName,
        Action<string> note,
        CancellationToken cancel
    )
    {
        if (
            !Uri.TryCreate(address, UriKind.Absolute, out Uri? uri)
            || uri.Scheme is not ("http" or "https")
            || uri.AbsolutePath.EndsWith(".git", StringComparison.Ordinal)
        )
        {
            throw new SkiffException($"ADD {address}: git repositories are not fetched: clone it beside the Dockerfile and use COPY");
        }
        string name = Uri.UnescapeDataString(uri.AbsolutePath[(uri.AbsolutePath.LastIndexOf('/') + 1)..]);
        if (name.Length == 0 || name is "." or ".." || name.Contains('/') || name.Contains('\0'))
        {
            name = needsName
                ? throw new SkiffException($"cannot determine a file name from {address}: give the destination a name of its own")
                : "file";
        }
        byte[]? expected = checksum.Length == 0 ? null : Expected(checksum);
        try
        {
            Download(uri, $"{directory}/{name}", expected, note, cancel);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new SkiffException($"ADD {address}: {ConnectionFailure.Of(e, uri)}", 1, e);
        }
        return name;
    }

    private static byte[] Expected(string checksum) =>
        checksum.Length == 71 && checksum.StartsWith("sha256:", StringComparison.Ordinal) && Images.Ascii.IsLowerHex(checksum.AsSpan(7))
            ? Convert.FromHexString(checksum.AsSpan(7))
            : throw new SkiffException($"--checksum={checksum}: sha256: and 64 lower-case hexadecimal digits are due");

    private static void Download(Uri uri, string path, byte[]? expected, Action<string> note, CancellationToken cancel)
    {
        Hashing.RequireOpenSsl();
#pragma warning disable RS0030 // OpenSSL was looked for
        using SocketsHttpHandler handler = new()
#pragma warning restore RS0030
        {
            AutomaticDecompression = System.Net.DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(30),
        };
        using HttpClient client = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
        using HttpRequestMessage request = new(HttpMethod.Get, uri);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("skiff", null));
        using HttpResponseMessage response = client.Send(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!response.IsSuccessStatusCode)
        {
            throw new SkiffException($"ADD {uri}: the server answers {(int)response.StatusCode} {response.ReasonPhrase}");
        }
        using Stream body = response.Content.ReadAsStream(cancel);
        using IncrementalHash hash = Hashing.BeginSha256();
        using SafeFd file = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, 0x180);
        byte[] buffer = new byte[128 << 10];
        long total = 0;
        int count;
        while ((count = body.Read(buffer)) > 0)
        {
            cancel.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, count);
            Files.WriteAll(file, buffer.AsSpan(0, count), path);
            total += count;
            if (total > MaxBytes)
            {
                throw new SkiffException($"ADD {uri}: more than {MaxBytes} bytes");
            }
        }
        byte[] actual = hash.GetHashAndReset();
        if (expected is not null && !actual.AsSpan().SequenceEqual(expected))
        {
            throw new SkiffException(
                $"ADD {uri}: digest mismatch: it is sha256:{Convert.ToHexStringLower(actual)}, --checksum says sha256:{Convert.ToHexStringLower(expected)}"
            );
        }
        if (response.Content.Headers.LastModified is { } modified)
        {
            TimeSpec time = new() { Seconds = modified.ToUnixTimeSeconds() };
            _ = At.SetTimes(file.Value, time, time);
        }
        note($"fetched {total} bytes");
    }
}
