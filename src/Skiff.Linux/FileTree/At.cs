using System.Runtime.InteropServices;

namespace Skiff.Linux.FileTree;

/// <summary>System calls relative to a directory's descriptor, with names as bytes: how trees that strangers wrote are made and read.</summary>
/// <remarks>
/// Every name is zero-terminated. Nothing here throws: 0 (or a non-negative result) is success, otherwise the errno comes back, because callers
/// decide by it (EEXIST, ENOENT). Only <see cref="OpenBeneath"/> takes paths of several components; the others are meant for one component below
/// a descriptor that <see cref="OpenBeneath"/> gave, so that no symbolic link is ever followed.
/// </remarks>
public static unsafe partial class At
{
    /// <summary>S_IFMT, the mask of the file type in a mode.</summary>
    public const uint S_IFMT = 0xF000;

    /// <summary>Directory.</summary>
    public const uint S_IFDIR = 0x4000;

    /// <summary>Character device.</summary>
    public const uint S_IFCHR = 0x2000;

    /// <summary>Block device.</summary>
    public const uint S_IFBLK = 0x6000;

    /// <summary>Regular file.</summary>
    public const uint S_IFREG = 0x8000;

    /// <summary>FIFO.</summary>
    public const uint S_IFIFO = 0x1000;

    /// <summary>Socket.</summary>
    public const uint S_IFSOCK = 0xC000;

    /// <summary>Symbolic link.</summary>
    public const uint S_IFLNK = 0xA000;

    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int AT_REMOVEDIR = 0x200;
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_BASIC_STATS = 0x7FF;

    /// <summary>openat(2) of one component with O_NOFOLLOW and O_CLOEXEC added.</summary>
    public static int Open(int dirfd, ReadOnlySpan<byte> name, int flags, uint mode, out int fd)
    {
        fixed (byte* p = name)
        {
            while (true)
            {
                fd = Libc.openat(dirfd, p, flags | OpenFlags.O_NOFOLLOW | OpenFlags.O_CLOEXEC, mode);
                if (fd >= 0)
                {
                    return 0;
                }
                if (Marshal.GetLastPInvokeError() is int errno && errno != Errno.EINTR)
                {
                    return errno;
                }
            }
        }
    }

    /// <summary>A second descriptor of the same directory, closed on exec.</summary>
    public static int Duplicate(int fd)
    {
        const int F_DUPFD_CLOEXEC = 1030;
        int copy = Libc.fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return copy >= 0 ? copy : throw LinuxException.Last("fcntl F_DUPFD_CLOEXEC", "directory");
    }

    /// <summary>Closes a descriptor; errors of close(2) mean nothing here.</summary>
    public static void Close(int fd) => _ = Libc.close(fd);

    /// <summary>Writes everything at the file position.</summary>
    public static int Write(int fd, ReadOnlySpan<byte> bytes) => Files.TryWriteAll(fd, bytes);

    /// <summary>pwrite(2) of everything at <paramref name="offset"/>.</summary>
    public static int WriteAt(int fd, ReadOnlySpan<byte> bytes, long offset)
    {
        fixed (byte* p = bytes)
        {
            nint done = 0;
            while (done < bytes.Length)
            {
                nint n = Libc.pwrite(fd, p + done, bytes.Length - done, offset + done);
                if (n >= 0)
                {
                    done += n;
                }
                else if (Marshal.GetLastPInvokeError() is int errno && errno != Errno.EINTR)
                {
                    return errno;
                }
            }
            return 0;
        }
    }

    /// <summary>read(2); the count, 0 at the end, or the errno as a negative number.</summary>
    public static int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            while (true)
            {
                nint n = Libc.read(fd, p, buffer.Length);
                if (n >= 0)
                {
                    return (int)n;
                }
                if (Marshal.GetLastPInvokeError() is int errno && errno != Errno.EINTR)
                {
                    return -errno;
                }
            }
        }
    }

    /// <summary>pread(2); the count, 0 at the end, or the errno as a negative number.</summary>
    public static int ReadAt(int fd, Span<byte> buffer, long offset)
    {
        fixed (byte* p = buffer)
        {
            while (true)
            {
                nint n = Libc.pread(fd, p, buffer.Length, offset);
                if (n >= 0)
                {
                    return (int)n;
                }
                if (Marshal.GetLastPInvokeError() is int errno && errno != Errno.EINTR)
                {
                    return -errno;
                }
            }
        }
    }

    /// <summary>ftruncate(2).</summary>
    public static int Truncate(int fd, long length) => Result(Libc.ftruncate(fd, length));

    /// <summary>mkdirat(2).</summary>
    public static int MakeDirectory(int dirfd, ReadOnlySpan<byte> name, uint mode)
    {
        fixed (byte* p = name)
        {
            return Result(Libc.mkdirat(dirfd, p, mode));
        }
    }

    /// <summary>mknodat(2): FIFOs and devices; <paramref name="mode"/> includes the type.</summary>
    public static int MakeNode(int dirfd, ReadOnlySpan<byte> name, uint mode, uint major = 0, uint minor = 0)
    {
        fixed (byte* p = name)
        {
            return Result(Libc.mknodat(dirfd, p, mode, DeviceNumber(major, minor)));
        }
    }

    /// <summary>symlinkat(2).</summary>
    public static int MakeSymlink(ReadOnlySpan<byte> target, int dirfd, ReadOnlySpan<byte> name)
    {
        fixed (byte* t = target)
        fixed (byte* p = name)
        {
            return Result(Libc.symlinkat(t, dirfd, p));
        }
    }

    /// <summary>linkat(2) without AT_SYMLINK_FOLLOW: a hardlink to a symbolic link links the link itself.</summary>
    public static int Link(int oldDir, ReadOnlySpan<byte> oldName, int newDir, ReadOnlySpan<byte> newName)
    {
        fixed (byte* o = oldName)
        fixed (byte* n = newName)
        {
            return Result(Libc.linkat(oldDir, o, newDir, n, 0));
        }
    }

    /// <summary>readlinkat(2): the length, or the errno as a negative number.</summary>
    public static int ReadLink(int dirfd, ReadOnlySpan<byte> name, Span<byte> buffer)
    {
        fixed (byte* p = name)
        fixed (byte* b = buffer)
        {
            nint n = Libc.readlinkat(dirfd, p, b, buffer.Length);
            return n >= 0 ? (int)n : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>unlinkat(2), or rmdir(2) for a directory.</summary>
    public static int Unlink(int dirfd, ReadOnlySpan<byte> name, bool directory = false)
    {
        fixed (byte* p = name)
        {
            return Result(Libc.unlinkat(dirfd, p, directory ? AT_REMOVEDIR : 0));
        }
    }

    /// <summary>renameat2(2); with <paramref name="noReplace"/> an existing target is EEXIST (RENAME_NOREPLACE).</summary>
    public static int Rename(int oldDir, ReadOnlySpan<byte> oldName, int newDir, ReadOnlySpan<byte> newName, bool noReplace = false)
    {
        fixed (byte* o = oldName)
        fixed (byte* n = newName)
        {
            return Result(Libc.renameat2(oldDir, o, newDir, n, noReplace ? 1u : 0));
        }
    }

    /// <summary>statx(2) of a name itself, not of what a link points to.</summary>
    public static int Stat(int dirfd, ReadOnlySpan<byte> name, out StatxBuffer stat)
    {
        fixed (byte* p = name)
        fixed (StatxBuffer* s = &stat)
        {
            return Result(Libc.statx(dirfd, p, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, s));
        }
    }

    /// <summary>statx(2) of an open descriptor, O_PATH too.</summary>
    public static int Stat(int fd, out StatxBuffer stat)
    {
        byte empty = 0;
        fixed (StatxBuffer* s = &stat)
        {
            return Result(Libc.statx(fd, &empty, AT_EMPTY_PATH, STATX_BASIC_STATS, s));
        }
    }

    /// <summary>fchown(2).</summary>
    public static int ChangeOwner(int fd, uint uid, uint gid) => Result(Libc.fchown(fd, uid, gid));

    /// <summary>fchownat(2) of a name itself.</summary>
    public static int ChangeOwner(int dirfd, ReadOnlySpan<byte> name, uint uid, uint gid)
    {
        fixed (byte* p = name)
        {
            return Result(Libc.fchownat(dirfd, p, uid, gid, AT_SYMLINK_NOFOLLOW));
        }
    }

    /// <summary>fchmod(2).</summary>
    public static int ChangeMode(int fd, uint mode) => Result(Libc.fchmod(fd, mode));

    /// <summary>fchmodat(2), which follows links: only for a name that the caller has just made as something else.</summary>
    public static int ChangeMode(int dirfd, ReadOnlySpan<byte> name, uint mode)
    {
        fixed (byte* p = name)
        {
            return Result(Libc.fchmodat(dirfd, p, mode, 0));
        }
    }

    /// <summary>futimens(3): sets both times.</summary>
    public static int SetTimes(int fd, TimeSpec access, TimeSpec modification)
    {
        TimeSpec* times = stackalloc TimeSpec[2];
        times[0] = access;
        times[1] = modification;
        return Result(Libc.futimens(fd, times));
    }

    /// <summary>utimensat(2) of a name itself.</summary>
    public static int SetTimes(int dirfd, ReadOnlySpan<byte> name, TimeSpec access, TimeSpec modification)
    {
        TimeSpec* times = stackalloc TimeSpec[2];
        times[0] = access;
        times[1] = modification;
        fixed (byte* p = name)
        {
            return Result(Libc.utimensat(dirfd, p, times, AT_SYMLINK_NOFOLLOW));
        }
    }

    /// <summary>fsync(2).</summary>
    public static int Sync(int fd) => Result(Libc.fsync(fd));

    /// <summary>statfs(2): how many further files the file system of a path may have; null where it does not count them, or cannot be asked.</summary>
    public static long? FreeInodes(string path)
    {
        long* buffer = stackalloc long[32]; // struct statfs: f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree, each a long
        fixed (byte* p = CString.Encode(path))
        {
            return Libc.syscall(SyscallNumber.statfs, (nint)p, (nint)buffer, 0, 0, 0, 0) == 0 && buffer[5] > 0 ? buffer[6] : null;
        }
    }

    /// <summary>syncfs(2): everything of the file system that <paramref name="fd"/> is on reaches the disk; writes that failed since are reported (kernel 5.8).</summary>
    public static int SyncFileSystem(int fd) => Result(Libc.syncfs(fd));

    /// <summary>copy_file_range(2), which shares blocks where the file system can; the count, 0 at the end, or the errno as a negative number.</summary>
    public static long CopyRange(int from, ref long fromOffset, int to, ref long toOffset, long length)
    {
        fixed (long* f = &fromOffset)
        fixed (long* t = &toOffset)
        {
            nint n = Libc.copy_file_range(from, f, to, t, (nint)length, 0);
            return n >= 0 ? n : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>The effective user id is 0: owners, devices and <c>trusted.*</c> attributes can be set (as far as the user namespace allows).</summary>
    public static bool IsRoot => Libc.geteuid() == 0;

    /// <summary>makedev(3).</summary>
    public static ulong DeviceNumber(uint major, uint minor) =>
        ((ulong)(major & 0xFFFFF000) << 32) | ((ulong)(major & 0xFFF) << 8) | ((ulong)(minor & 0xFFFFFF00) << 12) | (minor & 0xFF);

    private static int Result(int value) => value >= 0 ? 0 : Marshal.GetLastPInvokeError();
}
