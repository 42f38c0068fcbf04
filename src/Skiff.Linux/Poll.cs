using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>struct pollfd, poll(2).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PollFd(int fd, short events)
{
    /// <summary>The descriptor; a negative one is skipped.</summary>
    public int Fd = fd;

    /// <summary>What is waited for.</summary>
    public short Events = events;

    /// <summary>What is the case.</summary>
    public short ReturnedEvents;
}

/// <summary>poll(2) on few descriptors, for synchronous loops; EINTR is retried with the time that is left.</summary>
public static unsafe class Poll
{
    public const short POLLIN = 1;
    public const short POLLPRI = 2;
    public const short POLLOUT = 4;
    public const short POLLERR = 8;
    public const short POLLHUP = 16;
    public const short POLLNVAL = 32;

    /// <summary>Waits for one descriptor; returns its events, 0 when the time ran out.</summary>
    /// <param name="fd">The descriptor.</param>
    /// <param name="events">POLLIN, POLLOUT.</param>
    /// <param name="milliseconds">-1 waits without end.</param>
    public static short Wait(int fd, short events, int milliseconds)
    {
        Span<PollFd> one = [new PollFd(fd, events)];
        _ = Wait(one, milliseconds);
        return one[0].ReturnedEvents;
    }

    /// <summary>Waits until one of the descriptors has an event; returns how many have, 0 when the time ran out.</summary>
    public static int Wait(Span<PollFd> fds, int milliseconds)
    {
        long start = Stopwatch.GetTimestamp();
        int left = milliseconds;
        fixed (PollFd* p = fds)
        {
            while (true)
            {
                int n = Libc.poll(p, (nuint)fds.Length, left);
                if (n >= 0)
                {
                    return n;
                }
                if (Marshal.GetLastPInvokeError() is int errno && errno != Errno.EINTR)
                {
                    throw new LinuxException("poll", "", errno);
                }
                if (milliseconds > 0)
                {
                    left = (int)Math.Max(0, milliseconds - (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            }
        }
    }
}
