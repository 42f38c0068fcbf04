using Skiff.Engine.Spec;
using Skiff.Linux.Actions;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <summary>All that must be known of a container to make its first process, before its image and its spec are: see docs/decisions/014.</summary>
public sealed record Conception
{
    /// <summary>The namespaces that it will be in anew, but for the cgroup namespace.</summary>
    public required CloneFlags Namespaces { get; init; }

    /// <summary>The container dies with the process that starts it (foreground).</summary>
    public bool DiesWithParent { get; init; }

    /// <summary>The host lays a cable into its network namespace, which is therefore made first.</summary>
    public bool HasCable { get; init; }

    /// <summary>Its parent's end of a channel on which that one waits for the end of the command; -1 for none.</summary>
    public int ParentsChannel { get; init; } = -1;

    /// <summary>Descriptors that it needs beside its channel, where others that are open may belong to containers that other threads start at the same time; null where there are none.</summary>
    public int[]? Kept { get; init; }

    /// <summary>What makes the cgroup that it is born in.</summary>
    public IReadOnlyList<HostAction> Birthplace { get; init; } = [];

    /// <summary>That cgroup: a directory of the version 2 hierarchy; null where there is none.</summary>
    public string? V2Directory { get; init; }

    /// <summary>What makes the version 1 cgroups that it enters itself.</summary>
    public IReadOnlyList<HostAction> Cgroups { get; init; } = [];

    /// <summary>A process that has made namespaces already, for this one to enter; null for none.</summary>
    public HeadStart? Ahead { get; init; }

    /// <summary>That process makes the version 1 cgroups, as its first job.</summary>
    public bool AheadMakesCgroups { get; init; }

    /// <summary>The engine makes them, while the child is at its namespaces: without a cable to lay it has less to do than the child.</summary>
    internal bool LeavesCgroups => !HasCable && Cgroups.Count > 0 && !AheadMakesCgroups;

    /// <summary>Gives the making of version 1 cgroups to a process that began before, if it can take it.</summary>
    internal static bool Prepare(HeadStart? ahead, IReadOnlyList<HostAction> cgroups)
    {
        if (ahead is null || cgroups.Count == 0)
        {
            return false;
        }
        List<string> own = new(cgroups.Count);
        foreach (HostAction action in cgroups)
        {
            if (action is MakeCgroup { Keep: false } make)
            {
                own.Add(make.Path);
            }
        }
        return ahead.TryPrepare(own);
    }

    /// <summary>Files by which it enters them; none where they need more than to be made.</summary>
    public IReadOnlyList<string> JoinFiles { get; init; } = [];

    /// <summary>The processors that the child gives itself when it is under way on another one than the engine (<see cref="ProcessorMask"/>); null where there is but one.</summary>
    public byte[]? Processors { get; init; }

    /// <summary>The host's steps are to be told.</summary>
    public bool Told { get; init; }

    /// <summary>The namespaces as far as they follow from the flags alone; null when the first process cannot be made before the rest is known: it joins somebody's namespaces, maps users,
    /// or may not share the engine's memory (<see cref="LaunchPlanner.RoomyMemory"/>); or its cgroup is somewhere where nobody would look for it without a record.</summary>
    public static CloneFlags? NamespacesOf(RunOptions options)
    {
        NetworkKind network = options.Networks.IsEmpty ? NetworkKind.Bridge : options.Networks[0].Kind;
        if (
            options.CgroupParent is not null
            || options.Userns.Kind is not (NamespaceKind.Default or NamespaceKind.Host)
            || !options.UidMap.IsEmpty
            || !options.GidMap.IsEmpty
            || (options.SubUidName ?? options.SubGidName) is not null
            || options.Pid.Kind == NamespaceKind.Host
            || Joins(options.Pid)
            || Joins(options.Ipc)
            || Joins(options.Uts)
            || Joins(options.Cgroupns)
            || network is NetworkKind.Container or NetworkKind.Path
            || options.Memory is > 0 and < LaunchPlanner.RoomyMemory
        )
        {
            return null;
        }
        return CloneFlags.CLONE_NEWNS
            | CloneFlags.CLONE_NEWPID
            | (options.Ipc.Kind == NamespaceKind.Host ? CloneFlags.None : CloneFlags.CLONE_NEWIPC)
            | (options.Uts.Kind == NamespaceKind.Host ? CloneFlags.None : CloneFlags.CLONE_NEWUTS)
            | (network == NetworkKind.Host ? CloneFlags.None : CloneFlags.CLONE_NEWNET);
    }

    private static bool Joins(NamespaceMode mode) => mode.Kind is NamespaceKind.Container or NamespaceKind.Path;
}
