using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Launch;

/// <summary>Makes what the mounts of a container need on the host: volumes, filled from the image while they are empty; missing sources of binds; overlays.</summary>
internal static class VolumePreparation
{
    internal static void Prepare(SkiffEngine engine, PreparedContainer container)
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
            Volume(engine, container, use);
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

    /// <summary>docker fills a volume from the image when it is used for the first time, that is while it is empty (RUN-29). The lock keeps two first users apart.</summary>
    private static void Volume(SkiffEngine engine, PreparedContainer container, VolumeUse use)
    {
        string directory = $"{engine.Paths.Volumes}/{use.Name}";
        string data = directory + "/_data";
        _ = Files.TryMakeDirectory(engine.Paths.Root, 0x1C0);
        _ = Files.TryMakeDirectory(engine.Paths.Volumes, 0x1C0);
        _ = Files.TryMakeDirectory(directory, 0x1C9);
        using FileLock gate = FileLock.Acquire(directory + "/lock");
        int made = Files.TryMakeDirectory(data, 0x1ED);
        if (made is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("mkdir", data, made);
        }
        if (!use.CopyUp || container.ShortLayers.Count == 0 || Directory.EnumerateFileSystemEntries(data).Any())
        {
            return;
        }
        RootView.Use(
            engine.Paths.Root,
            container.ShortLayers,
            engine.Paths.Container(container.Record.Id),
            upper: null,
            root =>
            {
                using SafeFd? source = LayeredFiles.OpenIn(root.Value, use.Target, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out _);
                if (source is not null)
                {
                    using SafeFd target = Files.Open(data, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
                    TreeCopy.Copy(source.Value, target.Value);
                }
            }
        );
    }

    private static void Own(string path, ResolvedUser user)
    {
        using SafeFd fd = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        TreeOwner.Change(fd.Value, user.Uid, user.Gid);
    }
}
