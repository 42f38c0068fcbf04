namespace Skiff.Linux.Terminal;

/// <summary>A terminal in raw mode: every byte goes through unchanged, as cfmakeraw(3) sets it. Disposing gives the old settings back.</summary>
public sealed unsafe class RawMode : IDisposable
{
    private const uint IGNBRK = 0x1;
    private const uint BRKINT = 0x2;
    private const uint PARMRK = 0x8;
    private const uint ISTRIP = 0x20;
    private const uint INLCR = 0x40;
    private const uint IGNCR = 0x80;
    private const uint ICRNL = 0x100;
    private const uint IXON = 0x400;
    private const uint OPOST = 0x1;
    private const uint CSIZE = 0x30;
    private const uint CS8 = 0x30;
    private const uint PARENB = 0x100;
    private const uint ISIG = 0x1;
    private const uint ICANON = 0x2;
    private const uint ECHO = 0x8;
    private const uint ECHONL = 0x40;
    private const uint IEXTEN = 0x8000;
    private const int VTIME = 5;
    private const int VMIN = 6;

    private readonly int _fd;
    private readonly KernelTermios _saved;
    private bool _restored;

    private RawMode(int fd, KernelTermios saved)
    {
        _fd = fd;
        _saved = saved;
    }

    /// <summary>Switches the terminal to raw mode; null if the descriptor is no terminal. The descriptor stays the caller's and must outlive this object.</summary>
    public static RawMode? TryEnter(int fd)
    {
        KernelTermios termios;
        if (Libc.ioctl(fd, Tty.TCGETS, (nint)(&termios)) != 0)
        {
            return null;
        }
        RawMode mode = new(fd, termios);
        termios.InputFlags &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
        termios.OutputFlags &= ~OPOST;
        termios.LocalFlags &= ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
        termios.ControlFlags = (termios.ControlFlags & ~(CSIZE | PARENB)) | CS8;
        termios.ControlCharacters[VMIN] = 1;
        termios.ControlCharacters[VTIME] = 0;
        return Libc.ioctl(fd, Tty.TCSETS, (nint)(&termios)) == 0 ? mode : throw LinuxException.Last("ioctl TCSETS", "the terminal");
    }

    /// <summary>Restores the settings; does nothing the second time, and nothing if the terminal is gone.</summary>
    public void Dispose()
    {
        if (!_restored)
        {
            _restored = true;
            KernelTermios saved = _saved;
            _ = Libc.ioctl(_fd, Tty.TCSETS, (nint)(&saved));
        }
    }
}
