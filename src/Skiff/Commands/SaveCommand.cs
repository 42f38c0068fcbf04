using Skiff.CommandLine;
using Skiff.Images.Archives;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary><c>skiff save</c>.</summary>
internal static class SaveCommand
{
    public static Command Define() =>
        new()
        {
            Name = "save",
            Summary = "Save images to a tar archive",
            Usage = "[OPTIONS] IMAGE [IMAGE...]",
            Description = "The archive can be loaded by docker, podman and skopeo; layers keep their digests.",
            Flags =
            [
                Flag.Text("format", "Kind of archive") with
                {
                    Default = "docker-archive",
                    Choices = ["docker-archive", "oci-archive"],
                },
                Flag.Text("output", "Write to this file instead of standard output", 'o', "file") with
                {
                    Completes = Completion.File,
                },
            ],
            MinArguments = 1,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        string format = invocation.Value("format") ?? "docker-archive";
        if (format is not ("docker-archive" or "oci-archive"))
        {
            throw invocation.Usage($"invalid value \"{format}\" for flag --format: docker-archive or oci-archive expected");
        }
        ImageStore store = EngineAccess.Images(invocation.Globals);
        bool oci = format == "oci-archive";
        using Interruption interruption = new();
        ArchiveOutput.Write(
            invocation.Value("output"),
            target => ImageSaver.Save(store, invocation.Arguments, target, oci, interruption.Token)
        );
        Saved(store, invocation.Arguments);
        return 0;
    }

    private static void Saved(ImageStore store, IReadOnlyList<string> images)
    {
        foreach (string name in images)
        {
            ImageEvents.Of(store).Image(store.Get(name).Id.ToString(), "save", name);
        }
    }
}
