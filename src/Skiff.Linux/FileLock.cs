using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>An advisory lock on a file, flock(2): released when disposed or when its process dies, however it dies.</summary>
public sealed class FileLock : IDisposable
{
    private const int LOCK_SH = 1;
    private const int LOCK_EX = 2;
    private const int LOCK_NB = 4;

    private readonly SafeFd _fd;

    private FileLock(SafeFd fd) => _fd = fd;

    /// <summary>The open, locked file; a child that inherits a duplicate keeps the lock.</summary>
    public SafeFd Fd => _fd;

    /// <summary>A lock that another process has taken and handed over: both hold it until both have closed it.</summary>
    public static FileLock Adopt(SafeFd locked) => new(locked);

    /// <summary>Waits for the exclusive (or shared) lock of <paramref name="path"/>, which is created if it is missing.</summary>
    public static FileLock Acquire(string path, bool shared = false) =>
        Lock(path, shared ? LOCK_SH : LOCK_EX) ?? throw new LinuxException("flock", path, Errno.EAGAIN);

    /// <summary>Takes the lock if nobody holds it; null otherwise.</summary>
    public static FileLock? TryAcquire(string path, bool shared = false) => Lock(path, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB);

    /// <summary>Takes the exclusive lock of an existing file if nobody holds it; null when it is held or the file does not exist (any more).</summary>
    public static FileLock? TryAcquireExisting(string path)
    {
        SafeFd? fd = Files.TryOpen(path, OpenFlags.O_RDWR, out _);
        return fd is null ? null : TryAcquire(fd, Libc.flock(fd.Value, LOCK_EX | LOCK_NB) == 0);
    }

    /// <summary>The same, but where somebody holds it <paramref name="patience"/> looks at the open file and says how long to wait, in milliseconds; it is asked again after that, until it says 0.</summary>
    public static FileLock? TryAcquireExisting(string path, Func<SafeFd, int> patience)
    {
        SafeFd? fd = Files.TryOpen(path, OpenFlags.O_RDWR, out _);
        if (fd is null)
        {
            return null;
        }
        bool locked = Libc.flock(fd.Value, LOCK_EX | LOCK_NB) == 0;
        while (!locked && patience(fd) is var milliseconds and > 0)
        {
            locked = IsLockedWithin(fd, milliseconds);
        }
        return TryAcquire(fd, locked);
    }

    private static FileLock? TryAcquire(SafeFd fd, bool locked)
    {
        if (locked && Files.IsLinked(fd))
        {
            return new FileLock(fd);
        }
        fd.Dispose();
        return null;
    }

    /// <summary>flock(2) knows no time limit, and nothing else tells that a lock is free: a thread waits in it. One that is late has a descriptor of its own, with which the lock goes that it gets after all.</summary>
    private static bool IsLockedWithin(SafeFd fd, int milliseconds)
    {
        const int F_DUPFD_CLOEXEC = 1030;
        int own = Libc.fcntl(fd.Value, F_DUPFD_CLOEXEC, 0);
        bool locked = false;
        Thread waiting = new(() =>
        {
            locked = Libc.flock(own, LOCK_EX) == 0;
            _ = Libc.close(own);
        })
        {
            IsBackground = true,
        };
        waiting.Start();
        return waiting.Join(milliseconds) && locked;
    }

    /// <summary>Waits for the exclusive lock of an existing directory, which needs no file of its own; null when it does not exist (any more), or not within the time.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="wait">How long to wait; null for ever.</param>
    public static FileLock? AcquireDirectory(string path, TimeSpan? wait = null)
    {
        SafeFd? fd = Files.TryOpen(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out int errno);
        if (fd is null)
        {
            return errno == Errno.ENOENT ? null : throw new LinuxException("open", path, errno);
        }
        long deadline = wait is TimeSpan limit ? Environment.TickCount64 + (long)limit.TotalMilliseconds : long.MaxValue;
        while (Libc.flock(fd.Value, wait is null ? LOCK_EX : LOCK_EX | LOCK_NB) != 0)
        {
            errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN && Environment.TickCount64 < deadline)
            {
                Thread.Sleep(2);
            }
            else if (errno != Errno.EINTR)
            {
                fd.Dispose();
                return errno == Errno.EAGAIN ? null : throw new LinuxException("flock", path, errno);
            }
        }
        if (!Files.IsLinked(fd))
        {
            fd.Dispose();
            return null;
        }
        return new FileLock(fd);
    }

    private static FileLock? Lock(string path, int operation)
    {
        SafeFd fd = Files.Open(path, OpenFlags.O_RDWR | OpenFlags.O_CREAT, 0x180);
        while (Libc.flock(fd.Value, operation) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
            {
                fd.Dispose();
                return null;
            }
            if (errno != Errno.EINTR)
            {
                fd.Dispose();
                throw new LinuxException("flock", path, errno);
            }
        }
        return new FileLock(fd);
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose() => _fd.Dispose();
}
