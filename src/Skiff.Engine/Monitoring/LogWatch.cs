using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>Waits until a container's log may have grown, inotify(7), or its monitor has ended.</summary>
public sealed unsafe class LogWatch : IDisposable
{
    private const int IN_CLOEXEC = 0x80000;
    private const int IN_NONBLOCK = 0x800;
    private const int IN_MODIFY = 0x2;
    private const int IN_MOVED_TO = 0x80;
    private const int IN_CREATE = 0x100;
    private readonly SafeFd? _watch;
    private readonly Pidfd? _monitor;

    /// <summary>Watches the directory of the log from now on: what was written before must be read afterwards.</summary>
    /// <param name="directory">The container's.</param>
    /// <param name="monitor">The process that writes the log; null when nobody does.</param>
    public LogWatch(string directory, Pidfd? monitor)
    {
        _monitor = monitor;
        nint fd = RawCall.Invoke(SyscallNumber.inotify_init1, IN_CLOEXEC | IN_NONBLOCK);
        if (fd < 0)
        {
            return; // no more instances for this user: the log is looked at from time to time
        }
        _watch = new SafeFd((int)fd);
        fixed (byte* path = CString.Encode(directory))
        {
            if (RawCall.Invoke(SyscallNumber.inotify_add_watch, fd, (nint)path, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
            {
                _watch.Dispose();
                _watch = null;
            }
        }
    }

    /// <summary>Waits; false when the log will not grow any more.</summary>
    /// <param name="milliseconds">At most so long; -1 for ever.</param>
    public bool Wait(int milliseconds)
    {
        if (_monitor is null)
        {
            return false;
        }
        Span<PollFd> entries = [new PollFd(_monitor.Fd.Value, Poll.POLLIN), new PollFd(_watch?.Value ?? -1, Poll.POLLIN)];
        Poll.Wait(entries, _watch is null ? 50 : milliseconds);
        Span<byte> events = stackalloc byte[4096];
        while (_watch is not null && Files.TryRead(_watch, events, out _) > 0)
        {
            // what happened does not matter: the reader looks
        }
        return entries[0].ReturnedEvents == 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _watch?.Dispose();
}
