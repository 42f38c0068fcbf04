namespace Skiff.Engine.Spec;

/// <summary><c>process</c>: the program and its attributes.</summary>
public sealed record ProcessSpec
{
    /// <summary>Give it a pseudo-terminal.</summary>
    public bool Terminal { get; init; }

    /// <summary>First size of the terminal.</summary>
    public ConsoleSize? ConsoleSize { get; init; }

    /// <summary>User, groups, umask.</summary>
    public UserSpec User { get; init; } = new();

    /// <summary>argv.</summary>
    public ValueList<string> Args { get; init; }

    /// <summary><c>NAME=value</c> strings.</summary>
    public ValueList<string> Env { get; init; }

    /// <summary>Absolute working directory.</summary>
    public string Cwd { get; init; } = "/";

    /// <summary>Capability sets; null for none at all.</summary>
    public CapabilitiesSpec? Capabilities { get; init; }

    /// <summary>Resource limits.</summary>
    public ValueList<RlimitSpec> Rlimits { get; init; }

    /// <summary>PR_SET_NO_NEW_PRIVS, prctl(2).</summary>
    public bool NoNewPrivileges { get; init; }

    /// <summary>AppArmor profile; null for none.</summary>
    public string? ApparmorProfile { get; init; }

    /// <summary>SELinux label; null for none.</summary>
    public string? SelinuxLabel { get; init; }

    /// <summary>-1000–1000; null leaves the caller's.</summary>
    public int? OomScoreAdj { get; init; }

    /// <summary>I/O priority, ioprio_set(2).</summary>
    public IoPrioritySpec? IoPriority { get; init; }

    /// <summary>Scheduler attributes, sched_setattr(2).</summary>
    public SchedulerSpec? Scheduler { get; init; }
}

/// <summary>Size of a terminal in characters.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public readonly record struct ConsoleSize(uint Height, uint Width);

/// <summary><c>process.user</c>.</summary>
public sealed record UserSpec
{
    /// <summary>User id in the container.</summary>
    public uint Uid { get; init; }

    /// <summary>Group id in the container.</summary>
    public uint Gid { get; init; }

    /// <summary>umask(2); null for 0022.</summary>
    public uint? Umask { get; init; }

    /// <summary>Supplementary groups.</summary>
    public ValueList<uint> AdditionalGids { get; init; }
}

/// <summary>The five capability sets as names with <c>CAP_</c>, capabilities(7).</summary>
public sealed record CapabilitiesSpec
{
    public ValueList<string> Bounding { get; init; }
    public ValueList<string> Effective { get; init; }
    public ValueList<string> Permitted { get; init; }
    public ValueList<string> Inheritable { get; init; }
    public ValueList<string> Ambient { get; init; }
}

/// <summary>One of <c>process.rlimits</c>, setrlimit(2).</summary>
/// <param name="Type"><c>RLIMIT_NOFILE</c> and so on.</param>
/// <param name="Soft">Soft limit; <see cref="ulong.MaxValue"/> for unlimited.</param>
/// <param name="Hard">Hard limit.</param>
public readonly record struct RlimitSpec(string Type, ulong Soft, ulong Hard);

/// <summary><c>process.ioPriority</c>.</summary>
/// <param name="Class"><c>IOPRIO_CLASS_RT</c>, <c>IOPRIO_CLASS_BE</c> or <c>IOPRIO_CLASS_IDLE</c>.</param>
/// <param name="Priority">0–7.</param>
public sealed record IoPrioritySpec(string Class, int Priority);

/// <summary><c>process.scheduler</c>.</summary>
/// <param name="Policy"><c>SCHED_OTHER</c> and so on.</param>
/// <param name="Nice">-20–19.</param>
/// <param name="Priority">Static priority.</param>
/// <param name="Flags"><c>SCHED_FLAG_…</c> names.</param>
/// <param name="Runtime">Nanoseconds, SCHED_DEADLINE.</param>
/// <param name="Deadline">Nanoseconds, SCHED_DEADLINE.</param>
/// <param name="Period">Nanoseconds, SCHED_DEADLINE.</param>
public sealed record SchedulerSpec(
    string Policy,
    int Nice,
    int Priority,
    ValueList<string> Flags,
    ulong Runtime,
    ulong Deadline,
    ulong Period
);
