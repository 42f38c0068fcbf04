using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Engine;

namespace Skiff.Commands.Networks;

/// <summary><c>skiff network inspect</c>.</summary>
internal static class NetworkInspectCommand
{
    public static Command Define() =>
        new()
        {
            Name = "inspect",
            Summary = "Show all that is known of networks, as JSON",
            Usage = "[OPTIONS] NETWORK [NETWORK...]",
            Flags =
            [
                InspectPrinter.FormatFlag(),
                Flag.Bool("verbose", "As without: there is nothing more to tell", 'v') with
                {
                    Hidden = true,
                },
            ],
            MinArguments = 1,
            Completes = [Completion.Network],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        return InspectPrinter.Print(
            invocation.Output,
            invocation.Value("format"),
            invocation.Arguments,
            name => NetworkAccess.Describe(engine, NetworkAccess.Find(engine, name))
        );
    }
}
