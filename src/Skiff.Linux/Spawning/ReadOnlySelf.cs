using Skiff.Linux.Mounts;

namespace Skiff.Linux.Spawning;

/// <summary>
/// Runs this program again from a read-only clone of the mount that its file is on, which is mounted nowhere. Who opens <c>/proc/PID/exe</c> of such a process can never
/// reopen it for writing, whatever rights he has (CVE-2019-5736), and nothing has to be copied.
/// </summary>
public static unsafe class ReadOnlySelf
{
    private const string Self = "/proc/self/exe";

    /// <summary>Returns only when this process runs from a file that nobody can write through its mount; else it becomes such a process, with the same arguments.</summary>
    /// <exception cref="LinuxException">The clone could not be made or run.</exception>
    public static void Ensure()
    {
        if (!Files.IsWritable(Self))
        {
            return;
        }
        nint tree;
        fixed (byte* path = CString.Encode(Self))
        {
            tree = Libc.syscall(
                SyscallNumber.open_tree,
                Files.AtCwd,
                (nint)path,
                (nint)(MountApi.OPEN_TREE_CLONE | MountApi.OPEN_TREE_CLOEXEC),
                0,
                0,
                0
            );
        }
        if (tree < 0)
        {
            throw LinuxException.Last("open_tree", Self);
        }
        using SafeFd clone = new((int)tree);
        ulong* attributes = stackalloc ulong[4] { MountApi.MOUNT_ATTR_RDONLY, 0, 0, 0 };
        fixed (byte* empty = CString.Encode(""))
        {
            if (
                Libc.syscall(SyscallNumber.mount_setattr, clone.Value, (nint)empty, (nint)MountApi.AT_EMPTY_PATH, (nint)attributes, 32, 0)
                != 0
            )
            {
                throw LinuxException.Last("mount_setattr", Self);
            }
            byte[] arguments = Read("/proc/self/cmdline");
            byte[] environment = Read("/proc/self/environ");
            fixed (byte* a = arguments)
            fixed (byte* e = environment)
            fixed (nint* argv = Pointers(arguments, a))
            fixed (nint* envp = Pointers(environment, e))
            {
                _ = Libc.syscall(SyscallNumber.execveat, clone.Value, (nint)empty, (nint)argv, (nint)envp, (nint)MountApi.AT_EMPTY_PATH, 0);
            }
            throw LinuxException.Last("execveat", Self);
        }
    }

    private static byte[] Read(string path) => Files.TryReadAll(path, out int errno) ?? throw new LinuxException("read", path, errno);

    /// <summary>The vector of execve(2) over zero-terminated texts that lie one after the other.</summary>
    internal static nint[] Pointers(byte[] texts, byte* pinned)
    {
        List<nint> pointers = [];
        for (int i = 0; i < texts.Length; i++)
        {
            if (i == 0 || texts[i - 1] == 0)
            {
                pointers.Add((nint)(pinned + i));
            }
        }
        return [.. pointers, 0];
    }
}
