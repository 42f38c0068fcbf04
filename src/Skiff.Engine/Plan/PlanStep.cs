using Skiff.Linux.Actions;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <summary>The building block of a container to which a step belongs: the chapters of the lesson.</summary>
public enum Block
{
    Image,
    Filesystem,
    Namespaces,
    ProcAndDev,
    Cgroup,
    Network,
    Identity,
    Exec,
    CleanUp,
}

/// <summary>Where a step runs.</summary>
public enum Place
{
    /// <summary>In the engine, on the host.</summary>
    Host,

    /// <summary>In the container's first process, between clone3(2) and execve(2).</summary>
    Container,
}

/// <summary>One step of a plan: where, why, and what exactly.</summary>
public sealed record PlanStep
{
    /// <summary>The chapter.</summary>
    public required Block Block { get; init; }

    /// <summary>Where it runs.</summary>
    public required Place Place { get; init; }

    /// <summary>One sentence for a learner.</summary>
    public required string Why { get; init; }

    /// <summary>Host steps: the launcher's moment; none for a container step.</summary>
    public HostMoment Moment { get; init; }

    /// <summary>Host steps: the changes, in order.</summary>
    public IReadOnlyList<HostAction> Actions { get; init; } = [];

    /// <summary>The program of which the step is a part; null for one that consists of <see cref="Actions"/>.</summary>
    public ChildProgram? Program { get; init; }

    /// <summary>Index of the first instruction.</summary>
    public int First { get; init; }

    /// <summary>Index after the last instruction.</summary>
    public int End { get; init; }
}
