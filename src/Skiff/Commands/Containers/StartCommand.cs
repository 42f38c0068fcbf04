using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
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
                Flag.Bool("attach", "Stay attached: output here, signals passed on, its exit code ours", 'a'),
                Flag.Text("detach-keys", "Key sequence that detaches the terminal") with
                {
                    Default = DetachKeys.Default,
                },
                Flag.Bool("interactive", "Stay attached, with standard input", 'i'),
            ],
            MinArguments = 1,
            Completes = [Completion.StoppedContainer],
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
                if (state.Status == ContainerStatus.Paused)
                {
                    throw new SkiffException(
                        $"cannot start the container {record.Name}: it is paused: unpause it (skiff unpause {record.Name})"
                    );
                }
                if (!state.IsUp)
                {
                    Detached(engine, record, invocation.Output);
                }
                invocation.Output.Line(name);
            }
        );
    }

    private static int Attached(SkiffEngine engine, Invocation invocation)
    {
        (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, invocation.Arguments[0]);
        bool input = invocation.Is("interactive");
        if (state.IsUp)
        {
            return AttachCommand.Running(engine, record, state, invocation, input, detached: 0);
        }
        if (state.Status == ContainerStatus.Restarting)
        {
            throw new SkiffException($"the container {record.Name} is restarting: wait until it is running, then use attach");
        }
        Attachment.RequireTerminal(record.Tty, input);
        bool keys = record.Tty && input && record.OpenStdin;
        AttachWishes wishes = new(
            input && record.OpenStdin,
            Output: true,
            Error: true,
            record.Tty,
            Proxy: !record.Tty,
            keys ? DetachKeys.Choose(invocation.Value("detach-keys")) : null
        );
        return Attachment.Start(engine, record, wishes, invocation);
    }

    /// <summary>Starts it with a monitor; its record says so from now on.</summary>
    internal static void Detached(
        SkiffEngine engine,
        ContainerRecord record,
        Output output,
        WaitingMonitor? monitor = null,
        PreparedContainer? made = null
    )
    {
        List<string> warnings = [];
        _ = MonitorStart.Start(engine, record, null, monitor, made, warnings);
        foreach (string warning in warnings)
        {
            output.Warn(warning);
        }
    }
}
