using System.Text;
using Skiff.Linux;
using Skiff.Linux.Mounts;

namespace Skiff.Engine.Launch;

/// <summary>File systems on which overlayfs cannot have its writable directory: they lack attributes, whiteouts or stable names of files.</summary>
public static class StoreFileSystem
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

    /// <summary>Whether the kernel takes no writable directory of overlayfs there: the file systems of which names can change behind its back, that have names of their own rules, or that are overlays themselves.
    /// By the number in statfs(2), which is quick.</summary>
    internal static unsafe bool RefusesOverlay(string directory)
    {
        long* buffer = stackalloc long[32]; // struct statfs begins with f_type
        fixed (byte* path = CString.Encode(directory))
        {
            return RawCall.Invoke(SyscallNumber.statfs, (nint)path, (nint)buffer) == 0
                && (uint)buffer[0]
                    is 0x794C7630 // overlayfs
                        or 0x65735546 // FUSE
                        or 0x6969 // NFS
                        or 0xFF534D42 // CIFS
                        or 0xFE534D42 // SMB 2
                        or 0x01021997 // 9p
                        or 0x4D44 // VFAT
                        or 0x2011BAB0 // exFAT
                        or 0xF15F; // eCryptfs
        }
    }

    /// <summary>Why no container's root can be made of what lies in a directory; null where the file system is none of those.</summary>
    internal static string? Why(string directory)
    {
        string type = TypeOf(Files.TryReadAll("/proc/self/mountinfo", out _) ?? [], directory);
        return Array.IndexOf(s_unfit, type) >= 0 || type.StartsWith("fuse", StringComparison.Ordinal)
            ? $"the file system of {directory} ({type}) cannot carry the root of a container: name a directory on another one with --root (ext4, xfs or btrfs; tmpfs from Linux 6.6 on)"
            : null;
    }

    /// <summary>The type of the file system that a path is on: of the mounts above it the deepest one, of several there the last.</summary>
    public static string TypeOf(ReadOnlySpan<byte> mountinfo, string path)
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
