using Skiff.Linux.FileTree;

namespace Skiff.Linux;

/// <summary>The inodes that processes have in pidfs (kernel 6.9): no two processes of one boot have the same, so that inode and number together say that it is still the same process.</summary>
public sealed unsafe class ProcessInodes
{
    private const long PID_FS_MAGIC = 0x50494446;

    private bool? _known;

    /// <summary>The inode of a process that lives; 0 when it has ended, and on kernels without pidfs.</summary>
    public ulong OfLiving(int pid)
    {
        int fd = _known == false ? -1 : (int)Libc.syscall(SyscallNumber.pidfd_open, pid, 0, 0, 0, 0, 0);
        if (fd < 0)
        {
            return 0;
        }
        PollFd entry = new(fd, Poll.POLLIN); // readable once it has ended, zombie or not
        ulong inode = IsPidfs(fd) && At.Stat(fd, out StatxBuffer stat) == 0 && Libc.poll(&entry, 1, 0) == 0 ? stat.Inode : 0;
        _ = Libc.close(fd);
        return inode;
    }

    // Before pidfs all pidfds shared one anonymous inode. Once per command is enough.
    private bool IsPidfs(int fd)
    {
        if (_known is null)
        {
            long* buffer = stackalloc long[32]; // struct statfs begins with f_type
            _known = Libc.syscall(SyscallNumber.fstatfs, fd, (nint)buffer, 0, 0, 0, 0) == 0 && buffer[0] == PID_FS_MAGIC;
        }
        return _known.Value;
    }
}
