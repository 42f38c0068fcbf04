using Skiff.Engine.Containers;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>Gives a running container whose monitor was killed a new one. Any command that sees such a container does it, so that its log, health checks and restart policy go on.</summary>
public static class MonitorAdoption
{
    /// <summary>The state with a monitor that lives, where one was missing and could be started; otherwise as it was.</summary>
    /// <remarks>The container's lock is not waited for: who holds it is about to end the container, or adopts it.</remarks>
    public static ContainerState Ensure(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        if (!IsAlone(engine, record, state))
        {
            return state;
        }
        using FileLock? gate = engine.Containers.TryLock(record.Id, TimeSpan.Zero);
        if (
            gate is null
            || engine.Containers.TryLoad(record.Id) is not { } now
            || !IsAlone(engine, now, engine.Containers.LoadState(record.Id))
            || !engine.Reconciler.Liveness.IsAlive(state.Process)
        )
        {
            return state;
        }
        try
        {
            using WaitingMonitor monitor = WaitingMonitor.Start(engine, record.Id);
            _ = monitor.Order(gate, client: null, lease: null, MonitorTask.Adopt);
        }
        catch (Exception e) when (e is SkiffException or LinuxException)
        {
            return state; // memory or processes are short: it runs on as it did, and the next command tries again
        }
        return engine.Containers.LoadState(record.Id);
    }

    /// <summary>A start that was cut off has a session, and is undone instead.</summary>
    private static bool IsAlone(SkiffEngine engine, ContainerRecord record, ContainerState state) =>
        state.IsUp
        && !record.Foreground
        && state.Monitor.Exists
        && !engine.Reconciler.Liveness.IsAlive(state.Monitor)
        && Session.IsFree(engine.Paths, record.Id);
}
