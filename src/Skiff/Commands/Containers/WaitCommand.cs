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
            Usage = "CONTAINER [CONTAINER...]",
            MinArguments = 1,
            Completes = [Completion.RunningContainer],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        return Each.Argument(invocation, name => invocation.Output.Line(Wait(engine, name).ToString()));
    }

    internal static int Wait(SkiffEngine engine, string name)
    {
        (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, name);
        string note = ExitNotes.Begin(engine.Paths, record.Id);
        try
        {
            while (state.IsUp || state.Status == ContainerStatus.Restarting)
            {
                // A monitor that was killed is waited for no more: the container may live on without it.
                bool monitored = engine.Reconciler.Liveness.IsAlive(state.Monitor);
                using Pidfd? watched = Pidfd.TryOpen(monitored ? state.Monitor.Pid : state.Process.Pid);
                _ = watched?.WaitReadable(state.Status == ContainerStatus.Restarting || !monitored ? 100 : 1000);
                if (engine.Containers.TryLoad(record.Id) is null)
                {
                    return ExitNotes.Read(note) ?? 0;
                }
                state = engine.Reconciler.Check(record) ?? new ContainerState { Status = ContainerStatus.Exited };
            }
            return state.ExitCode;
        }
        finally
        {
            _ = Files.TryRemove(note);
        }
    }
}
