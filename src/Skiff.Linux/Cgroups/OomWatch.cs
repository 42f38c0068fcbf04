using System.Globalization;

namespace Skiff.Linux.Cgroups;

/// <summary>A descriptor that becomes ready when the OOM killer works in a cgroup: memory.events (version 2), or an eventfd that the memory controller signals (version 1).</summary>
public sealed class OomWatch : IDisposable
{
    private const int EFD_CLOEXEC = 0x80000;
    private const int EFD_NONBLOCK = 0x800;
    private readonly SafeFd _fd;
    private readonly bool _isEventFd;

    private OomWatch(SafeFd fd, bool isEventFd)
    {
        _fd = fd;
        _isEventFd = isEventFd;
    }

    /// <summary>What to poll.</summary>
    public int Fd => _fd.Value;

    /// <summary>The events to poll for.</summary>
    public short Events => _isEventFd ? Poll.POLLIN : Poll.POLLPRI;

    /// <summary>Takes notice, so that the next event is a new one; false when the cgroup has been removed.</summary>
    public bool Acknowledge()
    {
        Span<byte> buffer = stackalloc byte[512];
        if (!_isEventFd)
        {
            _ = RawCall.Invoke(SyscallNumber.lseek, _fd.Value, 0, 0);
        }
        return Files.TryRead(_fd, buffer, out _) > 0;
    }

    /// <summary>Begins to watch; null where the host has no memory controller or does not tell.</summary>
    internal static OomWatch? TryOpen(string? v1, string? v2) =>
        v1 is not null ? TryOpenV1(v1)
        : v2 is not null ? TryOpenV2(v2)
        : null;

    // kernel: admin-guide/cgroup-v1/memory.rst "OOM Control": "<event_fd> <fd of memory.oom_control>" into cgroup.event_control.
    private static OomWatch? TryOpenV1(string directory)
    {
        using SafeFd? control = Files.TryOpen(directory + "/memory.oom_control", OpenFlags.O_RDONLY, out _);
        if (control is null)
        {
            return null;
        }
        nint number = RawCall.Invoke(SyscallNumber.eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (number < 0)
        {
            return null;
        }
        SafeFd fd = new((int)number);
        string value = string.Create(CultureInfo.InvariantCulture, $"{fd.Value} {control.Value}");
        if (Files.TryWriteValue(directory + "/cgroup.event_control", value) != 0)
        {
            fd.Dispose();
            return null;
        }
        return new OomWatch(fd, isEventFd: true);
    }

    private static OomWatch? TryOpenV2(string directory)
    {
        if (Files.TryOpen(directory + "/memory.events", OpenFlags.O_RDONLY, out _) is not { } fd)
        {
            return null;
        }
        OomWatch watch = new(fd, isEventFd: false);
        _ = watch.Acknowledge(); // poll(2) tells of changes since the last read
        return watch;
    }

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();
}
