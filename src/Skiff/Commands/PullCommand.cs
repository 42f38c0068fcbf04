using Skiff.CommandLine;
using Skiff.Images;
using Skiff.Images.Registry;
using Skiff.Images.Store;
using Skiff.Linux;

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
                Flag.Bool("all-tags", "Download every tag of the repository", 'a'),
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
        ImageStore store = EngineAccess.Images(invocation.Globals);
        PullRequest request = PullRequest.From(invocation);
        foreach (Reference reference in References(invocation, request))
        {
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

    /// <summary>What is to be pulled: the arguments, or every tag of them.</summary>
    private static List<Reference> References(Invocation invocation, PullRequest request)
    {
        if (!invocation.Is("all-tags"))
        {
            List<Reference> references = [.. invocation.Arguments.Select(Reference.Parse)];
            bool defaulted = references is [{ Digest: null }] && Reference.ParseName(invocation.Arguments[0]).Tag is null;
            if (defaulted && !request.Quiet && request.Progress != "json")
            {
                invocation.Output.Line("Using default tag: latest");
            }
            return references;
        }
        List<Reference> all = [];
        using Interruption interruption = new();
        foreach (Reference name in invocation.Arguments.Select(Reference.ParseName))
        {
            if (name.Tag is not null || name.Digest is not null)
            {
                throw invocation.Usage("tag can't be used with --all-tags/-a", 1);
            }
            using RegistryClient client = new(name, request.Registry);
            all.AddRange(client.ListTags(interruption.Token).Select(tag => name with { Tag = tag }));
        }
        return all.Count > 0 ? all : throw new SkiffException($"{invocation.Arguments[0]} has no tags");
    }
}
