using Skiff.CommandLine;
using Skiff.Engine;

namespace Skiff.Commands.Volumes;

/// <summary><c>skiff volume inspect</c>.</summary>
internal static class VolumeInspectCommand
{
    public static Command Define() =>
        new()
        {
            Name = "inspect",
            Summary = "Show all that is known of volumes, as JSON",
            Usage = "[OPTIONS] VOLUME [VOLUME...]",
            Flags = [InspectPrinter.FormatFlag()],
            MinArguments = 1,
            Completes = [Completion.Volume],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = VolumeAccess.Open(invocation);
        return InspectPrinter.Print(
            invocation.Output,
            invocation.Value("format"),
            invocation.Arguments,
            name => VolumeAccess.Describe(engine.Volumes, engine.Volumes.Find(name))
        );
    }
}
