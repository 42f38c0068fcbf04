namespace Skiff.Linux.Cgroups;

/// <summary>Limits of one cgroup in the kernel's units; null and empty mean "leave the kernel's default". Field by field the <c>linux.resources</c> of the OCI runtime specification.</summary>
public sealed partial record Resources
{
    /// <summary>Nothing is limited.</summary>
    public static Resources None { get; } = new();

    /// <summary>Bytes; -1 for unlimited. <c>--memory</c>.</summary>
    public long? Memory { get; init; }

    /// <summary>Memory plus swap in bytes, -1 for unlimited swap. <c>--memory-swap</c>.</summary>
    public long? MemorySwap { get; init; }

    /// <summary>Bytes that reclaim tries to leave; -1 for none. <c>--memory-reservation</c>.</summary>
    public long? MemoryReservation { get; init; }

    /// <summary>0–100; cgroup v1 only. <c>--memory-swappiness</c>.</summary>
    public ulong? Swappiness { get; init; }

    /// <summary>Tasks wait instead of being killed; cgroup v1 only. <c>--oom-kill-disable</c>.</summary>
    public bool OomKillDisable { get; init; }

    /// <summary>Relative weight 2–262144, default 1024. <c>--cpu-shares</c>.</summary>
    public ulong? CpuShares { get; init; }

    /// <summary>Microseconds per period, -1 for unlimited. <c>--cpu-quota</c>, <c>--cpus</c>.</summary>
    public long? CpuQuota { get; init; }

    /// <summary>Microseconds, 1000–1000000. <c>--cpu-period</c>.</summary>
    public ulong? CpuPeriod { get; init; }

    /// <summary>Microseconds that may be saved up for a burst (kernel 5.14).</summary>
    public ulong? CpuBurst { get; init; }

    /// <summary>1 makes every task SCHED_IDLE (cpu.idle, kernel 5.15).</summary>
    public long? CpuIdle { get; init; }

    /// <summary>Microseconds; cgroup v1 with CONFIG_RT_GROUP_SCHED. <c>--cpu-rt-runtime</c>.</summary>
    public long? CpuRealtimeRuntime { get; init; }

    /// <summary>Microseconds. <c>--cpu-rt-period</c>.</summary>
    public ulong? CpuRealtimePeriod { get; init; }

    /// <summary>List such as <c>0-3,5</c>. <c>--cpuset-cpus</c>.</summary>
    public string? CpusetCpus { get; init; }

    /// <summary>List of memory nodes. <c>--cpuset-mems</c>.</summary>
    public string? CpusetMems { get; init; }

    /// <summary>Processes and threads; 0 or less is unlimited. <c>--pids-limit</c>.</summary>
    public long? PidsLimit { get; init; }

    /// <summary>10–1000. <c>--blkio-weight</c>.</summary>
    public int? BlkioWeight { get; init; }

    /// <summary><c>--blkio-weight-device</c>.</summary>
    public IReadOnlyList<DeviceLimit> BlkioWeightDevice { get; init; } = [];

    /// <summary>Bytes per second. <c>--device-read-bps</c>.</summary>
    public IReadOnlyList<DeviceLimit> DeviceReadBps { get; init; } = [];

    /// <summary>Bytes per second. <c>--device-write-bps</c>.</summary>
    public IReadOnlyList<DeviceLimit> DeviceWriteBps { get; init; } = [];

    /// <summary>Operations per second. <c>--device-read-iops</c>.</summary>
    public IReadOnlyList<DeviceLimit> DeviceReadIops { get; init; } = [];

    /// <summary>Operations per second. <c>--device-write-iops</c>.</summary>
    public IReadOnlyList<DeviceLimit> DeviceWriteIops { get; init; } = [];

    /// <summary>Page size in the kernel's words (<c>2MB</c>, <c>1GB</c>) and bytes.</summary>
    public IReadOnlyList<(string PageSize, ulong Limit)> Hugetlb { get; init; } = [];

    /// <summary>cgroup v2 files and what is written to them: <c>linux.resources.unified</c>, <c>--cgroup-conf</c>.</summary>
    public IReadOnlyList<(string File, string Value)> Unified { get; init; } = [];

    /// <summary>Device rules in order, later ones win; null leaves devices alone (privileged containers).</summary>
    public IReadOnlyList<DeviceRule>? Devices { get; init; }
}

/// <summary>A weight or rate of one block device.</summary>
/// <param name="Major">Major number.</param>
/// <param name="Minor">Minor number.</param>
/// <param name="Value">Weight 10–1000, bytes per second or operations per second; 0 removes a rate.</param>
public readonly record struct DeviceLimit(long Major, long Minor, ulong Value);
