using System.Text;
using Skiff.Linux;
using Skiff.Linux.Mounts;

namespace Skiff.Engine.Launch;

/// <summary>File systems on which overlayfs cannot have its writable directory: they lack attributes, whiteouts or stable names of files.</summary>
internal static class StoreFileSystem
{
    private static readonly string[] s_unfit =
    [
        "overlay",
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "9p",
        "vfat",
        "exfat",
        "ecryptfs",
        "tmpfs",
        "ramfs",
    ];

    /// <summary>Why no container's root can be made of what lies in a directory; null where the file system is none of those.</summary>
    internal static string? Why(string directory)
    {
        string type = TypeOf(Files.TryReadAll("/proc/self/mountinfo", out _) ?? [], directory);
        return Array.IndexOf(s_unfit, type) >= 0 || type.StartsWith("fuse", StringComparison.Ordinal)
            ? $"the file system of {directory} ({type}) cannot carry the root of a container: name a directory on another one with --root (ext4, xfs or btrfs; tmpfs from Linux 6.6 on)"
            : null;
    }

    /// <summary>The type of the file system that a path is on: of the mounts above it the deepest one, of several there the last.</summary>
    internal static string TypeOf(ReadOnlySpan<byte> mountinfo, string path)
    {
        string type = "";
        int longest = 0;
        foreach (MountInfoLine line in MountInfo.Lines(mountinfo))
        {
            string point = Encoding.UTF8.GetString(line.MountPoint());
            string inside = point.EndsWith('/') ? point : point + "/";
            if (point.Length >= longest && (path + "/").StartsWith(inside, StringComparison.Ordinal))
            {
                (longest, type) = (point.Length, Encoding.UTF8.GetString(line.FileSystem));
            }
        }
        return type;
    }
}
