using Skiff.Build.Cache;
using Skiff.Commands.Containers;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Volumes;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary>One line of <c>system df</c>.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Active">How many are in use.</param>
/// <param name="Size">Bytes of all.</param>
/// <param name="Reclaimable">Bytes of what nobody uses.</param>
internal readonly record struct DiskTotals(int Count, int Active, long Size, long Reclaimable);

/// <summary>What everything takes on the disk, read once.</summary>
internal sealed class DiskReport
{
    private readonly Dictionary<string, int> _sharers = new(StringComparer.Ordinal);

    private DiskReport(
        IReadOnlyList<Image> images,
        IReadOnlyList<(ContainerRecord Record, ContainerState State, long Size)> containers,
        IReadOnlyList<(Volume Volume, int Links, long Size)> volumes,
        IReadOnlyList<BuildCacheEntry> buildCache
    )
    {
        BuildCache = buildCache;
        Images = images;
        Containers = containers;
        Volumes = volumes;
        foreach (Image image in images)
        {
            foreach (string layer in image.LayerDirectories)
            {
                _sharers[layer] = _sharers.GetValueOrDefault(layer) + 1;
            }
        }
    }

    /// <summary>The images.</summary>
    public IReadOnlyList<Image> Images { get; }

    /// <summary>The containers, newest first, with the bytes of their writable layers and logs.</summary>
    public IReadOnlyList<(ContainerRecord Record, ContainerState State, long Size)> Containers { get; }

    /// <summary>The volumes, with the number of containers that use them.</summary>
    public IReadOnlyList<(Volume Volume, int Links, long Size)> Volumes { get; }

    /// <summary>What builds keep.</summary>
    public IReadOnlyList<BuildCacheEntry> BuildCache { get; }

    /// <summary>All of the build cache can be removed; what an image has, too, is counted there.</summary>
    public DiskTotals BuildCacheTotals =>
        new(
            BuildCache.Count,
            BuildCache.Count(static e => e.IsShared),
            BuildCache.Sum(static e => e.Size),
            BuildCache.Sum(static e => e.Size)
        );

    /// <summary>Layers are counted once; reclaimable are those of which no container's image is made.</summary>
    public DiskTotals ImageTotals
    {
        get
        {
            Dictionary<string, long> layers = new(StringComparer.Ordinal);
            HashSet<string> used = new(StringComparer.Ordinal);
            int active = 0;
            foreach (Image image in Images)
            {
                bool inUse = ContainersOf(image) > 0;
                active += inUse ? 1 : 0;
                for (int i = 0; i < image.LayerDirectories.Count; i++)
                {
                    layers[image.LayerDirectories[i]] = image.LayerSizes[i];
                    if (inUse)
                    {
                        used.Add(image.LayerDirectories[i]);
                    }
                }
            }
            return new DiskTotals(
                Images.Count,
                active,
                layers.Values.Sum(static size => size),
                layers.Where(l => !used.Contains(l.Key)).Sum(static l => l.Value)
            );
        }
    }

    /// <summary>Containers that do not run can be removed.</summary>
    public DiskTotals ContainerTotals =>
        new(
            Containers.Count,
            Containers.Count(static c => IsActive(c.State)),
            Containers.Sum(static c => c.Size),
            Containers.Where(static c => !IsActive(c.State)).Sum(static c => c.Size)
        );

    /// <summary>Volumes without a container can be removed.</summary>
    public DiskTotals VolumeTotals =>
        new(
            Volumes.Count,
            Volumes.Count(static v => v.Links > 0),
            Volumes.Sum(static v => v.Size),
            Volumes.Where(static v => v.Links == 0).Sum(static v => v.Size)
        );

    /// <summary>Reads the stores and counts the trees.</summary>
    public static DiskReport Of(SkiffEngine engine)
    {
        List<(ContainerRecord, ContainerState, long)> containers = [];
        foreach (ContainerRecord record in engine.Containers.List())
        {
            if (engine.Reconciler.Check(record) is { } state)
            {
                containers.Add((record, state, DiskUse.Of(engine.Paths.Upper(record.Id))));
            }
        }
        VolumeUsers users = VolumeUsers.Read(engine.Containers);
        List<(Volume, int, long)> volumes = [];
        foreach (Volume volume in engine.Volumes.List())
        {
            volumes.Add((volume, users.Of(volume.Name).Count, DiskUse.Of(engine.Volumes.Data(volume.Name))));
        }
        return new DiskReport(engine.Images.List(), containers, volumes, Build.Cache.BuildCache.List(engine, DiskUse.Of));
    }

    /// <summary>How many containers were made from an image.</summary>
    public int ContainersOf(Image image)
    {
        string id = image.Id.ToString();
        return Containers.Count(c => c.Record.ImageId == id);
    }

    /// <summary>Bytes of the layers that other images have too.</summary>
    public long SharedSize(Image image)
    {
        long shared = 0;
        for (int i = 0; i < image.LayerDirectories.Count; i++)
        {
            shared += _sharers[image.LayerDirectories[i]] > 1 ? image.LayerSizes[i] : 0;
        }
        return shared;
    }

    private static bool IsActive(ContainerState state) => state.IsUp || state.Status == ContainerStatus.Restarting;
}
