namespace Skiff.Engine.Spec;

/// <summary><c>linux.resources</c>: limits of the container's cgroup. What is null or empty is not touched.</summary>
public sealed record ResourcesSpec
{
    /// <summary>Device rules; later ones win.</summary>
    public ValueList<DeviceRuleSpec> Devices { get; init; }

    public MemorySpec? Memory { get; init; }
    public CpuSpec? Cpu { get; init; }

    /// <summary>Processes and threads; -1 for unlimited.</summary>
    public long? PidsLimit { get; init; }

    public BlockIoSpec? BlockIo { get; init; }

    /// <summary>Page size such as <c>2MB</c> to bytes.</summary>
    public ValueList<HugepageLimit> HugepageLimits { get; init; }

    public NetworkResourcesSpec? Network { get; init; }

    /// <summary>RDMA devices.</summary>
    public ValueList<RdmaLimit> Rdma { get; init; }

    /// <summary>cgroup v2 files to write as they are.</summary>
    public ValueList<NameValue> Unified { get; init; }
}

/// <summary>One of <c>resources.devices</c>.</summary>
/// <param name="Allow">Allow or deny.</param>
/// <param name="Type"><c>a</c>, <c>b</c> or <c>c</c>.</param>
/// <param name="Major">null for every one.</param>
/// <param name="Minor">null for every one.</param>
/// <param name="Access">Any of <c>r</c>, <c>w</c>, <c>m</c>.</param>
public readonly record struct DeviceRuleSpec(bool Allow, char Type, long? Major, long? Minor, string Access);

/// <summary><c>resources.memory</c>; bytes, -1 for unlimited.</summary>
public sealed record MemorySpec
{
    public long? Limit { get; init; }
    public long? Reservation { get; init; }

    /// <summary>Memory plus swap.</summary>
    public long? Swap { get; init; }

    public long? Kernel { get; init; }
    public long? KernelTcp { get; init; }

    /// <summary>0–100.</summary>
    public ulong? Swappiness { get; init; }

    public bool? DisableOomKiller { get; init; }
    public bool? UseHierarchy { get; init; }

    /// <summary>Fail when the new limit is below the present use.</summary>
    public bool? CheckBeforeUpdate { get; init; }
}

/// <summary><c>resources.cpu</c>; times in microseconds.</summary>
public sealed record CpuSpec
{
    public ulong? Shares { get; init; }
    public long? Quota { get; init; }
    public ulong? Burst { get; init; }
    public ulong? Period { get; init; }
    public long? RealtimeRuntime { get; init; }
    public ulong? RealtimePeriod { get; init; }
    public string? Cpus { get; init; }
    public string? Mems { get; init; }

    /// <summary>cpu.idle: 1 for SCHED_IDLE.</summary>
    public long? Idle { get; init; }
}

/// <summary>Weights for one block device.</summary>
public readonly record struct WeightDevice(long Major, long Minor, int? Weight, int? LeafWeight);

/// <summary>A rate for one block device, in bytes or operations per second.</summary>
public readonly record struct ThrottleDevice(long Major, long Minor, ulong Rate);

/// <summary><c>resources.blockIO</c>.</summary>
public sealed record BlockIoSpec
{
    public int? Weight { get; init; }
    public int? LeafWeight { get; init; }
    public ValueList<WeightDevice> WeightDevices { get; init; }
    public ValueList<ThrottleDevice> ReadBps { get; init; }
    public ValueList<ThrottleDevice> WriteBps { get; init; }
    public ValueList<ThrottleDevice> ReadIops { get; init; }
    public ValueList<ThrottleDevice> WriteIops { get; init; }
}

/// <summary>One of <c>resources.hugepageLimits</c>.</summary>
public readonly record struct HugepageLimit(string PageSize, ulong Limit);

/// <summary><c>resources.network</c>, cgroup v1.</summary>
public sealed record NetworkResourcesSpec
{
    public uint? ClassId { get; init; }
    public ValueList<NetworkPriority> Priorities { get; init; }
}

/// <summary>Priority of traffic on one link.</summary>
public readonly record struct NetworkPriority(string Name, uint Priority);

/// <summary>One of <c>resources.rdma</c>.</summary>
public readonly record struct RdmaLimit(string Device, uint? HcaHandles, uint? HcaObjects);
