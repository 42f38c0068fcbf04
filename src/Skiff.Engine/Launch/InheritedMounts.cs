using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>The mounts of <c>--volumes-from</c>: looked up when a container is made; later its own record has them, whatever became of the other container.</summary>
internal static class InheritedMounts
{
    /// <summary>What is offered; a mount of the container's own, or of a container named later, comes before it.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="options">What was asked.</param>
    /// <param name="before">The container, when it is there already.</param>
    internal static ValueList<ContainerMount> Of(SkiffEngine engine, RunOptions options, ContainerRecord? before)
    {
        if (options.VolumesFrom.IsEmpty)
        {
            return [];
        }
        List<ContainerMount> mounts = [];
        foreach (MountRecord mount in before?.Mounts ?? [])
        {
            if (mount.Inherited)
            {
                mounts.Add(Of(engine, mount, readOnly: null));
            }
        }
        if (mounts.Count > 0)
        {
            return [.. mounts];
        }
        foreach (VolumesFrom from in options.VolumesFrom)
        {
            if (before is not null && engine.Containers.TryFind(from.Container, 125) is null)
            {
                continue; // it had none, so nothing is missing
            }
            foreach (MountRecord mount in engine.Containers.Find(from.Container, 125).Mounts)
            {
                if (mount.Type is "volume" or "bind") // memory and images are each container's own
                {
                    mounts.RemoveAll(m => m.Target == mount.Destination);
                    mounts.Add(Of(engine, mount, from.ReadOnly));
                }
            }
        }
        return [.. mounts];
    }

    /// <summary>The volumes among them that nobody has named: they go with the last container that has them.</summary>
    internal static IReadOnlyList<string> Anonymous(SkiffEngine engine, RunOptions options, IReadOnlyList<MountRecord> mounts)
    {
        List<string> names = [];
        foreach (VolumesFrom from in options.VolumesFrom)
        {
            foreach (string name in engine.Containers.TryFind(from.Container, 125)?.AnonymousVolumes ?? [])
            {
                if (mounts.Any(m => m.Inherited && m.Name == name))
                {
                    names.Add(name);
                }
            }
        }
        return names;
    }

    private static ContainerMount Of(SkiffEngine engine, MountRecord mount, bool? readOnly)
    {
        bool isVolume = mount.Type == "volume";
        string whole = isVolume ? engine.Paths.VolumeData(mount.Name) + "/" : "";
        return new ContainerMount
        {
            Syntax = MountSyntax.Volume,
            Type = isVolume ? MountType.Volume : MountType.Bind,
            Source = isVolume ? mount.Name : mount.Source,
            Subpath = isVolume && mount.Source.StartsWith(whole, StringComparison.Ordinal) ? mount.Source[whole.Length..] : "",
            Target = mount.Destination,
            ReadOnly = readOnly ?? !mount.ReadWrite,
            Propagation = MountGrammar.TryPropagation(mount.Propagation, out Propagation propagation) ? propagation : Propagation.Default,
            NoCopy = true,
        };
    }
}
