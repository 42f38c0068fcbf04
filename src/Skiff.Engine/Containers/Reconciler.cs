using System.Globalization;
using Skiff.Engine.Events;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Containers;

/// <summary>What remains of a container outside of its directory, given back by whoever made it. All are idempotent and throw nothing.</summary>
public interface IContainerCleanup
{
    /// <summary>Kills every process of the container, of its cgroup as well, and waits until they are gone.</summary>
    /// <param name="record">What was asked.</param>
    /// <param name="state">What was recorded, with the first process only if it lives: its pid is safe to open by pidfd_open(2).</param>
    void KillAll(ContainerRecord record, ContainerState state);

    /// <summary>Removes cgroups, address leases, elements of the port map and session files.</summary>
    void GiveBack(ContainerRecord record, ContainerState state);
}

/// <summary>Brings records and reality together after a crash: no command needs a clean previous exit (design ideas 2 and 3).</summary>
public sealed class Reconciler
{
    private readonly ContainerStore _store;
    private readonly IContainerCleanup _cleanup;
    private readonly TimeProvider _time;
    private readonly EventLog? _events;

    /// <summary>A reconciler of one store.</summary>
    public Reconciler(ContainerStore store, IContainerCleanup cleanup, TimeProvider? time = null, EventLog? events = null)
    {
        _store = store;
        _cleanup = cleanup;
        _time = time ?? TimeProvider.System;
        _events = events;
    }

    /// <summary>One liveness for the whole command.</summary>
    public Liveness Liveness { get; } = new();

    /// <summary>Called by every command: foreground containers whose CLI died are killed and cleaned. Costs one directory read plus one open and flock per foreground container.</summary>
    public void Sessions()
    {
        foreach (string id in Tree.Names(_store.Paths.Sessions))
        {
            using FileLock? dead = Session.TryTakeDead(_store.Paths, id);
            if (dead is not null)
            {
                EndSession(id);
            }
        }
    }

    private void EndSession(string id)
    {
        ContainerRecord? record = _store.TryLoad(id);
        if (record is null)
        {
            _store.RemoveRemains(id);
        }
        else
        {
            ContainerState state = _store.LoadState(id);
            bool lived = Liveness.IsAlive(state.Process);
            _cleanup.KillAll(record, Trusted(state));
            _cleanup.GiveBack(record, state);
            bool ended = state.IsUp || state.Status == ContainerStatus.Restarting;
            if (ended)
            {
                state = Abandoned(state, lived);
                Died(record, state.ExitCode);
            }
            if (record.AutoRemove)
            {
                _store.Remove(record);
                _events?.Container(record, "destroy");
            }
            else if (ended)
            {
                _store.SaveState(id, state);
            }
        }
        Session.Remove(_store.Paths, id);
    }

    /// <summary>LIFE-11: a pid that now belongs to somebody else, or to another boot, never reaches code that kills.</summary>
    private ContainerState Trusted(ContainerState state) =>
        Liveness.IsAlive(state.Process) ? state : state with { Process = ProcessIdentity.None };

    private ContainerState Abandoned(ContainerState state, bool lived) =>
        state with
        {
            Status = ContainerStatus.Exited,
            Process = ProcessIdentity.None,
            ExitCode = lived ? 137 : 255,
            FinishedAt = _time.GetUtcNow(),
            Reason = lived
                ? "its command line was killed, and it was killed with it"
                : "its command line was killed, so its exit code is unknown",
        };

    /// <summary>The true state of one container; what nobody recorded is written down, and a container without a watcher is cleaned up. Null when it was removed (--rm).</summary>
    public ContainerState? Check(ContainerRecord record)
    {
        ContainerState recorded = _store.LoadState(record.Id);
        ContainerState state = Liveness.Check(recorded, _time.GetUtcNow());
        if (ReferenceEquals(state, recorded))
        {
            return state;
        }
        return record.Foreground && Session.IsHeld(_store.Paths, record.Id) ? recorded : Settle(record);
    }

    private ContainerState? Settle(ContainerRecord record)
    {
        using FileLock? gate = _store.TryLock(record.Id, TimeSpan.FromMilliseconds(200));
        ContainerState recorded = _store.LoadState(record.Id);
        ContainerState state = Liveness.Check(recorded, _time.GetUtcNow());
        if (gate is null || ReferenceEquals(state, recorded))
        {
            return state; // somebody else is at it, or has just written the truth
        }
        _cleanup.KillAll(record, Trusted(recorded));
        _cleanup.GiveBack(record, recorded);
        Died(record, state.ExitCode);
        if (record.AutoRemove)
        {
            _store.Remove(record);
            _events?.Container(record, "destroy");
            return null;
        }
        _store.SaveState(record.Id, state);
        return state;
    }

    private void Died(ContainerRecord record, int exitCode) =>
        _events?.Container(record, "die", ("exitCode", exitCode.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Removes directories whose creation was cut off more than a minute ago, and names that lead nowhere. Called by prune and listings of all containers, never on the path of run.</summary>
    public void Remains(IReadOnlyList<string> ids)
    {
        foreach (string id in ids)
        {
            if (
                ContainerStore.IsId(id)
                && !Files.Exists(_store.Paths.Record(id))
                && Session.IsFree(_store.Paths, id)
                && IsOld(_store.Paths.Container(id))
            )
            {
                _store.RemoveRemains(id);
            }
        }
    }

    private bool IsOld(string directory) =>
        _time.GetUtcNow() - new DateTimeOffset(Directory.GetLastWriteTimeUtc(directory)) > TimeSpan.FromMinutes(1);
}
