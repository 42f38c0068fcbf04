using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Engine.Events;
using Skiff.Engine.Network;
using Skiff.Engine.Volumes;
using Skiff.Linux;
using Skiff.Linux.Cgroups;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>A container whose command runs, in the hands of its first process's parent: how it ends, and what is then given back. Who launched it does not matter.</summary>
public sealed class RunningContainer
{
    private readonly SkiffEngine _engine;
    private readonly ContainerRecord _record;
    private readonly Cgroup? _cgroup;
    private readonly ContainerNetworks? _network;
    private readonly bool _monitored;
    private ulong _oomKillsTold;

    /// <summary>Takes it over.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="record">The container.</param>
    /// <param name="state">The state that was recorded when it started.</param>
    /// <param name="process">Its first process.</param>
    /// <param name="cgroup">Its cgroup; null for none.</param>
    /// <param name="network">Its leases; null for none, or for such that only its record tells of.</param>
    /// <param name="monitored">This process lives on after the container.</param>
    internal RunningContainer(
        SkiffEngine engine,
        ContainerRecord record,
        ContainerState state,
        Pidfd process,
        Cgroup? cgroup,
        ContainerNetworks? network,
        bool monitored
    )
    {
        _engine = engine;
        _record = record;
        State = state;
        Process = process;
        _cgroup = cgroup;
        _network = network;
        _monitored = monitored;
    }

    /// <summary>The first process.</summary>
    public Pidfd Process { get; }

    /// <summary>The last state.</summary>
    public ContainerState State { get; private set; }

    /// <summary>The terminal's master; null without one.</summary>
    public SafeFd? Console { get; init; }

    /// <summary>There is no limit of memory: what ended with the exit code 0 was not met by the OOM killer, so that nobody need ask.</summary>
    internal bool HasNoMemoryLimit { get; init; }

    /// <summary>Waits for the end of the first process and records it; resources are given back.</summary>
    /// <returns>The last state.</returns>
    public ContainerState Finish()
    {
        Settle(Process.Wait() ?? default);
        return State;
    }

    /// <summary>The same for a process that has ended.</summary>
    internal void Settle(ExitStatus status)
    {
        OomState oom = HasNoMemoryLimit && status is { Code: 0, Signal: 0 } ? default : _cgroup?.ReadOom() ?? default;
        // With --init the init is process 1 and ends with 128+9 for its child.
        bool killedByOom = oom.Kills > 0 && (status.Signal == Signals.SIGKILL || status.Code == 128 + Signals.SIGKILL);
        if (oom.Kills > _oomKillsTold)
        {
            _engine.Events.Container(_record, "oom");
        }
        GiveBack();
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Died(_engine, _record, status.ShellCode, now - (State.StartedAt ?? now));
        Connection(_engine, _record, State, "disconnect");
        State = State with
        {
            Status = ContainerStatus.Exited,
            Process = ProcessIdentity.None,
            ExitCode = status.ShellCode,
            Signal = status.Signal,
            OomKilled = killedByOom,
            Reason = Reason(status, oom, killedByOom),
            FinishedAt = now,
            Endpoints = [],
            Ports = [],
        };
    }

    /// <summary>Watches the OOM killer in the container's cgroup; null where that cannot be.</summary>
    internal OomWatch? WatchOom() => _cgroup?.WatchOom();

    /// <summary>Tells the journal what the OOM killer did since it was told last. Version 1 wakes us before it has counted.</summary>
    internal void TellOom()
    {
        _oomKillsTold = Math.Max(_oomKillsTold + 1, _cgroup?.ReadOom().Kills ?? 0);
        _engine.Events.Container(_record, "oom");
    }

    /// <summary>Writes into the journal that a container has ended.</summary>
    internal static void Died(SkiffEngine engine, ContainerRecord record, int exitCode, TimeSpan lived = default)
    {
        engine.Events.Container(
            record,
            "die",
            ("execDuration", ((long)Math.Max(0, lived.TotalSeconds)).ToString(CultureInfo.InvariantCulture)),
            ("exitCode", exitCode.ToString(CultureInfo.InvariantCulture))
        );
        VolumeEvents.Unmounted(engine.Events, record);
    }

    /// <summary>Writes into the journal that a container joins or leaves its network.</summary>
    internal static void Connection(SkiffEngine engine, ContainerRecord record, ContainerState state, string action)
    {
        foreach (NetworkEndpoint endpoint in state.Endpoints)
        {
            string network = endpoint.Network;
            string id = network == NetworkDefinition.Default ? network : engine.Networks.TryFind(network)?.Id ?? network;
            engine.Events.Write(EventType.Network, action, id, ("container", record.Id), ("name", network), ("type", "bridge"));
        }
    }

    private void GiveBack()
    {
        try
        {
            _cgroup?.Remove();
        }
        catch (LinuxException)
        {
            // the next command finds it by the record
        }
        if (_network is null)
        {
            NetworkLaunch.GiveBack(_engine, _record, State);
        }
        else
        {
            NetworkLaunch.Release(_engine, _network, orphan: _monitored);
            NetworkLaunch.GiveBackConnected(_engine, _record.Id);
        }
    }

    private static string Reason(ExitStatus status, OomState oom, bool killedByOom) =>
        oom.Kills > 0 ? $"out of memory: the kernel killed {(killedByOom ? "it" : Processes(oom.Kills))} {Where(oom)}"
        : status.Signal != 0 ? $"killed by signal {status.Signal} ({Signals.Name(status.Signal)})"
        : "";

    private static string Processes(ulong count) => count == 1 ? "one of its processes" : $"{count} of its processes";

    private static string Where(OomState oom) =>
        oom.Limit is { } limit
            ? $"at the limit of {Size(limit)}{(oom.Peak is { } peak ? $" (peak {Size(peak)})" : "")}; raise --memory"
            : "for lack of memory of the host: it has no limit of its own, set one with --memory";

    private static string Size(ulong bytes) =>
        bytes >= 1UL << 30 ? $"{bytes / (double)(1UL << 30):0.##} GiB" : $"{bytes / (double)(1UL << 20):0.##} MiB";
}
