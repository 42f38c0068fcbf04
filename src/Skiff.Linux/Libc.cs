using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>Every function of the C library that Skiff calls, each declared once; wrappers with errors and EINTR handling stand beside the concern they serve.</summary>
/// <remarks>Partial by concern: <c>Libc.Mount.cs</c>, <c>Libc.Socket.cs</c>, … All arguments are blittable; paths are zero-terminated bytes.</remarks>
internal static unsafe partial class Libc
{
    private const string C = "libc";

    [LibraryImport(C, SetLastError = true)]
    internal static partial int openat(int dirfd, byte* path, int flags, uint mode);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint read(int fd, byte* buffer, nint count);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint write(int fd, byte* buffer, nint count);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint pread(int fd, byte* buffer, nint count, long offset);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint pwrite(int fd, byte* buffer, nint count, long offset);

    [LibraryImport(C, SetLastError = true)]
    internal static partial long lseek(int fd, long offset, int whence);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int ftruncate(int fd, long length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fsync(int fd);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fdatasync(int fd);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int dup3(int oldFd, int newFd, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int pipe2(int* fds, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int mkdirat(int dirfd, byte* path, uint mode);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int mknodat(int dirfd, byte* path, uint mode, ulong device);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int unlinkat(int dirfd, byte* path, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int renameat2(int oldDir, byte* oldPath, int newDir, byte* newPath, uint flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int linkat(int oldDir, byte* oldPath, int newDir, byte* newPath, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int symlinkat(byte* target, int dirfd, byte* path);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint readlinkat(int dirfd, byte* path, byte* buffer, nint size);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fchmod(int fd, uint mode);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fchmodat(int dirfd, byte* path, uint mode, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fchown(int fd, uint uid, uint gid);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fchownat(int dirfd, byte* path, uint uid, uint gid, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int utimensat(int dirfd, byte* path, TimeSpec* times, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int statx(int dirfd, byte* path, int flags, uint mask, StatxBuffer* buffer);

    /// <summary>syscall(2): for calls that glibc 2.36 does not wrap. Never for setuid-like calls of a process with threads.</summary>
    [LibraryImport(C, SetLastError = true)]
    internal static partial nint syscall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int geteuid();

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getegid();

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getpid();
}

/// <summary>struct timespec of 64-bit Linux.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TimeSpec
{
    /// <summary>Whole seconds since 1970-01-01 UTC; may be negative.</summary>
    public long Seconds;

    /// <summary>Nanoseconds 0–999,999,999, or <c>UTIME_OMIT</c>/<c>UTIME_NOW</c> for utimensat(2).</summary>
    public long Nanoseconds;
}

/// <summary>struct statx_timestamp, statx(2).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct StatxTimestamp
{
    public long Seconds;
    public uint Nanoseconds;
    private int _reserved;
}

/// <summary>struct statx, statx(2), kernel 4.11.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct StatxBuffer
{
    public uint Mask;
    public uint BlockSize;
    public ulong Attributes;
    public uint Links;
    public uint Uid;
    public uint Gid;
    public ushort Mode;
    private ushort _pad;
    public ulong Inode;
    public ulong Size;
    public ulong Blocks;
    public ulong AttributesMask;
    public StatxTimestamp AccessTime;
    public StatxTimestamp BirthTime;
    public StatxTimestamp ChangeTime;
    public StatxTimestamp ModifyTime;
    public uint RdevMajor;
    public uint RdevMinor;
    public uint DevMajor;
    public uint DevMinor;
    public ulong MountId;
    private fixed ulong _spare[13];
}
