using System.Runtime.InteropServices;

namespace Skiff.Linux.Terminal;

/// <summary>The master side of a pseudo-terminal of a given devpts instance, pty(7).</summary>
public sealed unsafe class PseudoTerminal : IDisposable
{
    private PseudoTerminal(SafeFd master, int number)
    {
        Master = master;
        Number = number;
    }

    /// <summary>The master; what is written here is the container's input.</summary>
    public SafeFd Master { get; }

    /// <summary>N of <c>/dev/pts/N</c> in that instance.</summary>
    public int Number { get; }

    /// <summary>Opens a new terminal of the devpts instance whose root directory is <paramref name="devpts"/>: no path of the container is followed.</summary>
    /// <param name="devpts">An open directory: the mount made by fsmount(2), or <c>/dev/pts</c>.</param>
    public static PseudoTerminal Open(int devpts)
    {
        SafeFd master = Files.Open("ptmx", OpenFlags.O_RDWR | OpenFlags.O_NOCTTY, 0, devpts);
        int unlock = 0;
        int number = 0;
        if (Libc.ioctl(master.Value, Tty.TIOCSPTLCK, (nint)(&unlock)) != 0 || Libc.ioctl(master.Value, Tty.TIOCGPTN, (nint)(&number)) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            master.Dispose();
            throw new LinuxException("ioctl TIOCSPTLCK", "ptmx", errno);
        }
        return new PseudoTerminal(master, number);
    }

    /// <summary>Opens the other side by the master's descriptor (TIOCGPTPEER, kernel 4.13), whatever is mounted where.</summary>
    public SafeFd OpenPeer()
    {
        int fd = Libc.ioctl(Master.Value, Tty.TIOCGPTPEER, OpenFlags.O_RDWR | OpenFlags.O_NOCTTY | OpenFlags.O_CLOEXEC);
        return fd >= 0 ? new SafeFd(fd) : throw LinuxException.Last("ioctl TIOCGPTPEER", $"pts/{Number}");
    }

    /// <summary>Closes the master: the other side gets SIGHUP.</summary>
    public void Dispose() => Master.Dispose();
}
