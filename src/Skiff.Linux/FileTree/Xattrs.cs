using System.Runtime.InteropServices;

namespace Skiff.Linux.FileTree;

/// <summary>Extended attributes, xattr(7). Names are zero-terminated bytes, values are any bytes; results are 0 or an errno as in <see cref="At"/>.</summary>
public static unsafe class Xattrs
{
    /// <summary>Greatest size of a value, XATTR_SIZE_MAX.</summary>
    public const int MaxValue = 65536;

    /// <summary>fsetxattr(2) on a descriptor that is not O_PATH.</summary>
    public static int Set(int fd, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        fixed (byte* n = name)
        fixed (byte* v = value)
        {
            return Libc.fsetxattr(fd, n, v, value.Length, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Sets an attribute of a name below a directory's descriptor, never following a link.</summary>
    /// <remarks>setxattrat(2) exists only since kernel 6.13; the descriptor's entry in /proc leads to the same directory.</remarks>
    public static int Set(int dirfd, ReadOnlySpan<byte> file, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        fixed (byte* p = PathOf(dirfd, file))
        fixed (byte* n = name)
        fixed (byte* v = value)
        {
            return Libc.lsetxattr(p, n, v, value.Length, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Removes an attribute of a name below a directory's descriptor; ENODATA if it is not there.</summary>
    public static int Remove(int dirfd, ReadOnlySpan<byte> file, ReadOnlySpan<byte> name)
    {
        fixed (byte* p = PathOf(dirfd, file))
        fixed (byte* n = name)
        {
            return Libc.lremovexattr(p, n) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>The value of an attribute, or null if the file has none of this name or the file system knows none.</summary>
    public static byte[]? Get(int dirfd, ReadOnlySpan<byte> file, ReadOnlySpan<byte> name)
    {
        byte[] buffer = new byte[256];
        while (true)
        {
            nint size;
            fixed (byte* p = PathOf(dirfd, file))
            fixed (byte* n = name)
            fixed (byte* b = buffer)
            {
                size = Libc.lgetxattr(p, n, b, buffer.Length);
            }
            if (size >= 0)
            {
                return buffer.AsSpan(0, (int)size).ToArray();
            }
            if (Marshal.GetLastPInvokeError() != Errno.ERANGE || buffer.Length > MaxValue)
            {
                return null;
            }
            buffer = new byte[MaxValue + 1];
        }
    }

    /// <summary>The names of all attributes, each zero-terminated, in the kernel's order; empty if there are none.</summary>
    public static IReadOnlyList<byte[]> List(int dirfd, ReadOnlySpan<byte> file)
    {
        byte[] buffer = new byte[1024];
        nint size;
        while (true)
        {
            fixed (byte* p = PathOf(dirfd, file))
            fixed (byte* b = buffer)
            {
                size = Libc.llistxattr(p, b, buffer.Length);
            }
            if (size >= 0)
            {
                break;
            }
            if (Marshal.GetLastPInvokeError() != Errno.ERANGE || buffer.Length > MaxValue)
            {
                return [];
            }
            buffer = new byte[MaxValue + 1]; // XATTR_LIST_MAX
        }
        if (size == 0)
        {
            return [];
        }
        List<byte[]> names = [];
        ReadOnlySpan<byte> rest = buffer.AsSpan(0, (int)size);
        while (rest.IndexOf((byte)0) is int end and >= 0)
        {
            names.Add(rest[..(end + 1)].ToArray());
            rest = rest[(end + 1)..];
        }
        return names;
    }

    /// <summary>The path <c>/proc/self/fd/N/name</c>, zero-terminated; an empty name is the directory itself, and a path relative to AT_FDCWD is taken as it is.</summary>
    private static byte[] PathOf(int dirfd, ReadOnlySpan<byte> file)
    {
        if (dirfd == Files.AtCwd)
        {
            return file.ToArray();
        }
        ReadOnlySpan<byte> prefix = "/proc/self/fd/"u8;
        int length = file.IndexOf((byte)0) is int end and >= 0 ? end : file.Length;
        byte[] path = new byte[prefix.Length + 11 + 1 + Math.Max(length, 1) + 1];
        prefix.CopyTo(path);
        dirfd.TryFormat(path.AsSpan(prefix.Length), out int digits);
        int at = prefix.Length + digits;
        path[at++] = (byte)'/';
        if (length == 0)
        {
            path[at] = (byte)'.';
        }
        else
        {
            file[..length].CopyTo(path.AsSpan(at));
        }
        return path;
    }
}
