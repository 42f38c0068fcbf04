using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff attach</c>.</summary>
internal static class AttachCommand
{
    public static Command Define() =>
        new()
        {
            Name = "attach",
            Summary = "Attach this terminal or these streams to a running container",
            Usage = "[OPTIONS] CONTAINER",
            Description =
                "Several commands may be attached at once. The detach keys leave the container running; its end ends this command with its exit code.",
            Flags =
            [
                Flag.Text("detach-keys", "Key sequence that detaches the terminal") with
                {
                    Default = DetachKeys.Default,
                },
                Flag.Bool("no-stdin", "Do not attach standard input"),
                Flag.Bool("sig-proxy", "Pass received signals on to the process, unless it has a terminal") with
                {
                    Default = "true",
                },
            ],
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.RunningContainer],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, invocation.Arguments[0]);
        return Running(engine, record, state, invocation, !invocation.Is("no-stdin"), detached: 1);
    }

    /// <summary>Attaches to a container that runs: <c>attach</c>, and <c>start -a</c> of one that was started already. Input only if the container has one; after the detach keys the exit code is <paramref name="detached"/>.</summary>
    internal static int Running(
        SkiffEngine engine,
        ContainerRecord record,
        ContainerState state,
        Invocation invocation,
        bool input,
        int detached
    )
    {
        Require(engine, record, state);
        Attachment.RequireTerminal(record.Tty, input);
        AttachWishes wishes = new(
            Input: input && record.OpenStdin,
            Output: true,
            Error: true,
            Terminal: record.Tty,
            Proxy: invocation.Is("sig-proxy", otherwise: true) && !record.Tty,
            Keys: record.Tty && input && record.OpenStdin ? DetachKeys.Choose(invocation.Value("detach-keys")) : null
        );
        return Attachment.Join(engine, record, state, wishes, invocation, detached);
    }

    private static void Require(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        // First: whoever starts it in the foreground writes its state while its command is on its way.
        if (record.Foreground && Session.IsHeld(engine.Paths, record.Id))
        {
            throw new SkiffException(
                $"cannot attach to the container {record.Name}: it runs in the foreground of another command, which has its streams; use exec, or run it with -d or -t"
            );
        }
        string? why = state.Status switch
        {
            ContainerStatus.Running => null,
            ContainerStatus.Paused => "is paused: unpause it first",
            ContainerStatus.Restarting => "is restarting: wait until it is running",
            _ => "is not running: start it first, or use start -a",
        };
        if (why is not null)
        {
            throw new SkiffException($"cannot attach to the container {record.Name}: it {why}");
        }
    }
}
