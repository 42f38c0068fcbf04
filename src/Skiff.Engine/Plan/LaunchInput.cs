using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <summary>Everything a plan is made from.</summary>
public sealed record LaunchInput
{
    /// <summary>What to run.</summary>
    public required RuntimeSpec Spec { get; init; }

    /// <summary>The container's own directory, on which its root file system is mounted (in its mount namespace only).</summary>
    public required string ContainerDirectory { get; init; }

    /// <summary>Where short layer names start, the store's root; working directory while overlayfs is mounted.</summary>
    public string LayerRoot { get; init; } = "/";

    /// <summary>Layer directories for overlayfs, relative to <see cref="LayerRoot"/> or absolute, bottom first; empty for a plain root directory.</summary>
    public IReadOnlyList<string> Layers { get; init; } = [];

    /// <summary>The overlay need not survive a power cut: no sync at unmount (overlayfs "volatile", kernel 5.10).</summary>
    public bool Volatile { get; init; }

    /// <summary>The cgroup.</summary>
    public CgroupPlan Cgroup { get; init; } = CgroupPlan.Empty;

    /// <summary>The cgroup hierarchies of the host.</summary>
    public required CgroupLayout CgroupLayout { get; init; }

    /// <summary>The first process is made before the rest of the plan, and works at its own part while the engine is still at its: see docs/decisions/014.</summary>
    public bool BornEarly { get; init; }

    /// <summary>See <see cref="Conception.Processors"/>.</summary>
    public byte[]? Processors { get; init; }

    /// <summary>See <see cref="Conception.Ahead"/>.</summary>
    public HeadStart? Ahead { get; init; }

    /// <summary>overlayfs takes its layers one by one (<c>lowerdir+</c>, Linux 6.5), so that it can be mounted without being anywhere yet.</summary>
    public bool ListsLayers { get; init; }

    /// <summary>An ordinary user's engine: it is root in the user's namespaces, where no device can be made and overlayfs notes what it has to in attributes of users.</summary>
    public bool Rootless { get; init; }

    /// <summary>Groups can be set; not in a user namespace with the user as its only one.</summary>
    public bool SetsGroups { get; init; } = true;

    /// <summary>The container dies with the process that starts it (foreground).</summary>
    public bool DiesWithParent { get; init; }

    /// <summary>The three standard descriptors of the container when it has no terminal.</summary>
    public (int In, int Out, int Error) Standard { get; init; } = (0, 1, 2);

    /// <summary>With a terminal: descriptor of the child's end of a socket over which it sends the terminal's master.</summary>
    public int ConsoleSocket { get; init; } = -1;

    /// <summary>rtnetlink messages that the child sends in its own network namespace, with what they say.</summary>
    public IReadOnlyList<NetworkMessage> Network { get; init; } = [];

    /// <summary>The host lays a cable into the child's network namespace.</summary>
    public bool HasCable { get; init; }

    /// <summary>The host has work that must be done before the target runs (veth, ports).</summary>
    public bool WaitsForHost { get; init; }

    /// <summary>Limits of the caller, given back to the container where it asks for none: RLIMIT_NOFILE, which the runtime raises for itself.</summary>
    public (ulong Soft, ulong Hard)? CallerNoFile { get; init; }

    /// <summary>Compiled seccomp filter (struct sock_filter[]); null for none.</summary>
    public byte[]? SeccompFilter { get; init; }

    /// <summary>Flags of seccomp(2).</summary>
    public uint SeccompFlags { get; init; }

    /// <summary>Descriptors of the host that the child needs open: cgroup files when it is born in a user namespace.</summary>
    public IReadOnlyList<(string Path, int Descriptor)> CgroupDescriptors { get; init; } = [];

    /// <summary>The descriptor of the trampoline; -1 in a dry plan.</summary>
    public int Trampoline { get; init; } = -1;

    /// <summary>The kernel takes mounts on trees that are nowhere yet (6.15).</summary>
    public bool MountsOnDetached { get; init; }

    /// <summary>Namespaces to join instead of new ones, opened by the host: type → descriptor.</summary>
    public IReadOnlyList<(string Type, string Path, int Descriptor)> Joined { get; init; } = [];

    /// <summary>Namespaces that the child is born in, because it could not join them itself: a pid namespace, and all of them from its own user namespace.</summary>
    public IReadOnlyList<(string Type, string Path, int Descriptor)> JoinedBefore { get; init; } = [];

    /// <summary>Devices whose path on the host is another, for a container that may not make devices: path in the container, path on the host.</summary>
    public ValueList<NameValue> DeviceSources { get; init; }

    /// <summary>Mounts that the host has made for the container; null when it makes all of them itself.</summary>
    public LentTrees? Lent { get; init; }

    /// <summary>Secrets that the container finds as files.</summary>
    public IReadOnlyList<SecretToShow> Secrets { get; init; } = [];

    /// <summary>Secrets that its command finds as variables, <c>NAME=value</c>: they are in no spec, which is written down.</summary>
    public IReadOnlyList<string> SecretVariables { get; init; } = [];

    /// <summary>What happens around the container's steps; null where nobody looks.</summary>
    public LaunchStory? Story { get; init; }
}

/// <summary>One netlink request for the child to send.</summary>
/// <param name="Bytes">The message, struct nlmsghdr first.</param>
/// <param name="Text">What it says, in ip(8)'s words.</param>
public sealed record NetworkMessage(ReadOnlyMemory<byte> Bytes, string Text);
