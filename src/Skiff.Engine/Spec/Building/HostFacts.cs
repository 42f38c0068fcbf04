using Skiff.Linux.Capabilities;

namespace Skiff.Engine.Spec;

/// <summary>Facts of the host, gathered once.</summary>
public sealed partial record HostFacts
{
    /// <summary>uname(2) node name.</summary>
    public string Hostname { get; init; } = "localhost";

    /// <summary>Capabilities that the engine can hand on: those in its own bounding set, capabilities(7). A nested engine has fewer than the kernel knows.</summary>
    public CapabilitySet Capabilities { get; init; } = CapabilitySet.All;

    /// <summary>The engine's own user and group ids.</summary>
    public uint Uid { get; init; }

    /// <summary>The engine's own group id.</summary>
    public uint Gid { get; init; }

    /// <summary>The engine works for an ordinary user, in whose user namespace it is.</summary>
    public bool Rootless { get; init; }

    /// <summary>The users that this user namespace has; empty for all of the host's.</summary>
    public ValueList<IdMapping> OwnUids { get; init; }

    /// <summary>The groups that it has; empty for all of the host's.</summary>
    public ValueList<IdMapping> OwnGids { get; init; }

    /// <summary>Ids for user namespaces: the caller's range in /etc/subuid; HostId and Size count.</summary>
    public IdMapping? SubordinateUids { get; init; }

    /// <summary>The caller's range in /etc/subgid.</summary>
    public IdMapping? SubordinateGids { get; init; }

    /// <summary>SELinux is enabled; looked for when a label is asked for.</summary>
    public bool SeLinux { get; init; }

    /// <summary>The kernel limits swap per cgroup, so that docker's default of twice the memory can be set.</summary>
    public bool SwapAccounting { get; init; } = true;

    /// <summary>The host has /dev/mqueue, which a container with the host's ipc namespace may show; looked for with <c>--ipc host</c>.</summary>
    public bool HasMessageQueues { get; init; } = true;

    /// <summary>Processors that are online; counted when <c>--cpus</c> is asked for.</summary>
    public int Processors { get; init; } = int.MaxValue;

    /// <summary>Processors with /sys/devices/system/cpu/cpuN/thermal_throttle, whose counters tell of the neighbours' load; 0 when there are none.</summary>
    public int ThermalThrottleProcessors { get; init; }

    /// <summary>Looks up a device node of the host; null when the path is none.</summary>
    public Func<string, DeviceSpec?> FindDevice { get; init; } = HostDevices.Find;

    /// <summary>The devices in a host directory and below, for <c>--device DIR</c> and <c>--privileged</c>.</summary>
    public Func<string, IReadOnlyList<DeviceSpec>> ListDevices { get; init; } = HostDevices.List;
}
