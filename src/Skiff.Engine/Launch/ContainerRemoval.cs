using Skiff.Engine.Containers;
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
            engine.Containers.SaveState(record.Id, state with { StoppedByUser = true, Status = ContainerStatus.Removing });
            cleanup.KillAll(record, state);
        }
        cleanup.GiveBack(record, state);
        if (volumes)
        {
            RemoveAnonymousVolumes(engine, record);
        }
        engine.Containers.Remove(record);
    }

    /// <summary>Removes a container that has ended and has given everything back: the end of <c>run --rm</c>.</summary>
    public static void RemoveEnded(SkiffEngine engine, ContainerRecord record)
    {
        RemoveAnonymousVolumes(engine, record);
        engine.Containers.Remove(record);
    }

    /// <summary>Removes the volumes that were made for this container alone.</summary>
    internal static void RemoveAnonymousVolumes(SkiffEngine engine, ContainerRecord record)
    {
        foreach (string name in record.AnonymousVolumes)
        {
            DirectoryTree.Remove($"{engine.Paths.Volumes}/{name}");
        }
    }
}
