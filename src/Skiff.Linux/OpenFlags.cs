using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>Flags of open(2). Some values differ between x86-64 and arm64, so they are fields, not constants.</summary>
public static class OpenFlags
{
    private static readonly bool s_arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_CREAT = 0x40;
    public const int O_EXCL = 0x80;
    public const int O_NOCTTY = 0x100;
    public const int O_TRUNC = 0x200;
    public const int O_APPEND = 0x400;
    public const int O_NONBLOCK = 0x800;
    public const int O_CLOEXEC = 0x80000;
    public const int O_PATH = 0x200000;
    public static readonly int O_DIRECTORY = s_arm ? 0x4000 : 0x10000;
    public static readonly int O_NOFOLLOW = s_arm ? 0x8000 : 0x20000;

    /// <summary>__O_TMPFILE | O_DIRECTORY.</summary>
    public static readonly int O_TMPFILE = 0x400000 | (s_arm ? 0x4000 : 0x10000);
}
