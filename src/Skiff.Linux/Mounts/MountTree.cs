using System.Runtime.InteropServices;
using Skiff.Linux.Spawning;

namespace Skiff.Linux.Mounts;

/// <summary>Mount trees as descriptors, made by the engine itself: open_tree(2), mount_setattr(2), move_mount(2), and mount(2) in a namespace that only one thread sees.</summary>
public static unsafe class MountTree
{
    private const int CLONE_FS = 0x200;

    /// <summary>Clones the mount at a path: a tree of its own that is nowhere yet.</summary>
    /// <param name="path">Absolute, or relative to the working directory.</param>
    /// <param name="recursive">The mounts below come too.</param>
    public static SafeFd Clone(string path, bool recursive)
    {
        fixed (byte* p = CString.Encode(path))
        {
            return Clone(Files.AtCwd, p, path, recursive ? MountApi.AT_RECURSIVE : 0);
        }
    }

    /// <summary>Clones the mount in which an open file or directory is, from there on.</summary>
    /// <param name="fd">May be O_PATH.</param>
    /// <param name="name">For messages.</param>
    /// <param name="recursive">The mounts below come too.</param>
    public static SafeFd Clone(SafeFd fd, string name, bool recursive)
    {
        byte empty = 0;
        return Clone(fd.Value, &empty, name, MountApi.AT_EMPTY_PATH | (recursive ? MountApi.AT_RECURSIVE : 0));
    }

    /// <summary>Clones a mount of another process's mount namespace; for a thread in a namespace of its own, see <see cref="EnterPrivateNamespace"/>.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="path">Absolute, as that process sees it.</param>
    /// <param name="recursive">The mounts below come too.</param>
    public static SafeFd CloneOf(int pid, string path, bool recursive = true)
    {
        using SafeFd own = Files.Open("/proc/thread-self/ns/mnt", OpenFlags.O_RDONLY);
        using SafeFd other = Files.Open($"/proc/{pid}/ns/mnt", OpenFlags.O_RDONLY);
        Enter(other);
        try
        {
            return Clone(path, recursive);
        }
        finally
        {
            Enter(own);
        }
    }

    /// <summary>Changes a tree's attributes.</summary>
    public static void SetAttributes(SafeFd tree, string name, MountAttributes attributes, bool recursive)
    {
        byte empty = 0;
        nint flags = (nint)(MountApi.AT_EMPTY_PATH | (recursive ? MountApi.AT_RECURSIVE : 0));
        if (
            RawCall.Invoke(SyscallNumber.mount_setattr, tree.Value, (nint)(&empty), flags, (nint)(&attributes), sizeof(MountAttributes))
            != 0
        )
        {
            throw LinuxException.Last("mount_setattr", name);
        }
    }

    /// <summary>Puts a tree onto a directory.</summary>
    public static void Attach(SafeFd tree, string path)
    {
        byte empty = 0;
        fixed (byte* p = CString.Encode(path))
        {
            if (
                RawCall.Invoke(
                    SyscallNumber.move_mount,
                    tree.Value,
                    (nint)(&empty),
                    Files.AtCwd,
                    (nint)p,
                    (nint)MountApi.MOVE_MOUNT_F_EMPTY_PATH
                ) != 0
            )
            {
                throw LinuxException.Last("move_mount", path);
            }
        }
    }

    /// <summary>Puts a tree onto an open directory or file, wherever its name leads by now.</summary>
    public static void Attach(SafeFd tree, SafeFd target, string name)
    {
        byte empty = 0;
        nint flags = (nint)(MountApi.MOVE_MOUNT_F_EMPTY_PATH | MountApi.MOVE_MOUNT_T_EMPTY_PATH);
        if (RawCall.Invoke(SyscallNumber.move_mount, tree.Value, (nint)(&empty), target.Value, (nint)(&empty), flags) != 0)
        {
            throw LinuxException.Last("move_mount", name);
        }
    }

    /// <summary>mount(2) of a file system.</summary>
    public static void Mount(string source, string target, string type, uint flags, string data)
    {
        fixed (byte* s = CString.Encode(source))
        fixed (byte* p = CString.Encode(target))
        fixed (byte* t = CString.Encode(type))
        fixed (byte* d = CString.Encode(data))
        {
            if (RawCall.Invoke(SyscallNumber.mount, (nint)s, (nint)p, (nint)t, (nint)flags, data.Length == 0 ? 0 : (nint)d) != 0)
            {
                throw LinuxException.Last("mount", $"{type} on {target}");
            }
        }
    }

    /// <summary>umount2(2) with MNT_DETACH.</summary>
    public static void Detach(string target)
    {
        fixed (byte* p = CString.Encode(target))
        {
            if (RawCall.Invoke(SyscallNumber.umount2, (nint)p, (nint)MountApi.MNT_DETACH) != 0)
            {
                throw LinuxException.Last("umount", target);
            }
        }
    }

    /// <summary>chdir(2); only for a thread that has its own working directory, see <see cref="EnterPrivateNamespace"/>.</summary>
    public static void ChangeDirectory(string path)
    {
        fixed (byte* p = CString.Encode(path))
        {
            if (RawCall.Invoke(SyscallNumber.chdir, (nint)p) != 0)
            {
                throw LinuxException.Last("chdir", path);
            }
        }
    }

    /// <summary>From here on the calling thread, which must end soon and run nothing else, has mounts and a working directory of its own.</summary>
    public static void EnterPrivateNamespace()
    {
        if (RawCall.Invoke(SyscallNumber.unshare, CLONE_FS | (int)CloneFlags.CLONE_NEWNS) != 0)
        {
            throw LinuxException.Last("unshare", "CLONE_NEWNS");
        }
        fixed (byte* slash = "/\0"u8)
        {
            if (RawCall.Invoke(SyscallNumber.mount, 0, (nint)slash, 0, (nint)(MountApi.MS_REC | MountApi.MS_PRIVATE)) != 0)
            {
                throw LinuxException.Last("mount", "/ private");
            }
        }
    }

    private static void Enter(SafeFd space)
    {
        if (RawCall.Invoke(SyscallNumber.setns, space.Value, (nint)CloneFlags.CLONE_NEWNS) != 0)
        {
            throw LinuxException.Last("setns", "mount namespace");
        }
    }

    private static SafeFd Clone(int dirfd, byte* path, string name, uint flags)
    {
        nint fd = RawCall.Invoke(
            SyscallNumber.open_tree,
            dirfd,
            (nint)path,
            (nint)(MountApi.OPEN_TREE_CLONE | MountApi.OPEN_TREE_CLOEXEC | flags)
        );
        return fd >= 0 ? new SafeFd((int)fd) : throw new LinuxException("open_tree", name, Marshal.GetLastPInvokeError());
    }
}
