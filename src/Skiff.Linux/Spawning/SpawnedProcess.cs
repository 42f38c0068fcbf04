using System.Diagnostics;

namespace Skiff.Linux.Spawning;

/// <summary>A child: its pid, its pidfd, its reports.</summary>
public sealed unsafe class SpawnedProcess : IDisposable
{
    private readonly SharedPage _page;

    internal SpawnedProcess(int pid, SafeFd pidfd, ReportChannel channel, SharedPage page)
    {
        Pid = pid;
        Pidfd = new Pidfd(pidfd);
        Channel = channel;
        _page = page;
    }

    /// <summary>The process id in the caller's pid namespace.</summary>
    public int Pid { get; }

    /// <summary>The process as a descriptor.</summary>
    public Pidfd Pidfd { get; }

    /// <summary>Reports and permission to go on.</summary>
    public ReportChannel Channel { get; }

    /// <summary>Index of the instruction that the child runs or ended in; -1 before the first.</summary>
    public int Position => (int)Volatile.Read(ref _page.Progress->At) - 1;

    /// <summary>CLOCK_MONOTONIC nanoseconds at which instruction <paramref name="index"/> began; 0 when it was skipped or nothing was traced.</summary>
    public long StartedAt(int index) =>
        _page.Times == null ? 0 : (_page.Times[index].Seconds * 1_000_000_000) + _page.Times[index].Nanoseconds;

    /// <inheritdoc/>
    public void Dispose()
    {
        Pidfd.Dispose();
        Channel.Dispose();
        _page.Dispose();
    }

    internal bool HasBegun(int milliseconds)
    {
        if (Volatile.Read(ref _page.Progress->At) != 0)
        {
            return true;
        }
        long deadline = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * milliseconds / 1000);
        SpinWait spin = default;
        while (Volatile.Read(ref _page.Progress->At) == 0)
        {
            if (Stopwatch.GetTimestamp() > deadline)
            {
                return false;
            }
            spin.SpinOnce(sleep1Threshold: -1);
        }
        return true;
    }
}
