using System.Text;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Spec;

/// <summary>Device nodes of the host, looked up with statx(2).</summary>
public static class HostDevices
{
    private const int TypeMask = 0xF000;
    private const int CharacterDevice = 0x2000;
    private const int BlockDevice = 0x6000;
    private const int DirectoryType = 0x4000;

    /// <summary>The node behind a path, symbolic links followed (<c>/dev/disk/by-id/…</c>); null when it is none.</summary>
    public static DeviceSpec? Find(string path)
    {
        using SafeFd? fd = Files.TryOpen(path, OpenFlags.O_PATH, out _);
        return fd is not null && At.Stat(fd.Value, out StatxBuffer stat) == 0 ? Device(path, stat) : null;
    }

    /// <summary>The nodes in a directory and below. As docker: not /dev/pts, /dev/shm, /dev/fd, /dev/mqueue, /dev/console and the like, which the container has of its own.</summary>
    public static IReadOnlyList<DeviceSpec> List(string directory)
    {
        List<DeviceSpec> result = [];
        Walk(directory, result, depth: 0);
        return result;
    }

    private static void Walk(string directory, List<DeviceSpec> result, int depth)
    {
        if (depth > 8 || !System.IO.Directory.Exists(directory))
        {
            return;
        }
        foreach (string path in System.IO.Directory.EnumerateFileSystemEntries(directory))
        {
            if (
                path
                is "/dev/pts"
                    or "/dev/shm"
                    or "/dev/fd"
                    or "/dev/mqueue"
                    or "/dev/console"
                    or "/dev/.lxc"
                    or "/dev/.lxd-mounts"
                    or "/dev/.udev"
                    or "/dev/ptmx"
                    or "/dev/tty"
            )
            {
                continue;
            }
            if (At.Stat(Files.AtCwd, Encoding.UTF8.GetBytes(path + "\0"), out StatxBuffer stat) != 0)
            {
                continue;
            }
            if ((stat.Mode & TypeMask) == DirectoryType)
            {
                Walk(path, result, depth + 1);
            }
            else if (Device(path, stat) is { } device)
            {
                result.Add(device);
            }
        }
    }

    private static DeviceSpec? Device(string path, in StatxBuffer stat)
    {
        int type = stat.Mode & TypeMask;
        return type is CharacterDevice or BlockDevice
            ? new DeviceSpec
            {
                Path = path,
                Type = type == BlockDevice ? 'b' : 'c',
                Major = stat.RdevMajor,
                Minor = stat.RdevMinor,
                FileMode = (uint)(stat.Mode & 0xFFF),
                Uid = stat.Uid,
                Gid = stat.Gid,
            }
            : null;
    }
}
