namespace Skiff.Linux.Cgroups;

/// <summary><c>--cpus</c> in the scheduler's terms: a quota of microseconds per period (kernel: scheduler/sched-bwc.rst).</summary>
public static class CpuLimits
{
    /// <summary>The period docker uses: 100 ms.</summary>
    public const ulong Period = 100_000;

    /// <summary>The least quota the kernel accepts: 1 ms.</summary>
    public const long MinimumQuota = 1000;

    /// <summary>The processors of the host; Environment.ProcessorCount would obey the affinity of this process.</summary>
    public static int OnlineCpus() =>
        Files.TryReadText("/sys/devices/system/cpu/online", out _) is string text && NumberList.TryParse(text.Trim(), out NumberList? list)
            ? list.Numbers.Count
            : Environment.ProcessorCount;
}
