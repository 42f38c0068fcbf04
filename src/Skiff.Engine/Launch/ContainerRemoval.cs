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
        if (engine.Reconciler.Check(record) is { } seen && !force)
        {
            RefuseRunning(record, seen);
        }
        using FileLock? mark = Mark(engine, record);
        if (mark is null)
        {
            return;
        }
        ContainerCleanup cleanup = new(engine);
        ContainerState? state = End(engine, record, force, cleanup);
        // Under the lock: a start that waits for it finds the directory gone, or came first and is seen in the state.
        using FileLock? gate = state is null ? null : engine.Containers.Lock(record.Id);
        if (gate is null || !engine.Containers.Exists(record.Id))
        {
            return; // its monitor, or another command, was quicker
        }
        cleanup.KillAll(
            record,
            state! with
            {
                Process = engine.Reconciler.Liveness.IsAlive(state.Process) ? state.Process : ProcessIdentity.None,
            }
        );
        cleanup.GiveBack(record, state);
        if (volumes)
        {
            RemoveAnonymousVolumes(engine, record);
        }
        Destroy(engine, record);
    }

    private static void RefuseRunning(ContainerRecord record, ContainerState state)
    {
        if (state.IsUp || state.Status == ContainerStatus.Restarting)
        {
            throw new SkiffException(
                $"cannot remove the container {record.Name}: it is {ContainerState.Word(state.Status)}; stop it first (skiff stop {record.Name}), or use --force"
            );
        }
    }

    /// <summary>The mark of who removes the container; of several the others wait and find that nothing is left to do (null).</summary>
    private static FileLock? Mark(SkiffEngine engine, ContainerRecord record)
    {
        try
        {
            FileLock mark = FileLock.Acquire(engine.Paths.RemovalMark(record.Id));
            if (Files.IsLinked(mark.Fd))
            {
                return mark;
            }
            mark.Dispose();
            return null;
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    /// <summary>Kills it and waits until its monitor, or the command in whose foreground it runs, has written its end down: whoever removes the directory must be the only one who writes there.</summary>
    /// <returns>What it was before; null when it is gone.</returns>
    private static ContainerState? End(SkiffEngine engine, ContainerRecord record, bool force, ContainerCleanup cleanup)
    {
        ContainerState state;
        using (FileLock? gate = engine.Containers.Lock(record.Id))
        {
            if (gate is null || engine.Reconciler.CheckHeld(record) is not { } found)
            {
                return null;
            }
            state = found;
            if (!force)
            {
                RefuseRunning(record, state);
            }
            if (state is { IsUp: false, Status: not (ContainerStatus.Restarting or ContainerStatus.Removing) })
            {
                engine.Containers.SaveState(record.Id, state with { Status = ContainerStatus.Removing });
                return state;
            }
            engine.Containers.SaveState(record.Id, state with { StoppedByUser = true, Status = ContainerStatus.Removing });
        }
        using Pidfd? monitor = engine.Reconciler.Liveness.IsAlive(state.Monitor) ? Pidfd.TryOpen(state.Monitor.Pid) : null;
        // One that sleeps comes to life while the container is killed.
        _ = monitor?.Signal(state.Status == ContainerStatus.Restarting ? Signals.SIGTERM : Signals.SIGUSR1);
        if (state.IsUp)
        {
            engine.Events.Container(record, "kill", ("signal", "9"));
        }
        cleanup.KillAll(record, engine.Reconciler.Liveness.IsAlive(state.Process) ? state : state with { Process = ProcessIdentity.None });
        _ = monitor?.WaitReadable(10_000);
        for (int waited = 0; record.Foreground && waited < 10_000 && Session.IsHeld(engine.Paths, record.Id); waited += 5)
        {
            Thread.Sleep(5);
        }
        return state;
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
