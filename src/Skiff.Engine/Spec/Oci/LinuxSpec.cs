namespace Skiff.Engine.Spec;

/// <summary><c>linux</c>, runtime-spec config-linux.md.</summary>
public sealed record LinuxSpec
{
    /// <summary>Namespaces to make (no path) or join (path); a kind that is absent is shared with the host.</summary>
    public ValueList<NamespaceSpec> Namespaces { get; init; }

    /// <summary>User id map of a new user namespace.</summary>
    public ValueList<IdMapping> UidMappings { get; init; }

    /// <summary>Group id map of a new user namespace.</summary>
    public ValueList<IdMapping> GidMappings { get; init; }

    /// <summary>Device nodes to make beside the default ones.</summary>
    public ValueList<DeviceSpec> Devices { get; init; }

    /// <summary>Path of the cgroup: absolute means below the cgroup mount; null for the runtime's choice.</summary>
    public string? CgroupsPath { get; init; }

    /// <summary>Limits.</summary>
    public ResourcesSpec Resources { get; init; } = new();

    /// <summary>Kernel parameters written in the container's namespaces.</summary>
    public ValueList<NameValue> Sysctl { get; init; }

    /// <summary>System call filter; null for none.</summary>
    public SeccompSpec? Seccomp { get; init; }

    /// <summary><c>shared</c>, <c>slave</c>, <c>private</c> or <c>unbindable</c>, also with <c>r</c>; null for rprivate.</summary>
    public string? RootfsPropagation { get; init; }

    /// <summary>Absolute paths hidden from the container.</summary>
    public ValueList<string> MaskedPaths { get; init; }

    /// <summary>Absolute paths made read-only.</summary>
    public ValueList<string> ReadonlyPaths { get; init; }

    /// <summary>SELinux label for mounts.</summary>
    public string? MountLabel { get; init; }

    /// <summary>Offsets of a time namespace.</summary>
    public ValueList<TimeOffset> TimeOffsets { get; init; }

    /// <summary>Execution domain, personality(2): <c>LINUX</c> or <c>LINUX32</c>.</summary>
    public string? Personality { get; init; }

    /// <summary>Host links to move into the container (1.3): host name to container name.</summary>
    public ValueList<NameValue> NetDevices { get; init; }

    /// <summary>The namespace of a kind; null when it is shared with the host.</summary>
    /// <param name="type">The spec's word: <c>pid</c>, <c>network</c>, <c>mount</c>, <c>ipc</c>, <c>uts</c>, <c>user</c>, <c>cgroup</c>, <c>time</c>.</param>
    public NamespaceSpec? Namespace(string type)
    {
        foreach (NamespaceSpec item in Namespaces)
        {
            if (item.Type == type)
            {
                return item;
            }
        }
        return null;
    }
}

/// <summary>One of <c>linux.namespaces</c>.</summary>
/// <param name="Type">The spec's word: <c>pid</c>, <c>network</c>, …</param>
/// <param name="Path">A namespace file to join; null to make a new one.</param>
public readonly record struct NamespaceSpec(string Type, string? Path = null);

/// <summary>One of <c>linux.devices</c>.</summary>
public sealed record DeviceSpec
{
    /// <summary>Absolute path in the container.</summary>
    public required string Path { get; init; }

    /// <summary><c>c</c>, <c>b</c>, <c>u</c> or <c>p</c>.</summary>
    public char Type { get; init; } = 'c';

    /// <summary>Major number.</summary>
    public long Major { get; init; }

    /// <summary>Minor number.</summary>
    public long Minor { get; init; }

    /// <summary>Permission bits; null for 0666.</summary>
    public uint? FileMode { get; init; }

    /// <summary>Owner.</summary>
    public uint? Uid { get; init; }

    /// <summary>Group.</summary>
    public uint? Gid { get; init; }
}

/// <summary>Offset of one clock of a time namespace, time_namespaces(7).</summary>
/// <param name="Clock"><c>monotonic</c> or <c>boottime</c>.</param>
/// <param name="Seconds">Whole seconds.</param>
/// <param name="Nanoseconds">0–999,999,999.</param>
public readonly record struct TimeOffset(string Clock, long Seconds, uint Nanoseconds);
