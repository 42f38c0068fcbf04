using Skiff.Engine.Spec;
using Skiff.Engine.Volumes;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Launch;

/// <summary>Makes what the mounts of a container need on the host: volumes, filled from the image while they are empty; missing sources of binds; overlays.</summary>
internal static class VolumePreparation
{
    /// <summary>Makes all of it. With <paramref name="first"/> false the container existed before, and its volumes are not filled again.</summary>
    internal static void Prepare(SkiffEngine engine, PreparedContainer container, bool first)
    {
        foreach (string path in container.Result.SourcesRequired)
        {
            if (!Files.Exists(path))
            {
                throw new SkiffException(
                    $"the source {path} of a bind mount does not exist: make it first, or use -v, which makes a directory",
                    125
                );
            }
        }
        foreach (string path in container.Result.SourcesToCreate)
        {
            if (!Files.Exists(path))
            {
                Directory.CreateDirectory(path);
            }
        }
        foreach (VolumeUse use in container.Result.Volumes)
        {
            Take(engine, container, use, first);
        }
        foreach (OverlayUse overlay in container.Result.Overlays)
        {
            ThrowAway(overlay);
        }
        foreach (string path in container.Result.SourcesToChown)
        {
            Own(engine, container.Result, path);
        }
        PropagationCheck.Check(container.Result);
    }

    private static void Take(SkiffEngine engine, PreparedContainer container, VolumeUse use, bool first)
    {
        (Volume volume, FileLock gate, bool made) = engine.Volumes.Take(Asked(container, use));
        using (gate)
        {
            VolumeArchive.CompleteMerge(engine.Volumes, use.Name);
            LocalDriver? driver = LocalDriver.Of(volume.Options);
            if (driver is null or { IsBind: true }) // others are filled when they are mounted
            {
                VolumeFill.Fill(engine, container, use, driver?.Device ?? engine.Volumes.Data(use.Name), first || made);
            }
            CheckSubpath(driver?.Device ?? engine.Volumes.Data(use.Name), use);
        }
    }

    private static Volume Asked(PreparedContainer container, VolumeUse use)
    {
        Dictionary<string, string> labels = Map(use.Mount.Labels);
        if (use.Anonymous)
        {
            labels[Volume.AnonymousLabel] = "";
        }
        return new Volume
        {
            Name = use.Name,
            Driver = use.Mount.Driver.Length > 0 ? use.Mount.Driver : container.Options.VolumeDriver ?? "local",
            Options = Map(use.Mount.DriverOptions),
            Labels = labels,
            Created = TimeProvider.System.GetUtcNow(),
        };
    }

    private static void CheckSubpath(string data, VolumeUse use)
    {
        if (use.Mount.Subpath.Length > 0)
        {
            using SafeFd root = Files.Open(data, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
            using SafeFd? inside = LayeredFiles.OpenIn(root.Value, use.Mount.Subpath, OpenFlags.O_PATH, out int errno);
            if (inside is null)
            {
                throw new SkiffException(
                    $"the volume {use.Name} has no {use.Mount.Subpath} to mount on {use.Target} ({Errno.Describe(errno)}): make it first in a container that mounts the whole volume",
                    125
                );
            }
        }
    }

    private static Dictionary<string, string> Map(ValueList<NameValue> values)
    {
        Dictionary<string, string> map = [];
        foreach (NameValue value in values)
        {
            map[value.Name] = value.Value;
        }
        return map;
    }

    /// <summary>What was written through it is gone at each start; at first it looks like what is below it.</summary>
    private static void ThrowAway(OverlayUse overlay)
    {
        Containers.DirectoryTree.Remove(overlay.Directory);
        using SafeFd source =
            Files.TryOpen(overlay.Source, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out int errno)
            ?? throw new SkiffException($"{overlay.Source} cannot have a throw-away layer (:O): {Errno.Describe(errno)}", 125);
        _ = Files.TryMakeDirectory(overlay.Directory, 0x1C0);
        _ = Files.TryMakeDirectory(overlay.Directory + "/upper", 0x1ED);
        _ = Files.TryMakeDirectory(overlay.Directory + "/work", 0x1C0);
        using SafeFd upper = Files.Open(overlay.Directory + "/upper", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        if (At.Stat(source.Value, out StatxBuffer stat) == 0)
        {
            _ = At.ChangeOwner(upper.Value, stat.Uid, stat.Gid);
            _ = At.ChangeMode(upper.Value, stat.Mode & 0xFFFu);
        }
    }

    /// <summary>Volumes have on disk the ids that the container sees; directories of the host have the host's.</summary>
    private static void Own(SkiffEngine engine, SpecResult result, string path)
    {
        bool volume = path.StartsWith(engine.Paths.Volumes + "/", StringComparison.Ordinal);
        uint uid = volume ? result.User.Uid : UserNamespaceMaps.ToHost(result.Spec.Linux.UidMappings, result.User.Uid);
        uint gid = volume ? result.User.Gid : UserNamespaceMaps.ToHost(result.Spec.Linux.GidMappings, result.User.Gid);
        using SafeFd fd = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK);
        if (At.Stat(fd.Value, out StatxBuffer stat) == 0 && (stat.Mode & At.S_IFMT) == At.S_IFDIR)
        {
            TreeOwner.Change(fd.Value, uid, gid);
            return;
        }
        int errno = At.ChangeOwner(fd.Value, uid, gid);
        if (errno != 0)
        {
            throw new LinuxException("chown", path, errno);
        }
    }
}
