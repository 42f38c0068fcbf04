using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Volumes;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Volumes;

/// <summary><c>skiff volume import</c>.</summary>
internal static class VolumeImportCommand
{
    public static Command Define() =>
        new()
        {
            Name = "import",
            Summary = "Add the files of a tar archive to a volume",
            Usage = "VOLUME [FILE|-]",
            Description =
                "The archive may be compressed with gzip or zstd. Of two files of one name the archive's wins. An archive that is cut or damaged changes nothing.",
            MinArguments = 1,
            MaxArguments = 2,
            Completes = [Completion.Volume, Completion.File],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = VolumeAccess.Open(invocation);
        Volume volume = engine.Volumes.Find(invocation.Arguments[0]);
        string file = invocation.Arguments.Count > 1 ? invocation.Arguments[1] : "-";
        if (file == "-" && Tty.IsTerminal(0))
        {
            throw new SkiffException("no archive: standard input is a terminal, redirect it or name a file");
        }
        using Interruption interruption = new();
        using Stream source = Archive.Open(file);
        foreach (string note in VolumeArchive.Import(engine.Volumes, volume, source, interruption.Token))
        {
            invocation.Output.ErrorLine($"skiff: {note}");
        }
        return 0;
    }
}
