using System.Runtime.InteropServices;

namespace Skiff.Linux.Terminal;

/// <summary>struct winsize, ioctl_tty(2).</summary>
/// <param name="Rows">Height in characters.</param>
/// <param name="Columns">Width in characters.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct WindowSize(ushort Rows, ushort Columns)
{
    private readonly ushort _xPixels = 0;
    private readonly ushort _yPixels = 0;
}

/// <summary>Requests to terminals, ioctl_tty(2); the numbers of x86-64 and arm64 agree.</summary>
public static unsafe class Tty
{
    public const uint TCGETS = 0x5401;
    public const uint TCSETS = 0x5402;
    public const uint TCSETSF = 0x5404;
    public const uint TIOCSCTTY = 0x540E;
    public const uint TIOCGWINSZ = 0x5413;
    public const uint TIOCSWINSZ = 0x5414;
    public const uint TIOCGPTN = 0x80045430;
    public const uint TIOCSPTLCK = 0x40045431;
    public const uint TIOCGPTPEER = 0x5441;

    /// <summary>True if the descriptor is a terminal.</summary>
    public static bool IsTerminal(int fd)
    {
        KernelTermios termios;
        return Libc.ioctl(fd, TCGETS, (nint)(&termios)) == 0;
    }

    /// <summary>The window size; null if the descriptor is no terminal.</summary>
    public static WindowSize? GetSize(int fd)
    {
        WindowSize size;
        return Libc.ioctl(fd, TIOCGWINSZ, (nint)(&size)) == 0 ? size : null;
    }

    /// <summary>Sets the window size; the kernel sends SIGWINCH to the foreground group if it changes.</summary>
    public static void SetSize(int fd, WindowSize size)
    {
        if (Libc.ioctl(fd, TIOCSWINSZ, (nint)(&size)) != 0)
        {
            throw LinuxException.Last("ioctl TIOCSWINSZ", $"{size.Columns}x{size.Rows}");
        }
    }
}

/// <summary>The kernel's struct termios (asm-generic/termbits.h), which is not the C library's: 19 control characters and no speeds.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct KernelTermios
{
    internal uint InputFlags;
    internal uint OutputFlags;
    internal uint ControlFlags;
    internal uint LocalFlags;
    internal byte Line;
    internal fixed byte ControlCharacters[19];
}
