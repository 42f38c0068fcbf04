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
        foreach (string overlay in container.Result.Overlays)
        {
            Directory.CreateDirectory(overlay + "/upper");
            Directory.CreateDirectory(overlay + "/work");
        }
        foreach (string path in container.Result.SourcesToChown)
        {
            Own(path, container.Result.User);
        }
    }

    private static void Take(SkiffEngine engine, PreparedContainer container, VolumeUse use, bool first)
    {
        (Volume _, FileLock gate, bool made) = engine.Volumes.Take(Asked(container, use));
        using (gate)
        {
            VolumeArchive.CompleteMerge(engine.Volumes, use.Name);
            if (use.CopyUp && container.ShortLayers.Count > 0)
            {
                VolumeFill.Fill(engine, container, use, first || made);
            }
            CheckSubpath(engine, use);
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

    private static void CheckSubpath(SkiffEngine engine, VolumeUse use)
    {
        if (use.Mount.Subpath.Length > 0)
        {
            using SafeFd root = Files.Open(engine.Volumes.Data(use.Name), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
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

    private static void Own(string path, ResolvedUser user)
    {
        using SafeFd fd = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        TreeOwner.Change(fd.Value, user.Uid, user.Gid);
    }
}
