using System.Runtime.InteropServices;

namespace Skiff.Linux.FileTree;

/// <content>Paths of several components, and descriptors that are opened again.</content>
public static unsafe partial class At
{
    private const nint SYS_openat2 = 437; // one number on every architecture since kernel 5.6
    private const ulong RESOLVE_NO_MAGICLINKS = 2;
    private const ulong RESOLVE_NO_SYMLINKS = 4;
    private const ulong RESOLVE_BENEATH = 8;
    private const ulong RESOLVE_IN_ROOT = 0x10;

    /// <summary>openat2(2) that neither leaves <paramref name="dirfd"/> nor follows a symbolic link (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS); O_CLOEXEC is added.</summary>
    /// <param name="dirfd">The directory that bounds the lookup.</param>
    /// <param name="path">Relative path, zero-terminated.</param>
    /// <param name="flags">Flags of open(2).</param>
    /// <param name="fd">The new descriptor, or -1.</param>
    /// <returns>0 or the errno: ELOOP for a symbolic link on the way, EXDEV for a path that leaves.</returns>
    public static int OpenBeneath(int dirfd, ReadOnlySpan<byte> path, int flags, out int fd) =>
        Resolve(dirfd, path, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, out fd);

    /// <summary>openat2(2) with <paramref name="root"/> as the root of the lookup, as chroot(2) would: links are followed inside of it, absolute ones too, and <c>..</c> stops there. Links of /proc are refused; O_CLOEXEC is added.</summary>
    /// <param name="root">The directory that is the root; mounts below it are crossed.</param>
    /// <param name="path">Path, zero-terminated; a leading slash means the same.</param>
    /// <param name="flags">Flags of open(2); O_NOFOLLOW spares the last component.</param>
    /// <param name="fd">The new descriptor, or -1.</param>
    /// <returns>0 or the errno.</returns>
    public static int OpenIn(int root, ReadOnlySpan<byte> path, int flags, out int fd) =>
        Resolve(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, out fd);

    /// <summary>Opens what a descriptor (O_PATH) stands for once more, whatever its name leads to by now.</summary>
    /// <param name="fd">A descriptor of a file or directory, looked at by <see cref="Stat(int, out StatxBuffer)"/> before: a FIFO or device would be opened too.</param>
    /// <param name="flags">Flags of open(2).</param>
    /// <param name="opened">The new descriptor, or -1.</param>
    /// <returns>0 or the errno.</returns>
    public static int Reopen(int fd, int flags, out int opened)
    {
        fixed (byte* p = CString.Encode($"/proc/self/fd/{fd}"))
        {
            while (true)
            {
                opened = Libc.openat(Files.AtCwd, p, flags | OpenFlags.O_CLOEXEC, 0);
                if (opened >= 0)
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

    /// <summary>chmod(2) of what a descriptor (O_PATH) stands for, which must not be a symbolic link.</summary>
    public static int ChangeModeOf(int fd, uint mode) => ChangeMode(Files.AtCwd, CString.Encode($"/proc/self/fd/{fd}"), mode);

    /// <summary>lseek(2) with SEEK_DATA or SEEK_HOLE: the offset, or the errno as a negative number.</summary>
    internal static long Seek(int fd, long offset, int whence)
    {
        long found = Libc.lseek(fd, offset, whence);
        return found >= 0 ? found : -Marshal.GetLastPInvokeError();
    }

    private static int Resolve(int dirfd, ReadOnlySpan<byte> path, int flags, ulong resolve, out int fd)
    {
        ulong* how = stackalloc ulong[3]; // struct open_how: flags, mode, resolve
        how[0] = (uint)(flags | OpenFlags.O_CLOEXEC);
        how[1] = 0;
        how[2] = resolve;
        ReadOnlySpan<byte> own = path.Length <= 1 ? ".\0"u8 : path; // openat2(2) takes no empty path
        fixed (byte* p = own)
        {
            while (true)
            {
                fd = (int)Libc.syscall(SYS_openat2, dirfd, (nint)p, (nint)how, 24, 0, 0);
                if (fd >= 0)
                {
                    return 0;
                }
                // EAGAIN: a rename elsewhere in the system raced with the lookup (openat2(2), RESOLVE_BENEATH)
                if (Marshal.GetLastPInvokeError() is int errno && errno is not (Errno.EINTR or Errno.EAGAIN))
                {
                    return errno;
                }
            }
        }
    }
}
