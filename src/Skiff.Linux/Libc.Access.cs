using System.Runtime.InteropServices;

namespace Skiff.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int faccessat(int dirfd, byte* path, int mode, int flags);
}
