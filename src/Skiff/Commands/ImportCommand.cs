using System.Net.Http;
using System.Net.Sockets;
using Skiff.CommandLine;
using Skiff.Images;
using Skiff.Images.Archives;
using Skiff.Images.Registry;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands;

/// <summary><c>skiff import</c>.</summary>
internal static class ImportCommand
{
    public static Command Define() =>
        new()
        {
            Name = "import",
            Summary = "Make an image from a tar archive of a root file system",
            Usage = "[OPTIONS] FILE|URL|- [REPOSITORY[:TAG]]",
            Flags =
            [
                Flag.List("change", "Apply a Dockerfile instruction to the image", 'c'),
                Flag.Text("message", "Set the remark of the history", 'm'),
                Flag.Text("platform", "Platform of the image: os/architecture[/variant]"),
            ],
            MinArguments = 1,
            MaxArguments = 2,
            Completes = [Completion.File, Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        string from = invocation.Arguments[0];
        if (from == "-" && Tty.IsTerminal(0))
        {
            throw new SkiffException("no archive: standard input is a terminal, redirect it or name a file");
        }
        var options = new ImportOptions
        {
            Name = invocation.Arguments.Count > 1 ? Reference.Parse(invocation.Arguments[1]) : null,
            Changes = invocation.Values("change"),
            Message = invocation.Value("message") ?? "",
            Platform = invocation.Value("platform") is { } platform ? Platform.Parse(platform) : null,
            Created = TimeProvider.System.GetUtcNow(),
            Noted = invocation.Output.Warn,
        };
        using Interruption interruption = new();
        bool remote = from.StartsWith("http://", StringComparison.Ordinal) || from.StartsWith("https://", StringComparison.Ordinal);
        using Stream source = remote ? Download(from, interruption.Token) : Archive.Open(from);
        ImageStore store = EngineAccess.Images(invocation.Globals);
        Image image;
        try
        {
            image = ImageImporter.Import(store, source, options, interruption.Token);
        }
        catch (IOException e) when (remote && (e is HttpIOException || e.InnerException is SocketException))
        {
            throw new SkiffException($"cannot fetch {from}: {ConnectionFailure.Of(e, new Uri(from))}", 1, e);
        }
        ImageEvents.Of(store).Image(image.Id.ToString(), "import", options.Name?.Familiar ?? "");
        invocation.Output.Line(image.Id.ToString());
        return 0;
    }

    private static Stream Download(string url, CancellationToken cancellation)
    {
        Hashing.RequireOpenSsl();
        try
        {
            var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            HttpResponseMessage response = client.Send(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            return response.IsSuccessStatusCode
                ? response.Content.ReadAsStream(cancellation)
                : throw new SkiffException($"cannot fetch {url}: the server answers {(int)response.StatusCode}");
        }
        catch (UriFormatException e)
        {
            throw new SkiffException($"cannot fetch {url}: it is no address", 1, e);
        }
        catch (HttpRequestException e)
        {
            throw new SkiffException($"cannot fetch {url}: {ConnectionFailure.Of(e, new Uri(url))}", 1, e);
        }
    }
}
