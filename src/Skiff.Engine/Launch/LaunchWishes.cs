using Skiff.Engine.Containers;
using Skiff.Engine.Network;
using Skiff.Linux;

namespace Skiff.Engine.Launch;

/// <summary>How whoever starts a container wants to be connected with it.</summary>
public sealed record LaunchWishes
{
    /// <summary>The container has a terminal, whose master the starter serves.</summary>
    public bool Terminal { get; init; }

    /// <summary>The container dies with the starter.</summary>
    public bool DiesWithParent { get; init; }

    /// <summary>Its standard descriptors when it has no terminal.</summary>
    public (int In, int Out, int Error) Standard { get; init; } = (0, 1, 2);

    /// <summary>The lock of its session, where other threads start containers at the same time: its first process keeps this and closes what it does not need. Null where it is alone.</summary>
    public FileLock? Session { get; init; }

    /// <summary>Record when every instruction ran.</summary>
    public bool Traced { get; init; }

    /// <summary>The container has a monitor, the parent of its first process: that one's pid. Null where it ends with the starter.</summary>
    public int? Monitor { get; init; }

    /// <summary>What may be done while the container comes to life on another processor.</summary>
    public Action? Meanwhile { get; init; }

    /// <summary>The locked files and the netfilter socket of leases that whoever asked for the container has taken for it already; null to take them.</summary>
    public NetworkHandover? Lease { get; init; }

    /// <summary>How often it was started again by its policy.</summary>
    public int RestartCount { get; init; }

    /// <summary>Results of the health check from the container's life before: a restart forgets the state but not what led to it.</summary>
    public IReadOnlyList<HealthResult> HealthLog { get; init; } = [];

    /// <summary>RLIMIT_NOFILE of whoever asked for the container, where that is not this process's parent.</summary>
    public (ulong Soft, ulong Hard)? CallerNoFile { get; init; }
}
