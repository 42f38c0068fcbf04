using Skiff.CommandLine;
using Skiff.Commands.Run;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff start</c>.</summary>
internal static class StartCommand
{
    public static Command Define() =>
        new()
        {
            Name = "start",
            Summary = "Start containers that were created or have ended",
            Usage = "[OPTIONS] CONTAINER [CONTAINER...]",
            Flags =
            [
                Flag.Bool("attach", "Run it in the foreground: output here, signals passed on", 'a'),
                Flag.Bool("interactive", "With --attach: the container's input is ours", 'i'),
            ],
            MinArguments = 1,
            Completes = [Completion.Container],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        if (invocation.Is("attach") || invocation.Is("interactive"))
        {
            return invocation.Arguments.Count == 1
                ? Attached(engine, invocation)
                : throw invocation.Usage("only one container can be started in the foreground");
        }
        return Each.Argument(
            invocation,
            name =>
            {
                (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, name);
                if (!state.IsUp)
                {
                    Detached(engine, record);
                }
                invocation.Output.Line(name);
            }
        );
    }

    private static int Attached(SkiffEngine engine, Invocation invocation)
    {
        (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, invocation.Arguments[0]);
        return state.IsUp || state.Status == ContainerStatus.Restarting
            ? throw new SkiffException($"the container {record.Name} is running already: its output is shown by logs -f")
            : ForegroundRun.Again(engine, record, invocation);
    }

    /// <summary>Starts it with a monitor; its record says so from now on.</summary>
    internal static void Detached(SkiffEngine engine, ContainerRecord record) => MonitorStart.Start(engine, record);
}
