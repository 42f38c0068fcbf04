using Skiff.Linux.Actions;

namespace Skiff.Engine.Plan;

/// <summary>What the launcher does around a container's own steps, for those who want to see all of it: explain and --trace. A plain run does without.</summary>
public sealed record LaunchStory
{
    /// <summary>How the image is found.</summary>
    public IReadOnlyList<HostAction> Image { get; init; } = [];

    /// <summary>The container's directory and its files.</summary>
    public IReadOnlyList<HostAction> Files { get; init; } = [];

    /// <summary>What the first container of a network makes for all of them.</summary>
    public IReadOnlyList<HostAction> SharedNetwork { get; init; } = [];

    /// <summary>The host's half of the network.</summary>
    public IReadOnlyList<HostAction> Network { get; init; } = [];

    /// <summary>What is left to clean up besides the cgroup.</summary>
    public IReadOnlyList<HostAction> CleanUp { get; init; } = [];

    /// <summary>The directory of all volumes: what lies in it is a directory, also while it is not made.</summary>
    public string Volumes { get; init; } = "";
}

/// <summary>The moments of the launcher that have a step and a time of their own.</summary>
public enum HostMoment
{
    None,
    Image,
    Files,
    Mounts,
    SharedNetwork,
    Birthplace,
    Birth,
    EarlyCgroups,
    Cgroup,
    IdMaps,
    Network,
    Wait,
    CleanUp,
}
