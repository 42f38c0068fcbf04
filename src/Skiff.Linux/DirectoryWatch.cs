using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>Learns of changes in a directory without looking again and again, inotify(7): a file was made, was renamed to here, or was written to.</summary>
public sealed unsafe class DirectoryWatch : IDisposable
{
    private const int IN_MODIFY = 2;
    private const int IN_MOVED_TO = 0x80;
    private const int IN_CREATE = 0x100;
    private const int IN_DELETE_SELF = 0x400;

    private DirectoryWatch(SafeFd fd) => Fd = fd;

    /// <summary>Readable when something has happened.</summary>
    public SafeFd Fd { get; }

    /// <summary>Begins to watch; what happens from now on is noticed. Throws <see cref="LinuxException"/>.</summary>
    public static DirectoryWatch Open(string directory)
    {
        nint fd = RawCall.Invoke(SyscallNumber.inotify_init1, OpenFlags.O_CLOEXEC | OpenFlags.O_NONBLOCK);
        if (fd < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw errno == Errno.EMFILE
                ? new SkiffException("too many inotify instances are in use: raise fs.inotify.max_user_instances with sysctl", 1)
                : new LinuxException("inotify_init1", directory, errno);
        }
        DirectoryWatch watch = new(new SafeFd((int)fd));
        fixed (byte* path = CString.Encode(directory))
        {
            if (RawCall.Invoke(SyscallNumber.inotify_add_watch, fd, (nint)path, IN_MODIFY | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF) < 0)
            {
                LinuxException failure = LinuxException.Last("inotify_add_watch", directory);
                watch.Dispose();
                throw failure;
            }
        }
        return watch;
    }

    /// <summary>Sleeps until something happens, at most <paramref name="milliseconds"/> (−1: for ever); false when the time ran out.</summary>
    public bool Wait(int milliseconds)
    {
        if (Poll.Wait(Fd.Value, Poll.POLLIN, milliseconds) == 0)
        {
            return false;
        }
        Clear();
        return true;
    }

    /// <summary>Forgets what was noticed: the caller looks at the files itself.</summary>
    public void Clear()
    {
        byte* buffer = stackalloc byte[4096];
        while (Libc.read(Fd.Value, buffer, 4096) > 0) { }
    }

    /// <inheritdoc/>
    public void Dispose() => Fd.Dispose();
}
