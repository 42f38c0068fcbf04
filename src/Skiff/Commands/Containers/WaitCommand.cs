using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff wait</c>.</summary>
internal static class WaitCommand
{
    public static Command Define() =>
        new()
        {
            Name = "wait",
            Summary = "Wait until containers have ended and print their exit codes",
            Usage = "[OPTIONS] CONTAINER [CONTAINER...]",
            Description =
                "not-running is true at once for a container that does not run; next-exit waits for an end that is still to come; removed waits until the container is gone.",
            Flags =
            [
                Flag.Text("condition", "What to wait for") with
                {
                    Default = "not-running",
                    Choices = ["not-running", "next-exit", "removed"],
                },
            ],
            MinArguments = 1,
            Completes = [Completion.RunningContainer],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        string condition = invocation.Value("condition") ?? "not-running";
        if (condition is not ("not-running" or "next-exit" or "removed"))
        {
            throw invocation.Usage($"--condition {condition}: expected not-running, next-exit or removed");
        }
        SkiffEngine engine = ContainerAccess.Open(invocation);
        return Each.Argument(invocation, name => invocation.Output.Line(Wait(engine, name, condition).ToString()));
    }

    /// <summary>Waits; the exit code of the container's last or next end.</summary>
    internal static int Wait(SkiffEngine engine, string name, string condition = "not-running")
    {
        (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, name);
        string note = ExitNotes.Begin(engine.Paths, record.Id);
        DateTimeOffset? lastEnd = state.FinishedAt;
        try
        {
            while (true)
            {
                bool lives = state.IsUp || state.Status is ContainerStatus.Restarting or ContainerStatus.Removing;
                if (!lives && (condition == "not-running" || (condition == "next-exit" && state.FinishedAt != lastEnd)))
                {
                    return state.ExitCode;
                }
                if (condition == "next-exit" && state.Status == ContainerStatus.Restarting && state.FinishedAt != lastEnd)
                {
                    return state.ExitCode;
                }
                Pause(engine, state, lives);
                if (engine.Containers.TryLoad(record.Id) is null || engine.Reconciler.Check(record) is not { } now)
                {
                    return ExitNotes.Read(note) ?? state.ExitCode;
                }
                state = now;
            }
        }
        finally
        {
            _ = Files.TryRemove(note);
        }
    }

    /// <summary>Until its watcher ends, or a moment where there is nobody whose end could be waited for. A monitor that was killed is waited for no more: the container may live on without it.</summary>
    private static void Pause(SkiffEngine engine, ContainerState state, bool lives)
    {
        bool monitored = engine.Reconciler.Liveness.IsAlive(state.Monitor);
        using Pidfd? watched = lives ? Pidfd.TryOpen(monitored ? state.Monitor.Pid : state.Process.Pid) : null;
        if (watched is null)
        {
            Thread.Sleep(50);
            return;
        }
        _ = watched.WaitReadable(state.Status == ContainerStatus.Restarting || !monitored ? 100 : 1000);
    }
}
