using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>rm -r by directory fds: unlinkat and openat(O_NOFOLLOW) only, so that no link of the tree leads outside of it.</summary>
public static unsafe class TreeRemoval
{
    private const int AT_REMOVEDIR = 0x200;

    // Below this depth a directory is moved up to the top before it is emptied: a container can nest far deeper than fds or stack allow.
    private const int MaximumDepth = 64;

    /// <summary>Something that could not be removed.</summary>
    /// <param name="Path">Its path, with U+FFFD for bytes that are not UTF-8.</param>
    /// <param name="Errno">Why.</param>
    public sealed record Failure(string Path, int Errno);

    /// <summary>Removes a file or a tree as far as possible; null when all is gone, else the first failure. A missing path is fine.</summary>
    public static Failure? Remove(string path)
    {
        Failure? failure = null;
        fixed (byte* p = CString.Encode(path))
        {
            if (Libc.unlinkat(Files.AtCwd, p, AT_REMOVEDIR) == 0 || Marshal.GetLastPInvokeError() == Errno.ENOENT)
            {
                return null;
            }
            SafeFd? top = Files.TryOpen(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW, out int errno);
            if (top is null)
            {
                int code = errno is Errno.ENOTDIR or Errno.ELOOP && Libc.unlinkat(Files.AtCwd, p, 0) == 0 ? 0 : errno;
                return code is 0 or Errno.ENOENT ? null : new Failure(path, code);
            }
            using (top)
            {
                Empty(top, top, path, 0, ref failure);
            }
            if (Libc.unlinkat(Files.AtCwd, p, AT_REMOVEDIR) != 0 && Marshal.GetLastPInvokeError() is int last && last != Errno.ENOENT)
            {
                failure ??= new Failure(path, last);
            }
        }
        return failure;
    }

    private static void Empty(SafeFd directory, SafeFd top, string path, int depth, ref Failure? failure)
    {
        // A pass may miss entries while others disappear or are moved in; it is repeated until one finds nothing that it can remove.
        bool progress = true;
        byte[] buffer = new byte[8192];
        while (progress)
        {
            progress = false;
            Failure? inPass = null;
            _ = Libc.lseek(directory.Value, 0, 0);
            DirectoryReader reader = new(directory, buffer);
            while (reader.Read())
            {
                progress |= RemoveEntry(directory, top, ref reader, path, depth, ref inPass);
            }
            if (inPass is not null && !progress)
            {
                failure ??= inPass;
            }
        }
    }

    private static bool RemoveEntry(SafeFd directory, SafeFd top, ref DirectoryReader reader, string path, int depth, ref Failure? failure)
    {
        fixed (byte* name = reader.NameWithZero)
        {
            int errno = Errno.EISDIR;
            if (reader.Type != DirectoryReader.DT_DIR)
            {
                if (Libc.unlinkat(directory.Value, name, 0) == 0)
                {
                    return true;
                }
                errno = Marshal.GetLastPInvokeError();
            }
            if (errno == Errno.EISDIR)
            {
                if (Libc.unlinkat(directory.Value, name, AT_REMOVEDIR) == 0)
                {
                    return true;
                }
                errno = Marshal.GetLastPInvokeError();
            }
            if (errno is Errno.ENOTEMPTY or Errno.EEXIST or Errno.EACCES)
            {
                return Descend(directory, top, ref reader, path, depth, ref failure);
            }
            if (errno != Errno.ENOENT)
            {
                failure ??= new Failure($"{path}/{CString.Decode(reader.Name)}", errno);
            }
            return false;
        }
    }

    private static bool Descend(SafeFd directory, SafeFd top, ref DirectoryReader reader, string path, int depth, ref Failure? failure)
    {
        string child = $"{path}/{CString.Decode(reader.Name)}";
        fixed (byte* name = reader.NameWithZero)
        {
            if (depth >= MaximumDepth)
            {
                fixed (byte* moved = CString.Encode($".removing-{RandomBytes.Hex(8)}"))
                {
                    if (Libc.renameat2(directory.Value, name, top.Value, moved, 0) == 0)
                    {
                        return true;
                    }
                }
            }
            int flags = OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW | OpenFlags.O_CLOEXEC;
            int fd = Libc.openat(directory.Value, name, flags, 0);
            if (fd < 0)
            {
                failure ??= new Failure(child, Marshal.GetLastPInvokeError());
                return false;
            }
            using SafeFd owned = new(fd);
            _ = Libc.fchmod(fd, 0x1C0); // 0700: without root, a directory that the container made read-only cannot be emptied
            Empty(owned, top, child, depth + 1, ref failure);
            if (Libc.unlinkat(directory.Value, name, AT_REMOVEDIR) == 0)
            {
                return true;
            }
            failure ??= new Failure(child, Marshal.GetLastPInvokeError());
            return false;
        }
    }
}
