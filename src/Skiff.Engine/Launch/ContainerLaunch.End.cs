using Skiff.Engine.Containers;
using Skiff.Engine.Names;
using Skiff.Engine.Network;
using Skiff.Engine.Plan;
using Skiff.Engine.Rootless;
using Skiff.Engine.Volumes;
using Skiff.Linux;
using Skiff.Linux.Cgroups;

namespace Skiff.Engine.Launch;

public sealed partial class ContainerLaunch
{
    private bool _ended;
    private RunningContainer? _running;

    /// <summary>The container as it runs, for whoever watches it.</summary>
    public RunningContainer Running => _running ?? throw new InvalidOperationException("the container is not started");

    /// <summary>Waits for the end of the first process and records it; resources are given back.</summary>
    /// <returns>The last state.</returns>
    public ContainerState Finish()
    {
        ExitStatus status = Process.Pidfd.Wait() ?? default;
        _ended = true;
        Timed(HostMoment.Wait, _runningSince);
        long begin = Clock();
        Running.Settle(status);
        _network = null;
        Timed(HostMoment.CleanUp, begin);
        return Running.State;
    }

    /// <summary>Ends the process that began before the engine: there is nothing more for it to do.</summary>
    private void EndHeadStart()
    {
        _ahead?.Dispose();
        _ahead = null;
    }

    /// <summary>The container is another process's from now on: nothing of it is taken back here.</summary>
    internal void Leave() => _ended = true;

    /// <summary>The leases' locked files and netfilter socket, for that process; null without a lease.</summary>
    internal NetworkHandover? Lease => _network is null ? null : _network.Handover with { Names = _names };

    /// <summary>Where the container's questions for names arrive; null outside of users' networks. Whoever serves them disposes of it.</summary>
    internal NameSockets? TakeNames()
    {
        NameSockets? names = _names;
        _names = null;
        return names;
    }

    private void Started()
    {
        _running = new RunningContainer(_engine, _container.Record, State, Process.Pidfd, _cgroup, _network, _wishes.Monitor is not null)
        {
            Console = Console,
            HasNoMemoryLimit = _container.Options is { Memory: null or <= 0, CgroupParent: null },
        };
        RunningContainer.Connection(_engine, _container.Record, State, "connect");
        VolumeEvents.Mounted(_engine.Events, _container.Record);
        _engine.Events.Container(_container.Record, "start");
    }

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
        NetworkLaunch.Release(_engine, _network, orphan: _wishes.Monitor is not null);
        _network = null;
        if (PastaNetwork.Serves(_container.Options))
        {
            PastaNetwork.Stop(_engine.Paths, _container.Record.Id);
        }
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
        EndHeadStart(); // it may be at the cgroups still
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
        EndHeadStart();
        _engine.Events.Release();
        foreach (SafeFd fd in _held)
        {
            fd.Dispose();
        }
        _held.Clear();
        _lent?.Dispose();
        _network?.Dispose();
        _names?.Dispose();
        Console?.Dispose();
        _consoleParent?.Dispose();
        _consoleChild?.Dispose();
        _process?.Dispose();
        _channel?.Dispose();
        _plan?.Dispose();
    }
}
