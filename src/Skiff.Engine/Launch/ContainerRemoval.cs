using Skiff.Engine.Containers;
using Skiff.Engine.Volumes;
using Skiff.Linux;

namespace Skiff.Engine.Launch;

/// <summary>Removes a container with all that belongs to it.</summary>
public static class ContainerRemoval
{
    /// <summary>Removes it; a running one only with <paramref name="force"/>, which kills it.</summary>
    public static void Remove(SkiffEngine engine, ContainerRecord record, bool force, bool volumes)
    {
        ContainerState? state = engine.Reconciler.Check(record);
        if (state is null)
        {
            return;
        }
        if (state.IsUp && !force)
        {
            throw new SkiffException($"the container {record.Name} is running: stop it first, or use --force");
        }
        ContainerCleanup cleanup = new(engine);
        if (state.IsUp || state.Status == ContainerStatus.Restarting)
        {
            End(engine, record, state, cleanup);
            if (!Files.Exists(engine.Paths.Record(record.Id)))
            {
                return; // its monitor was quicker: --rm
            }
        }
        cleanup.GiveBack(record, state);
        if (volumes)
        {
            RemoveAnonymousVolumes(engine, record);
        }
        Destroy(engine, record);
    }

    /// <summary>Kills it and waits until its monitor has given everything back: whoever removes the directory must be the only one who writes there.</summary>
    private static void End(SkiffEngine engine, ContainerRecord record, ContainerState state, ContainerCleanup cleanup)
    {
        using (FileLock? gate = engine.Containers.Lock(record.Id))
        {
            if (gate is null)
            {
                return;
            }
            engine.Containers.SaveState(record.Id, state with { StoppedByUser = true, Status = ContainerStatus.Removing });
        }
        using Pidfd? monitor = engine.Reconciler.Liveness.IsAlive(state.Monitor) ? Pidfd.TryOpen(state.Monitor.Pid) : null;
        if (state.Status == ContainerStatus.Restarting)
        {
            _ = monitor?.Signal(Signals.SIGTERM);
        }
        if (state.IsUp)
        {
            engine.Events.Container(record, "kill", ("signal", "9"));
        }
        cleanup.KillAll(record, state);
        _ = monitor?.WaitReadable(10_000);
    }

    /// <summary>Removes a container that has ended and has given everything back: the end of <c>run --rm</c>.</summary>
    public static void RemoveEnded(SkiffEngine engine, ContainerRecord record)
    {
        RemoveAnonymousVolumes(engine, record);
        Destroy(engine, record);
    }

    private static void Destroy(SkiffEngine engine, ContainerRecord record)
    {
        engine.Containers.Remove(record);
        engine.Events.Container(record, "destroy");
    }

    /// <summary>Removes the volumes that were made for this container alone; one that another container has taken over (--volumes-from) stays.</summary>
    internal static void RemoveAnonymousVolumes(SkiffEngine engine, ContainerRecord record)
    {
        if (record.AnonymousVolumes.Count == 0)
        {
            return;
        }
        VolumeUsers others = VolumeUsers.Read(engine.Containers, except: record.Id);
        foreach (string name in record.AnonymousVolumes)
        {
            if (others.Of(name).Count == 0)
            {
                _ = engine.Volumes.Remove(name, static () => null);
            }
        }
    }
}
