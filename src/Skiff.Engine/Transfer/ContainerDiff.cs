using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Images.Layers;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Transfer;

/// <summary><c>diff</c>: what a container changed in its file system.</summary>
public static class ContainerDiff
{
    /// <summary>The changes, directories before what is in them.</summary>
    /// <exception cref="SkiffException">The container has no image to compare with.</exception>
    public static IReadOnlyList<LayerChange> Read(SkiffEngine engine, ContainerRecord record)
    {
        RequireImage(record, "diff");
        return Vanishing.Do(
            engine,
            record,
            () => LayerChanges.Read(engine.Paths.Upper(record.Id), record.LayerDirectories, MountPoints(engine, record)).List
        );
    }

    /// <summary>Paths, without leading slash, that a start may have made to mount on, but for the user's own mounts, which docker shows. Secrets are the engine's.</summary>
    internal static HashSet<string> MountPoints(SkiffEngine engine, ContainerRecord record)
    {
        HashSet<string> points = [];
        foreach (MountSpec mount in ContainerPreparation.SpecOf(engine, record).Mounts)
        {
            points.Add(mount.Destination.Trim('/'));
        }
        foreach (MountRecord mount in record.Mounts)
        {
            points.Remove(mount.Destination.Trim('/'));
        }
        RunOptions options = ContainerPreparation.OptionsOf(record);
        foreach (ContainerMount mount in options.Mounts)
        {
            points.Remove(mount.Target.Trim('/'));
        }
        foreach (SecretUse secret in options.Secrets)
        {
            if (!secret.IsVariable)
            {
                points.Add((secret.InDirectory is null ? secret.Target : SecretUse.Directory).Trim('/'));
            }
        }
        return points;
    }

    internal static void RequireImage(ContainerRecord record, string verb)
    {
        if (record.LayerDirectories.Count == 0)
        {
            throw new SkiffException(
                CopiedRoot.Is(record)
                    ? $"{verb}: the root of the container {record.Name} is a copy of its image, as the store's file system carries no overlayfs, and what it has changed is not known; 'export' writes all of it"
                    : $"{verb}: the container {record.Name} was made from the directory {record.Image} (--rootfs), and its changes are in that directory itself"
            );
        }
    }
}
