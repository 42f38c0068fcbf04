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
        byte[] path = PathOf(dirfd, file);
        byte[] attribute = name.ToArray();
        return Grow(
            256,
            (buffer, size) =>
            {
                fixed (byte* p = path)
                fixed (byte* n = attribute)
                fixed (byte* b = buffer)
                {
                    return Libc.lgetxattr(p, n, b, size);
                }
            }
        );
    }

    /// <summary>As <see cref="Get(int, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>, of an open file that is not O_PATH.</summary>
    public static byte[]? Get(int fd, ReadOnlySpan<byte> name)
    {
        byte[] attribute = name.ToArray();
        return Grow(
            256,
            (buffer, size) =>
            {
                fixed (byte* n = attribute)
                fixed (byte* b = buffer)
                {
                    return Libc.fgetxattr(fd, n, b, size);
                }
            }
        );
    }

    /// <summary>The names of all attributes, each zero-terminated, in the kernel's order; empty if there are none.</summary>
    public static IReadOnlyList<byte[]> List(int dirfd, ReadOnlySpan<byte> file)
    {
        byte[] path = PathOf(dirfd, file);
        return Split(
            Grow(
                1024,
                (buffer, size) =>
                {
                    fixed (byte* p = path)
                    fixed (byte* b = buffer)
                    {
                        return Libc.llistxattr(p, b, size);
                    }
                }
            )
        );
    }

    /// <summary>As <see cref="List(int, ReadOnlySpan{byte})"/>, of an open file that is not O_PATH.</summary>
    public static IReadOnlyList<byte[]> List(int fd) =>
        Split(
            Grow(
                1024,
                (buffer, size) =>
                {
                    fixed (byte* b = buffer)
                    {
                        return Libc.flistxattr(fd, b, size);
                    }
                }
            )
        );

    /// <summary>Calls with a small buffer, and with the largest there can be (XATTR_SIZE_MAX, XATTR_LIST_MAX) if that is not enough; null for an error.</summary>
    private static byte[]? Grow(int first, Func<byte[], int, nint> call)
    {
        byte[] buffer = new byte[first];
        nint size = call(buffer, buffer.Length);
        if (size < 0 && Marshal.GetLastPInvokeError() == Errno.ERANGE)
        {
            buffer = new byte[MaxValue];
            size = call(buffer, buffer.Length);
        }
        return size < 0 ? null : buffer[..(int)size];
    }

    private static List<byte[]> Split(ReadOnlySpan<byte> rest)
    {
        List<byte[]> names = [];
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
