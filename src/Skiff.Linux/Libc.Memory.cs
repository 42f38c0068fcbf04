using System.Runtime.InteropServices;

namespace Skiff.Linux;

internal static partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int munmap(nint address, nuint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int madvise(nint address, nuint length, int advice);
}
