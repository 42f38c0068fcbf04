using System.Runtime.InteropServices;

namespace Skiff.Linux.Cgroups;

public sealed partial class Cgroup
{
    /// <summary>Process ids in the cgroup and below it, ascending; none if it is gone.</summary>
    public IReadOnlyCollection<int> Processes()
    {
        SortedSet<int> pids = [];
        if (ProcessDirectory is string directory)
        {
            CgroupTree.Processes(directory, pids);
        }
        return pids;
    }

    /// <summary>True while it is frozen.</summary>
    public bool IsFrozen() =>
        Find("freezer") is string v1
            ? Files.TryReadAll(v1 + "/freezer.state", out _).AsSpan().StartsWith("FROZEN"u8)
            : CgroupFile.Key(Files.TryReadAll(UnifiedDirectory + "/cgroup.events", out _), "frozen"u8) == 1;

    /// <summary>Stops every process until <see cref="Thaw"/>, without a signal that it could see. Returns when all are stopped.</summary>
    /// <param name="milliseconds">How long to wait; a process in an uninterruptible wait delays it. On failure everything is thawed again.</param>
    public void Freeze(int milliseconds = 10_000)
    {
        int errno = Find("freezer") is string v1 ? TryFreezeV1(v1, milliseconds) : TryFreezeV2(UnifiedDirectory, milliseconds);
        if (errno == Errno.ETIMEDOUT)
        {
            Thaw();
            throw new SkiffException(
                $"the processes of the cgroup {_path} could not be stopped within {milliseconds / 1000.0:0.#} s: one of them waits in the kernel; try again, or look for state D in skiff top"
            );
        }
        if (errno != 0)
        {
            throw new LinuxException("freeze", _path, errno);
        }
    }

    /// <summary>Lets the processes go on.</summary>
    public void Thaw()
    {
        int errno = TryThaw(out string path);
        if (errno != 0)
        {
            throw new LinuxException("write", path, errno);
        }
    }

    /// <summary>As <see cref="Thaw"/>; false when the cgroup is gone or cannot be frozen at all.</summary>
    public bool TryThaw() => TryThaw(out _) == 0;

    private int TryThaw(out string path)
    {
        (path, string value) = Find("freezer") is string v1
            ? (v1 + "/freezer.state", "THAWED")
            : (UnifiedDirectory + "/cgroup.freeze", "0");
        return Files.TryWriteValue(path, value);
    }

    /// <summary>Kills every process: <c>cgroup.kill</c> (kernel 5.14) where there is one, otherwise SIGKILL to each while frozen, so that none can fork away.
    /// Returns when the signals are sent; <see cref="WaitUntilEmpty"/> waits for the end.</summary>
    public void Kill()
    {
        bool sent = UnifiedDirectory is string unified && Files.TryWriteValue(unified + "/cgroup.kill", "1") == 0;
        if (sent && _layout.Mode == CgroupMode.V2)
        {
            return;
        }
        string? freezer = Find("freezer");
        // Only where nothing else keeps them from forking: whoever is killed between freezing and thawing leaves processes that no signal ends.
        if (freezer is not null && !sent)
        {
            _ = TryFreezeV1(freezer, 100);
        }
        // Without a freezer a child may be born between reading and killing: go on until a pass finds nobody new.
        HashSet<int> seen = [];
        for (bool more = true; more; )
        {
            more = false;
            foreach (int pid in Processes())
            {
                more |= seen.Add(pid);
                _ = Libc.kill(pid, Signals.SIGKILL);
            }
        }
        if (freezer is not null)
        {
            _ = Files.TryWriteValue(freezer + "/freezer.state", "THAWED");
        }
    }

    /// <summary>Sends a signal to every process.</summary>
    public void Signal(int signal)
    {
        foreach (int pid in Processes())
        {
            if (Libc.kill(pid, signal) != 0 && Marshal.GetLastPInvokeError() is int errno && errno != Errno.ESRCH)
            {
                throw new LinuxException("kill", $"{pid}, {Signals.Name(signal)}", errno);
            }
        }
    }

    /// <summary>Waits until the cgroup holds no process; false when the time ran out.</summary>
    public bool WaitUntilEmpty(int milliseconds)
    {
        long deadline = Environment.TickCount64 + milliseconds;
        while (Processes().Count > 0)
        {
            long left = deadline - Environment.TickCount64;
            if (left <= 0)
            {
                return false;
            }
            CgroupTree.WaitForOneTask(ProcessDirectory!, (int)Math.Min(left, 100));
        }
        return true;
    }

    // Any hierarchy lists the same processes; pids and memory are where a container cannot make cgroups of its own as easily as in a named one.
    private string? ProcessDirectory =>
        Find("pids")
        ?? Find("memory")
        ?? Find("freezer")
        ?? UnifiedDirectory
        ?? (_layout.Hierarchies.Length > 0 ? _layout.Hierarchies[0].MountPoint + _path : null);

    // kernel: cgroup-v1/freezer-subsystem.rst. A fork during FREEZING can leave it there; reading the state finishes the step, writing it again retries.
    private static int TryFreezeV1(string directory, int milliseconds)
    {
        string file = directory + "/freezer.state";
        long deadline = Environment.TickCount64 + milliseconds;
        do
        {
            int errno = Files.TryWriteValue(file, "FROZEN");
            if (errno != 0)
            {
                return errno;
            }
            if (Files.TryReadAll(file, out _).AsSpan().StartsWith("FROZEN"u8))
            {
                return 0;
            }
            // There is no notification in version 1: give the processor to those that are being stopped.
            _ = Thread.Yield();
        } while (Environment.TickCount64 < deadline);
        return Errno.ETIMEDOUT;
    }

    private static int TryFreezeV2(string? directory, int milliseconds)
    {
        using SafeFd? events = Files.TryOpen(directory + "/cgroup.events", OpenFlags.O_RDONLY, out int errno);
        errno = events is null ? errno : Files.TryWriteValue(directory + "/cgroup.freeze", "1");
        if (events is null || errno != 0)
        {
            return errno;
        }
        long deadline = Environment.TickCount64 + milliseconds;
        Span<byte> text = stackalloc byte[256];
        while (true)
        {
            int length = ReadFromStart(events, text);
            if (CgroupFile.Key(text[..length], "frozen"u8) == 1)
            {
                return 0;
            }
            long left = deadline - Environment.TickCount64;
            if (left <= 0)
            {
                return Errno.ETIMEDOUT;
            }
            // cgroup.events wakes pollers with POLLPRI when a value changes.
            _ = Poll.Wait(events.Value, Poll.POLLPRI, (int)left);
        }
    }

    private static unsafe int ReadFromStart(SafeFd fd, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            return (int)Math.Max(0, Libc.pread(fd.Value, p, buffer.Length, 0));
        }
    }
}
