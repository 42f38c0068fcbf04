using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Engine.Events;
using Skiff.Engine.Plan;
using Skiff.Engine.Volumes;
using Skiff.Linux;
using Skiff.Linux.Cgroups;

namespace Skiff.Engine.Launch;

public sealed partial class ContainerLaunch
{
    private ulong _oomKillsTold;
    private bool _ended;

    /// <summary>Waits for the end of the first process and records it; resources are given back.</summary>
    /// <returns>The last state.</returns>
    public ContainerState Finish()
    {
        ExitStatus status = Process.Pidfd.Wait() ?? default;
        _ended = true;
        Timed(HostMoment.Wait, _running);
        long begin = Clock();
        OomState oom = _cgroup?.ReadOom() ?? default;
        // With --init the init is process 1 and ends with 128+9 for its child.
        bool killedByOom = oom.Kills > 0 && (status.Signal == Signals.SIGKILL || status.Code == 128 + Signals.SIGKILL);
        if (oom.Kills > _oomKillsTold)
        {
            _engine.Events.Container(_container.Record, "oom");
        }
        string network = State.Endpoints.Count > 0 ? State.Endpoints[0].Network : "";
        Undo();
        Timed(HostMoment.CleanUp, begin);
        TimeSpan lived = TimeProvider.System.GetUtcNow() - (State.StartedAt ?? DateTimeOffset.MaxValue);
        Died(status.ShellCode, lived);
        Connection(network, "disconnect");
        State = State with
        {
            Status = ContainerStatus.Exited,
            Process = ProcessIdentity.None,
            ExitCode = status.ShellCode,
            Signal = status.Signal,
            OomKilled = killedByOom,
            Reason = Reason(status, oom, killedByOom),
            FinishedAt = TimeProvider.System.GetUtcNow(),
            Endpoints = [],
            Ports = [],
        };
        return State;
    }

    private void Started()
    {
        Connection(_network?.Endpoint.Network ?? "", "connect");
        VolumeEvents.Mounted(_engine.Events, _container.Record);
        _engine.Events.Container(_container.Record, "start");
    }

    private void Died(int exitCode, TimeSpan lived = default)
    {
        _engine.Events.Container(
            _container.Record,
            "die",
            ("execDuration", ((long)Math.Max(0, lived.TotalSeconds)).ToString(CultureInfo.InvariantCulture)),
            ("exitCode", exitCode.ToString(CultureInfo.InvariantCulture))
        );
        VolumeEvents.Unmounted(_engine.Events, _container.Record);
    }

    private void Connection(string network, string action)
    {
        if (network.Length > 0)
        {
            _engine.Events.Write(
                EventType.Network,
                action,
                network,
                ("container", _container.Record.Id),
                ("name", network),
                ("type", "bridge")
            );
        }
    }

    /// <summary>Watches the OOM killer in the container's cgroup; null where that cannot be.</summary>
    internal OomWatch? WatchOom() => _cgroup?.WatchOom();

    /// <summary>Tells the journal what the OOM killer did since it was told last. Version 1 wakes us before it has counted.</summary>
    internal void TellOom()
    {
        _oomKillsTold = Math.Max(_oomKillsTold + 1, _cgroup?.ReadOom().Kills ?? 0);
        _engine.Events.Container(_container.Record, "oom");
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

    private void Undo()
    {
        _cgroup?.Remove();
        while (_undo.TryPop(out Skiff.Linux.Actions.HostAction? action))
        {
            if (action is not (Skiff.Linux.Actions.RemoveDirectory or RemoveCgroup))
            {
                TryRun(action);
            }
        }
        NetworkLaunch.Release(_engine, _network, orphan: _wishes.Monitor);
        _network = null;
    }

    private static void TryRun(Skiff.Linux.Actions.HostAction action)
    {
        try
        {
            action.Run();
        }
        catch (LinuxException)
        {
            // An undo that fails must not hide the reason of the end; the next command finds what is left by the records.
        }
    }

    private void Abandon()
    {
        if (_process is not null)
        {
            _ = _process.Pidfd.Signal(Signals.SIGKILL);
            _ = _process.Pidfd.Wait();
        }
        try
        {
            _cgroup?.Kill();
            Undo();
        }
        catch (Exception e) when (e is LinuxException or SkiffException)
        {
            // as above: the reason of the failure is what the user must see
        }
    }

    /// <summary>Ends the container if it has not ended, and takes back everything.</summary>
    public void Dispose()
    {
        if (!_ended)
        {
            _ended = true;
            Abandon();
        }
        foreach (SafeFd fd in _held)
        {
            fd.Dispose();
        }
        _held.Clear();
        _lent?.Dispose();
        Console?.Dispose();
        _consoleParent?.Dispose();
        _consoleChild?.Dispose();
        _process?.Dispose();
        _channel?.Dispose();
        _plan?.Dispose();
    }
}
