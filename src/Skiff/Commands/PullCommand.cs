using Skiff.CommandLine;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary><c>skiff pull</c>.</summary>
internal static class PullCommand
{
    public static Command Define() =>
        new()
        {
            Name = "pull",
            Summary = "Download an image from a registry",
            Usage = "[OPTIONS] NAME[:TAG|@DIGEST] [NAME...]",
            Description = "An interrupted pull is continued by the next one: no byte is fetched twice.",
            Flags =
            [
                Credentials.FileFlag(),
                Flag.Bool("disable-content-trust", "Accepted for docker's sake; every digest is verified") with
                {
                    Hidden = true,
                },
                Flag.Text("platform", "Platform of the image: os/architecture[/variant]"),
                Flag.Text("progress", "How progress is shown") with
                {
                    Default = "auto",
                    Choices = ["auto", "plain", "tty", "json"],
                },
                Flag.Bool("quiet", "Print only the image's id", 'q'),
                Flag.Bool("tls-verify", "Require TLS with a valid certificate from the registry") with
                {
                    Default = "true",
                },
            ],
            MinArguments = 1,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        string progress = invocation.Value("progress") ?? "auto";
        if (progress is not ("auto" or "plain" or "tty" or "json"))
        {
            throw invocation.Usage($"invalid value \"{progress}\" for flag --progress: auto, plain, tty or json expected");
        }
        List<Reference> references = [.. invocation.Arguments.Select(Reference.Parse)];
        ImageStore store = EngineAccess.Images(invocation.Globals);
        PullRequest request = PullRequest.From(invocation);
        foreach (Reference reference in references)
        {
            if (
                references.Count == 1
                && reference.Tag == Reference.DefaultTag
                && !request.Quiet
                && progress != "json"
                && Reference.ParseName(invocation.Arguments[0]).Tag is null
            )
            {
                invocation.Output.Line("Using default tag: latest");
            }
            (Image image, PullResult result) = PullImage.Pull(store, reference, request, invocation.Output, standardError: false);
            if (request.Quiet)
            {
                invocation.Output.Line(image.Id.ToString());
            }
            else if (progress != "json")
            {
                string status = result.UpToDate ? "Image is up to date for" : "Downloaded newer image for";
                invocation.Output.Write($"Digest: {result.Top.Digest}\nStatus: {status} {reference.Familiar}\n{reference}\n");
            }
        }
        return 0;
    }
}
