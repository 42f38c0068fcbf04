using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Network;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary>What every verb for containers begins with.</summary>
internal static class ContainerAccess
{
    /// <summary>Opens the engine and cleans up after commands that died, and network cleaners.</summary>
    public static SkiffEngine Open(Invocation invocation)
    {
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        engine.Reconciler.Sessions();
        BridgeNetwork.Repair(engine.Paths.Runroot, engine.Bridge, engine.Networks);
        return engine;
    }

    /// <summary>The container with its true state.</summary>
    public static (ContainerRecord Record, ContainerState State) Find(SkiffEngine engine, string nameOrId)
    {
        ContainerRecord record = engine.Containers.Find(nameOrId);
        ContainerState state = engine.Reconciler.Check(record) ?? throw engine.Containers.Missing(nameOrId);
        return (record, MonitorAdoption.Ensure(engine, record, state));
    }

    /// <summary>A container whose first process lives.</summary>
    public static (ContainerRecord Record, ContainerState State) FindRunning(SkiffEngine engine, string nameOrId)
    {
        (ContainerRecord record, ContainerState state) = Find(engine, nameOrId);
        state = AwaitStart(engine, record, state);
        if (state.Status == ContainerStatus.Restarting)
        {
            throw new SkiffException(
                $"the container {record.Name} is between two lives, {StatusText.Of(state, TimeProvider.System.GetUtcNow())}: wait until it runs again, or see why it ends with skiff logs {record.Name}"
            );
        }
        return state.IsUp
            ? (record, state)
            : throw new SkiffException(
                $"the container {record.Name} is not running ({StatusText.Of(state, TimeProvider.System.GetUtcNow())}): start it with skiff start {record.Name}"
            );
    }

    /// <summary>A container in the foreground may have said something, by which others know that it runs, before the command that starts it has written that down.</summary>
    private static ContainerState AwaitStart(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        long until = Environment.TickCount64 + 2000;
        while (
            state.Status == ContainerStatus.Created
            && record.Foreground
            && Environment.TickCount64 < until
            && Session.IsHeld(engine.Paths, record.Id)
        )
        {
            Thread.Sleep(1);
            state = engine.Reconciler.Check(record) ?? state;
        }
        return state;
    }

    /// <summary>Changes the recorded state under the container's lock, so that no change of its monitor is lost; returns it, or null when the container is gone.</summary>
    public static ContainerState? Change(SkiffEngine engine, string id, Func<ContainerState, ContainerState> change)
    {
        using FileLock? gate = engine.Containers.Lock(id);
        if (gate is null)
        {
            return null;
        }
        ContainerState state = change(engine.Containers.LoadState(id));
        engine.Containers.SaveState(id, state);
        return state;
    }
}
