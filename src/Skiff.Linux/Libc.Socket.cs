using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>Sockets: netlink and the test whether a port of the host is free.</summary>
internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int bind(int fd, byte* address, uint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int listen(int fd, int backlog);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getsockname(int fd, byte* address, uint* length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int setsockopt(int fd, int level, int name, byte* value, uint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getsockopt(int fd, int level, int name, byte* value, uint* length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint send(int fd, byte* buffer, nint length, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint recv(int fd, byte* buffer, nint length, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial uint if_nametoindex(byte* name);
}
