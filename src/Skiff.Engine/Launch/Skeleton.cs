using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Launch;

/// <summary>
/// The lowest layer of every container: the mount points that images often lack (docker's "init layer"). Without it each start would write them into the container's own layer and each end remove them.
/// Beside them the link that getmntent(3) reads where a program asks for <c>_PATH_MOUNTED</c>; no distribution's image has it, as docker and podman give it to each container.
/// </summary>
internal static class Skeleton
{
    private const string Mounted = "/etc/mtab";
    private static readonly string[] s_directories = ["dev", "etc", "proc", "sys"];
    private static readonly string[] s_files = ["etc/hostname", "etc/hosts", "etc/resolv.conf"];

    /// <summary>Makes it where it is missing: under another name, then renamed, so that a half of it is never used.</summary>
    internal static void Ensure(EnginePaths paths)
    {
        if (Files.Exists(paths.Skeleton + Mounted))
        {
            return;
        }
        if (Files.Exists(paths.Skeleton))
        {
            Link(paths.Skeleton + Mounted); // an earlier version made it
            return;
        }
        string temporary = $"{paths.Skeleton}.{RandomBytes.Hex(4)}.tmp";
        Make(temporary);
        foreach (string name in s_directories)
        {
            Make($"{temporary}/{name}");
        }
        foreach (string name in s_files)
        {
            EtcFiles.Write($"{temporary}/{name}", "");
        }
        Link(temporary + Mounted);
        try
        {
            Files.Rename(temporary, paths.Skeleton);
        }
        catch (LinuxException) when (Files.Exists(paths.Skeleton))
        {
            Tree.Remove(temporary); // another command was quicker
        }
    }

    private static void Link(string path)
    {
        int errno = Files.TrySymlink("/proc/mounts", path);
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("symlink", path, errno);
        }
    }

    private static void Make(string path)
    {
        int errno = Files.TryMakeDirectory(path, 0x1ED);
        if (errno != 0)
        {
            throw new LinuxException("mkdir", path, errno);
        }
    }
}
