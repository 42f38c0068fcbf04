using System.Runtime.InteropServices;

namespace Skiff.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int poll(PollFd* fds, nuint count, int milliseconds);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, nint argument);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    /// <summary>pthread_sigmask(3); returns the errno.</summary>
    [LibraryImport(C)]
    internal static partial int pthread_sigmask(int how, byte* set, byte* old);

    /// <summary>signalfd(2); the mask is a sigset_t of 128 bytes for glibc.</summary>
    [LibraryImport(C, SetLastError = true)]
    internal static partial int signalfd(int fd, byte* mask, int flags);
}
