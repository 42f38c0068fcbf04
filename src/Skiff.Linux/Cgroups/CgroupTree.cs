using System.Runtime.InteropServices;

namespace Skiff.Linux.Cgroups;

/// <summary>Reading of one cgroup directory: its children and the processes in it.</summary>
internal static unsafe class CgroupTree
{
    /// <summary>The child cgroups, as absolute paths; none if the directory is gone.</summary>
    internal static List<string> Children(string path)
    {
        List<string> children = [];
        using SafeFd? fd = Files.TryOpen(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out _);
        if (fd is null)
        {
            return children;
        }
        const byte DT_DIR = 4;
        byte* buffer = stackalloc byte[4096];
        nint length;
        while ((length = Libc.syscall(SyscallNumber.getdents64, fd.Value, (nint)buffer, 4096, 0, 0, 0)) > 0)
        {
            // struct linux_dirent64: u64 inode, u64 offset, u16 length, u8 type, name.
            for (byte* entry = buffer; entry < buffer + length; entry += *(ushort*)(entry + 16))
            {
                if (entry[18] == DT_DIR && entry[19] != '.')
                {
                    children.Add($"{path}/{CString.Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + 19))}");
                }
            }
        }
        return children;
    }

    /// <summary>Adds the process ids of the cgroup and of those below it; a process that exits meanwhile may be missing.</summary>
    internal static void Processes(string path, SortedSet<int> pids)
    {
        AddPids(path, pids);
        foreach (string child in Children(path))
        {
            Processes(child, pids);
        }
    }

    /// <summary>Waits until one of the cgroup's own tasks has ended, at most the given time; returns soon if none is listed.</summary>
    internal static void WaitForOneTask(string path, int milliseconds)
    {
        SortedSet<int> pids = [];
        AddPids(path, pids);
        foreach (int pid in pids)
        {
            if (pid == Environment.ProcessId)
            {
                return;
            }
            int fd = (int)Libc.syscall(SyscallNumber.pidfd_open, pid, 0, 0, 0, 0, 0);
            if (fd >= 0)
            {
                using SafeFd pidfd = new(fd);
                _ = Poll.Wait(pidfd.Value, Poll.POLLIN, milliseconds);
                return;
            }
        }
        _ = Thread.Yield();
    }

    private static void AddPids(string path, SortedSet<int> pids)
    {
        ReadOnlySpan<byte> text = Files.TryReadAll(path + "/cgroup.procs", out _);
        foreach (Range range in text.Split((byte)'\n'))
        {
            // 0 stands for a process of another pid namespace.
            if (System.Buffers.Text.Utf8Parser.TryParse(text[range], out int pid, out _) && pid > 0)
            {
                pids.Add(pid);
            }
        }
    }
}
