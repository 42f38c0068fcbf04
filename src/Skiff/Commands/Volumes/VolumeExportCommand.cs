using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Volumes;

namespace Skiff.Commands.Volumes;

/// <summary><c>skiff volume export</c>.</summary>
internal static class VolumeExportCommand
{
    public static Command Define() =>
        new()
        {
            Name = "export",
            Summary = "Write a volume's content to a tar archive",
            Usage = "[OPTIONS] VOLUME",
            Description =
                "Owners, modes, times, hardlinks and extended attributes are kept. What containers write meanwhile may or may not be in it.",
            Flags =
            [
                Flag.Text("output", "Write to this file instead of standard output", 'o', "file") with
                {
                    Completes = Completion.File,
                },
            ],
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.Volume],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = VolumeAccess.Open(invocation);
        Volume volume = engine.Volumes.Find(invocation.Arguments[0]);
        using Interruption interruption = new();
        ArchiveOutput.Write(invocation.Value("output"), target => VolumeArchive.Export(engine.Volumes, volume, target, interruption.Token));
        return 0;
    }
}
