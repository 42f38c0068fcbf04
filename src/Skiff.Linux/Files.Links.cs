using System.Runtime.InteropServices;
using System.Text;

namespace Skiff.Linux;

public static unsafe partial class Files
{
    /// <summary>Whether there is a device, a pipe or a socket at a path, or where a link there leads: something to write to, never to replace.</summary>
    public static bool IsSpecial(string path)
    {
        using SafeFd? there = TryOpen(path, OpenFlags.O_PATH, out _);
        return there is not null
            && FileTree.At.Stat(there.Value, out StatxBuffer stat) == 0
            && (stat.Mode & FileTree.At.S_IFMT) is not (FileTree.At.S_IFREG or FileTree.At.S_IFDIR);
    }

    /// <summary>read(2) of up to <paramref name="buffer"/>'s length; −1 with the errno when it fails, 0 at the end of the file.</summary>
    public static int TryRead(SafeFd fd, Span<byte> buffer, out int errno) => TryRead(fd.Value, buffer, out errno);

    /// <summary>The same for a number.</summary>
    public static int TryRead(int fd, Span<byte> buffer, out int errno)
    {
        fixed (byte* p = buffer)
        {
            nint n;
            do
            {
                n = Libc.read(fd, p, buffer.Length);
                errno = n < 0 ? Marshal.GetLastPInvokeError() : 0;
            } while (errno == Errno.EINTR);
            return (int)n;
        }
    }

    /// <summary>symlink(2): atomic, and fails with EEXIST when the name is taken; returns 0 or the errno.</summary>
    /// <param name="target">The text that the link holds; it need not be a path.</param>
    /// <param name="path">The new link.</param>
    public static int TrySymlink(string target, string path)
    {
        fixed (byte* t = CString.Encode(target))
        fixed (byte* p = CString.Encode(path))
        {
            return Libc.symlinkat(t, AtCwd, p) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>The text of a symbolic link, readlink(2), at most 4096 bytes; null with the errno.</summary>
    public static string? TryReadLink(string path, out int errno)
    {
        Span<byte> buffer = stackalloc byte[4096];
        fixed (byte* p = CString.Encode(path))
        fixed (byte* b = buffer)
        {
            nint n = Libc.readlinkat(AtCwd, p, b, buffer.Length);
            errno = n < 0 ? Marshal.GetLastPInvokeError() : 0;
            return n < 0 ? null : Encoding.UTF8.GetString(buffer[..(int)n]);
        }
    }

    /// <summary>True when something exists at the path (a dangling symbolic link included), by statx(2).</summary>
    public static bool Exists(string path)
    {
        const int AT_SYMLINK_NOFOLLOW = 0x100;
        StatxBuffer buffer;
        fixed (byte* p = CString.Encode(path))
        {
            return Libc.statx(AtCwd, p, AT_SYMLINK_NOFOLLOW, 0, &buffer) == 0;
        }
    }

    /// <summary>True while the open file still has a name: after waiting for a lock it may have been removed.</summary>
    public static bool IsLinked(SafeFd fd)
    {
        const int AT_EMPTY_PATH = 0x1000;
        const uint STATX_NLINK = 4;
        StatxBuffer buffer;
        byte empty = 0;
        return Libc.statx(fd.Value, &empty, AT_EMPTY_PATH, STATX_NLINK, &buffer) == 0 && buffer.Links > 0;
    }
}
