using Skiff.Linux;

namespace Skiff.Engine.Containers;

/// <summary>docker's states of a container.</summary>
public enum ContainerStatus
{
    /// <summary>Made, never started.</summary>
    Created,

    /// <summary>Its first process lives.</summary>
    Running,

    /// <summary>Its cgroup is frozen.</summary>
    Paused,

    /// <summary>It ended and its monitor waits to start it again.</summary>
    Restarting,

    /// <summary>Its first process ended.</summary>
    Exited,

    /// <summary>It could not be removed whole.</summary>
    Dead,

    /// <summary>It is being removed.</summary>
    Removing,
}

/// <summary>What is, as far as it was recorded: containers/&lt;id&gt;/state.json. A value; each change is a new one that replaces the file.</summary>
public sealed partial record ContainerState
{
    /// <summary>The recorded state; a reader must check liveness (<see cref="Liveness"/>) before believing Running.</summary>
    public ContainerStatus Status { get; init; }

    /// <summary>The first process as the host sees it; <see cref="ProcessIdentity.None"/> when it does not run.</summary>
    public ProcessIdentity Process { get; init; }

    /// <summary>The monitor, where there is one.</summary>
    public ProcessIdentity Monitor { get; init; }

    /// <summary>The exit code of the first process, 128+n for signal n; meaningful when it does not run.</summary>
    public int ExitCode { get; init; }

    /// <summary>True when the kernel killed a process of it for memory and the first process ended by SIGKILL.</summary>
    public bool OomKilled { get; init; }

    /// <summary>Why a start failed, in docker's <c>State.Error</c>; else empty.</summary>
    public string Error { get; init; } = "";

    /// <summary>Why it ended, in one sentence: out of memory with limit and peak, a signal and its sender, a failed exec; else empty.</summary>
    public string Reason { get; init; } = "";

    /// <summary>When the first process was started last; null if never.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended last; null if never.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>How often the restart policy has started it again.</summary>
    public int RestartCount { get; init; }

    /// <summary>True after <c>stop</c> or <c>kill</c> by the user: unless-stopped then keeps it down over a reboot.</summary>
    public bool StoppedByUser { get; init; }

    /// <summary>The signal that killed the first process; 0 when it ended by itself, or runs.</summary>
    public int Signal { get; init; }

    /// <summary>The signal that one of our commands sent last; 0 for none.</summary>
    public int Signalled { get; init; }

    /// <summary>Which command sent it: <c>skiff stop</c>; empty for none.</summary>
    public string SignalledBy { get; init; } = "";

    /// <summary>The cgroup of the container relative to each hierarchy's mount, such as <c>/skiff/&lt;id&gt;</c>; empty when it has none.</summary>
    public string Cgroup { get; init; } = "";

    /// <summary>Addresses in its networks.</summary>
    public IReadOnlyList<NetworkEndpoint> Endpoints { get; init; } = [];

    /// <summary>Ports published on the host, ranges expanded.</summary>
    public IReadOnlyList<PublishedPort> Ports { get; init; } = [];

    /// <summary>The health check's results; null without one.</summary>
    public HealthState? Health { get; init; }

    /// <summary>True for running and paused.</summary>
    public bool IsUp => Status is ContainerStatus.Running or ContainerStatus.Paused;

    /// <summary>This end, with what was recorded while the container ran: who sent which signal, that it is to stay down, its health.</summary>
    public ContainerState EndOf(ContainerState recorded) =>
        this with
        {
            StoppedByUser = recorded.StoppedByUser,
            Signalled = recorded.Signalled,
            SignalledBy = recorded.SignalledBy,
            Health = recorded.Health,
            OomKilled = OomKilled && recorded.Signalled != Signals.SIGKILL,
            Reason =
                recorded.Signalled == 0 || (OomKilled && recorded.Signalled != Signals.SIGKILL) ? Reason
                : Signal == recorded.Signalled ? $"killed by {Signals.Name(Signal)}, sent by {recorded.SignalledBy}"
                : Signal == 0 && recorded.StoppedByUser ? $"ended after {Signals.Name(recorded.Signalled)}, sent by {recorded.SignalledBy}"
                : Reason,
        };
}

/// <summary>A container's place in one network.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="IPv4">The address without prefix; empty when there is none.</param>
/// <param name="IPv4PrefixLength">Such as 16.</param>
/// <param name="IPv4Gateway">The gateway's address; empty when there is none.</param>
/// <param name="IPv6">The address without prefix; empty when there is none.</param>
/// <param name="IPv6PrefixLength">Such as 64.</param>
/// <param name="IPv6Gateway">The gateway's address; empty when there is none.</param>
/// <param name="MacAddress">Six pairs of hexadecimal digits with colons.</param>
/// <param name="HostInterface">The link's name on the host.</param>
/// <param name="Aliases">Further names in the network's DNS.</param>
public sealed record NetworkEndpoint(
    string Network,
    string IPv4,
    int IPv4PrefixLength,
    string IPv4Gateway,
    string IPv6,
    int IPv6PrefixLength,
    string IPv6Gateway,
    string MacAddress,
    string HostInterface,
    IReadOnlyList<string> Aliases
);

/// <summary>One published port.</summary>
/// <param name="HostIp">The host's address, <c>0.0.0.0</c> or <c>::</c> for all.</param>
/// <param name="HostPort">The port on the host.</param>
/// <param name="ContainerPort">The port in the container.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
public readonly record struct PublishedPort(string HostIp, int HostPort, int ContainerPort, string Protocol);
