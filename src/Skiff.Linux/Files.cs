using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>Files of the engine's own store and of the kernel (cgroupfs, /proc), by system call: no .NET stream costs, exact errors.</summary>
/// <remarks>Paths inside a container's root file system never come here: they go through RootDir.</remarks>
public static unsafe partial class Files
{
    /// <summary>AT_FDCWD: relative paths start at the working directory.</summary>
    public const int AtCwd = -100;

    private const int SmallFile = 4096;

    /// <summary>Opens a path (relative to <paramref name="dirfd"/>) with O_CLOEXEC added; throws <see cref="LinuxException"/>.</summary>
    public static SafeFd Open(string path, int flags, uint mode = 0, int dirfd = AtCwd)
    {
        SafeFd? fd = TryOpen(path, flags, out int errno, mode, dirfd);
        return fd ?? throw new LinuxException("open", path, errno);
    }

    /// <summary>As <see cref="Open"/>, but a failure is null and its errno.</summary>
    [SkipLocalsInit]
    public static SafeFd? TryOpen(string path, int flags, out int errno, uint mode = 0, int dirfd = AtCwd)
    {
        fixed (byte* p = CString.Encode(path, stackalloc byte[512]))
        {
            int fd;
            do
            {
                fd = Libc.openat(dirfd, p, flags | OpenFlags.O_CLOEXEC, mode);
                errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
            } while (errno == Errno.EINTR);
            return fd < 0 ? null : new SafeFd(fd);
        }
    }

    /// <summary>Writes all bytes at the file position.</summary>
    public static void WriteAll(SafeFd fd, ReadOnlySpan<byte> bytes, string target)
    {
        int errno = TryWriteAll(fd.Value, bytes);
        if (errno != 0)
        {
            throw new LinuxException("write", target, errno);
        }
    }

    /// <summary>Writes all bytes; returns 0 or the errno.</summary>
    public static int TryWriteAll(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            nint done = 0;
            while (done < bytes.Length)
            {
                nint n = Libc.write(fd, p + done, bytes.Length - done);
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

    /// <summary>Reads up to <paramref name="buffer"/>'s length; 0 is end of file.</summary>
    public static int Read(SafeFd fd, Span<byte> buffer, string target)
    {
        fixed (byte* p = buffer)
        {
            while (true)
            {
                nint n = Libc.read(fd.Value, p, buffer.Length);
                if (n >= 0)
                {
                    return (int)n;
                }
                if (Marshal.GetLastPInvokeError() is int errno && errno != Errno.EINTR)
                {
                    throw new LinuxException("read", target, errno);
                }
            }
        }
    }

    /// <summary>Writes a short value to a kernel file (cgroupfs, /proc/sys) in one write(2); returns 0 or the errno.</summary>
    public static int TryWriteValue(string path, string value)
    {
        using SafeFd? fd = TryOpen(path, OpenFlags.O_WRONLY, out int errno);
        return fd is null ? errno : TryWriteAll(fd.Value, System.Text.Encoding.UTF8.GetBytes(value));
    }

    /// <summary>Reads a whole small file, at most <paramref name="limit"/> bytes; null with the errno if it cannot be opened or read.</summary>
    [SkipLocalsInit]
    public static byte[]? TryReadAll(string path, out int errno, int limit = 64 << 20)
    {
        Span<byte> buffer = stackalloc byte[SmallFile];
        int length = Load(path, ref buffer, limit, out errno);
        return length < 0 ? null : buffer[..length].ToArray();
    }

    /// <summary>As <see cref="TryReadAll"/>, as UTF-8 text.</summary>
    [SkipLocalsInit]
    public static string? TryReadText(string path, out int errno)
    {
        Span<byte> buffer = stackalloc byte[SmallFile];
        int length = Load(path, ref buffer, 64 << 20, out errno);
        return length < 0 ? null : System.Text.Encoding.UTF8.GetString(buffer[..length]);
    }

    // Most files of the store and of the kernel fit into the caller's stack: no fresh page of the heap is touched for them.
    private static int Load(string path, ref Span<byte> buffer, int limit, out int errno)
    {
        using SafeFd? fd = TryOpen(path, OpenFlags.O_RDONLY, out errno);
        if (fd is null)
        {
            return -1;
        }
        int length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length >= limit)
                {
                    errno = Errno.EFBIG;
                    return -1;
                }
                Span<byte> larger = new byte[buffer.Length * 4];
                buffer.CopyTo(larger);
                buffer = larger;
            }
            int n = TryRead(fd, buffer[length..], out errno);
            if (n <= 0)
            {
                return n < 0 ? -1 : length;
            }
            length += n;
        }
    }

    /// <summary>As <see cref="TryReadAll"/>, for regular files of the store that are read by the hundred: into a buffer of the caller that grows as needed, without a read at the end.</summary>
    /// <returns>The length, or -1 with the errno.</returns>
    public static int TryReadRegular(string path, ref byte[] buffer, out int errno)
    {
        using SafeFd? fd = TryOpen(path, OpenFlags.O_RDONLY, out errno);
        if (fd is null)
        {
            return -1;
        }
        int length = 0;
        while (true)
        {
            int n = Read(fd, buffer.AsSpan(length), path);
            length += n;
            if (length < buffer.Length)
            {
                return length; // a regular file gives all that is asked for, or all that there is
            }
            Array.Resize(ref buffer, buffer.Length * 2);
        }
    }

    /// <summary>mkdir(2); returns 0 or the errno (EEXIST included).</summary>
    public static int TryMakeDirectory(string path, uint mode)
    {
        fixed (byte* p = CString.Encode(path))
        {
            return Libc.mkdirat(AtCwd, p, mode) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>unlink(2) or, for a directory, rmdir(2); returns 0 or the errno.</summary>
    public static int TryRemove(string path, bool directory = false)
    {
        const int AT_REMOVEDIR = 0x200;
        fixed (byte* p = CString.Encode(path))
        {
            return Libc.unlinkat(AtCwd, p, directory ? AT_REMOVEDIR : 0) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>rename(2) over what is there, on one file system.</summary>
    public static void Rename(string from, string to)
    {
        fixed (byte* f = CString.Encode(from))
        fixed (byte* t = CString.Encode(to))
        {
            if (Libc.renameat2(AtCwd, f, AtCwd, t, 0) != 0)
            {
                throw LinuxException.Last("rename", $"{from} to {to}");
            }
        }
    }

    /// <summary>Replaces a file of the store so that a reader, or a crash, sees the old or the new content and nothing between: temporary file, optional fsync, rename.</summary>
    /// <param name="path">The file; its directory must exist.</param>
    /// <param name="bytes">The whole new content.</param>
    /// <param name="mode">Permission bits of the new file.</param>
    /// <param name="durable">True where a power cut must not lose it: fsync of the file before and of the directory after the rename.</param>
    public static void Replace(string path, ReadOnlySpan<byte> bytes, uint mode = 0x180, bool durable = false)
    {
        string temporary = $"{path}.{RandomBytes.Hex(4)}.tmp";
        try
        {
            using (SafeFd fd = Open(temporary, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, mode))
            {
                WriteAll(fd, bytes, temporary);
                if (durable && Libc.fsync(fd.Value) != 0)
                {
                    throw LinuxException.Last("fsync", temporary);
                }
            }
            Rename(temporary, path);
        }
        catch
        {
            _ = TryRemove(temporary);
            throw;
        }
        if (durable)
        {
            using SafeFd directory = Open(Path.GetDirectoryName(path)!, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            _ = Libc.fsync(directory.Value);
        }
    }
}
