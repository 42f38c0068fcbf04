namespace Skiff.Engine.Spec;

/// <summary>The standard streams named by <c>--attach</c>.</summary>
[Flags]
public enum StandardStreams
{
    None = 0,
    Stdin = 1,
    Stdout = 2,
    Stderr = 4,
}

/// <summary>When <c>run</c> fetches the image (<c>--pull</c>).</summary>
public enum PullPolicy
{
    /// <summary>Only when it is not in the store: docker's default.</summary>
    Missing,

    /// <summary>Always ask the registry.</summary>
    Always,

    /// <summary>Never; an absent image is an error.</summary>
    Never,

    /// <summary>Ask the registry, but use the stored image when it cannot be reached (podman's <c>newer</c>).</summary>
    Newer,
}

/// <summary>What happens to a container whose health check fails (<c>--health-on-failure</c>, podman's words).</summary>
public enum HealthAction
{
    None,
    Kill,
    Restart,
    Stop,
}

/// <summary>One resource limit (<c>--ulimit</c>): values in the resource's own unit, -1 for unlimited.</summary>
/// <param name="Name">The name without RLIMIT_, lower case: <c>nofile</c>.</param>
/// <param name="Soft">Soft limit.</param>
/// <param name="Hard">Hard limit.</param>
public readonly record struct Ulimit(string Name, long Soft, long Hard);

/// <summary>One line for the container's hosts file (<c>--add-host</c>).</summary>
/// <param name="Name">Host name.</param>
/// <param name="Address">An IP address, or <c>host-gateway</c> for the host as seen from the container.</param>
public readonly record struct HostEntry(string Name, string Address);

/// <summary>One <c>--volumes-from</c>.</summary>
/// <param name="Container">Name or id of the other container.</param>
/// <param name="ReadOnly">True for <c>:ro</c>, false for <c>:rw</c>, null to keep each mount's own mode.</param>
public readonly record struct VolumesFrom(string Container, bool? ReadOnly);

/// <summary>A limit or weight for one block device (<c>--device-read-bps /dev/sda:1mb</c>, <c>--blkio-weight-device</c>).</summary>
/// <param name="Path">Absolute path of the device on the host.</param>
/// <param name="Value">Bytes or operations per second, or the weight.</param>
public readonly record struct DeviceValue(string Path, ulong Value);

/// <summary>A host device for the container (<c>--device host[:container[:rwm]]</c>).</summary>
/// <param name="HostPath">Absolute path of a device or of a directory of devices on the host.</param>
/// <param name="ContainerPath">Absolute path in the container.</param>
/// <param name="Access">Any of <c>r</c>, <c>w</c>, <c>m</c>.</param>
public readonly record struct DeviceMapping(string HostPath, string ContainerPath, string Access);

/// <summary>One rule of the device cgroup (<c>--device-cgroup-rule 'c 42:* rmw'</c>).</summary>
/// <param name="Type"><c>a</c>, <c>b</c> or <c>c</c>.</param>
/// <param name="Major">Major number, or null for every one.</param>
/// <param name="Minor">Minor number, or null for every one.</param>
/// <param name="Access">Any of <c>r</c>, <c>w</c>, <c>m</c>.</param>
public readonly record struct DeviceRule(char Type, long? Major, long? Minor, string Access);
