namespace Skiff.Linux.Cgroups;

/// <summary>What a cgroup uses and has used; null where the host does not account it. Bytes, nanoseconds, counts since the cgroup was made.</summary>
public sealed record CgroupStats
{
    /// <summary>Processor time in nanoseconds.</summary>
    public ulong? CpuUsage { get; init; }

    /// <summary>The part in user mode.</summary>
    public ulong? CpuUser { get; init; }

    /// <summary>The part in the kernel.</summary>
    public ulong? CpuSystem { get; init; }

    /// <summary>Periods of the quota that have passed.</summary>
    public ulong? CpuPeriods { get; init; }

    /// <summary>Periods in which the cgroup was throttled.</summary>
    public ulong? CpuThrottledPeriods { get; init; }

    /// <summary>Nanoseconds of throttling.</summary>
    public ulong? CpuThrottledTime { get; init; }

    /// <summary>Memory in use, page cache included.</summary>
    public ulong? Memory { get; init; }

    /// <summary>Page cache that nobody has used lately: <c>docker stats</c> subtracts it from <see cref="Memory"/>.</summary>
    public ulong? MemoryInactiveFile { get; init; }

    /// <summary>Page cache.</summary>
    public ulong? MemoryCache { get; init; }

    /// <summary>The most memory that was in use (version 2: kernel 5.19).</summary>
    public ulong? MemoryPeak { get; init; }

    /// <summary>The limit; null for none.</summary>
    public ulong? MemoryLimit { get; init; }

    /// <summary>Swap in use.</summary>
    public ulong? Swap { get; init; }

    /// <summary>Processes and threads.</summary>
    public ulong? Pids { get; init; }

    /// <summary>Their limit; null for none.</summary>
    public ulong? PidsLimit { get; init; }

    /// <summary>Bytes read from block devices.</summary>
    public ulong? IoRead { get; init; }

    /// <summary>Bytes written to block devices.</summary>
    public ulong? IoWrite { get; init; }

    /// <summary>Time lost waiting for a processor.</summary>
    public Pressure? CpuPressure { get; init; }

    /// <summary>Time lost waiting for memory.</summary>
    public Pressure? MemoryPressure { get; init; }

    /// <summary>Time lost waiting for block devices.</summary>
    public Pressure? IoPressure { get; init; }
}

/// <summary>Pressure stall information (kernel: accounting/psi.rst), the "some" and "full" lines: percent of the last 10 seconds and microseconds in all.</summary>
public readonly record struct Pressure(double SomeAverage10, ulong SomeTotal, double FullAverage10, ulong FullTotal);

/// <summary>What the OOM killer did in a cgroup.</summary>
/// <param name="Kills">Processes that were killed, of the cgroup and those below it.</param>
/// <param name="Peak">Most memory in use, bytes, or null.</param>
/// <param name="Limit">The memory limit, bytes, or null.</param>
public readonly record struct OomState(ulong Kills, ulong? Peak, ulong? Limit);
