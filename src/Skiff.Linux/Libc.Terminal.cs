using System.Runtime.InteropServices;
using Skiff.Linux.Terminal;

namespace Skiff.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int poll(PollFd* fds, nuint count, int milliseconds);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, nint argument);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sigaction(int signal, SignalAction* action, SignalAction* old);
}
