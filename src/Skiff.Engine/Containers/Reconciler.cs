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

    /// <summary>Kills what is in the cgroup of a container that was never recorded, and removes that.</summary>
    void GiveBackUnrecorded(string id);

    /// <summary>Whether processes are in the cgroup of a container that this run directory knows nothing of.</summary>
    bool HasProcesses(string id);

    /// <summary>Removes cgroups, address leases, elements of the port map and session files.</summary>
    void GiveBack(ContainerRecord record, ContainerState state);
}

/// <summary>Brings records and reality together after a crash: no command needs a clean previous exit (design ideas 2 and 3).</summary>
public sealed class Reconciler
{
    /// <summary>How often, a millisecond apart, a monitor is given the time to write down an end.</summary>
    private const int PatienceWithMonitor = 100;

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

    /// <summary>Called by every command: foreground containers whose CLI died are killed and cleaned, and what a killed <c>run -d</c> had not started yet.
    /// Costs one directory read plus one look at each foreground container; one whose command is just dying is waited for.</summary>
    /// <param name="own">The session of the command itself, at which it need not look.</param>
    public void Sessions(string? own = null)
    {
        foreach (string id in Tree.Names(_store.Paths.Sessions))
        {
            if (id == own)
            {
                continue;
            }
            using FileLock? dead = Session.TryTakeDead(_store.Paths, id);
            if (dead is not null)
            {
                EndSession(id);
            }
        }
    }

    /// <summary>Ends a container of which there is no record any more, or was none yet: for its own monitor, since nobody else will ever hear of it.</summary>
    public void Unrecorded(string id)
    {
        _cleanup.GiveBackUnrecorded(id);
        if (Session.IsFree(_store.Paths, id))
        {
            _store.RemoveRemains(id);
        }
    }

    private void EndSession(string id)
    {
        // Who holds the container's lock is about to change it; the session stays for the next command, and nobody waits for a container that is not its own.
        using FileLock? gate = _store.TryLock(id, TimeSpan.Zero);
        if (gate is null && Files.Exists(_store.Paths.Container(id)))
        {
            return;
        }
        ContainerRecord? record = _store.TryLoad(id);
        if (record is null)
        {
            _cleanup.GiveBackUnrecorded(id);
            _store.RemoveRemains(id);
        }
        else
        {
            ContainerState state = _store.LoadState(id);
            if (!record.Foreground && Liveness.IsAlive(state.Monitor))
            {
                // The command was killed after it had started the container, which is its monitor's since then.
                Session.Remove(_store.Paths, id);
                return;
            }
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
                ? "the command that started it was killed, and it was killed with it"
                : "the command that started it was killed, so its exit code is unknown",
        };

    /// <summary>The true state of one container; what nobody recorded is written down, and a container without a watcher is cleaned up. Null when it was removed (--rm).</summary>
    public ContainerState? Check(ContainerRecord record) => Check(record, PatienceWithMonitor);

    /// <summary>The monitor of a process that has ended writes that down within milliseconds, or it was killed too and is dying: it is waited for, so that nobody is told that the container runs.</summary>
    private ContainerState? Check(ContainerRecord record, int patience)
    {
        if (_store.TryLoadState(record.Id) is not { } recorded)
        {
            return _store.Exists(record.Id) ? new ContainerState() : null; // removed since its record was read
        }
        if (recorded.Status == ContainerStatus.Removing)
        {
            return EndRemoval(record, recorded);
        }
        ContainerState state = Liveness.Check(recorded, _time.GetUtcNow(), out bool ends);
        if (ends && patience > 0)
        {
            Thread.Sleep(1);
            return Check(record, patience - 1);
        }
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
        return Bury(record, recorded, state);
    }

    private ContainerState? Bury(ContainerRecord record, ContainerState recorded, ContainerState state)
    {
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

    /// <summary>As <see cref="Check(ContainerRecord)"/>, but the record is only read where something has to be written down; null also for a directory without a container.</summary>
    public ContainerState? Check(string id)
    {
        if (
            _store.TryLoadState(id) is { } recorded
            && recorded.Status != ContainerStatus.Removing
            && ReferenceEquals(Liveness.Check(recorded, _time.GetUtcNow(), out bool ends), recorded)
            && !ends
        )
        {
            return recorded;
        }
        return _store.TryLoad(id) is { } record ? Check(record) : null;
    }

    /// <summary>As <see cref="Check(ContainerRecord)"/>, for a caller who holds the container's lock.</summary>
    public ContainerState? CheckHeld(ContainerRecord record)
    {
        ContainerState recorded = _store.LoadState(record.Id);
        ContainerState state = Liveness.Check(recorded, _time.GetUtcNow());
        return ReferenceEquals(state, recorded) || (record.Foreground && Session.IsHeld(_store.Paths, record.Id))
            ? recorded
            : Bury(record, recorded, state);
    }

    /// <summary>Ends a container whose start was begun and not finished: whether its process runs by now or not, it was not reported. The caller holds its lock.</summary>
    /// <param name="record">The container.</param>
    /// <param name="why">Why it was not started.</param>
    public void GiveUpHeld(ContainerRecord record, string why)
    {
        ContainerState recorded = _store.LoadState(record.Id);
        ContainerState state = recorded with
        {
            Status = ContainerStatus.Created,
            Process = ProcessIdentity.None,
            Monitor = ProcessIdentity.None,
            ExitCode = 125,
            Error = why,
            Reason = why,
        };
        _ = Bury(record, recorded, state);
    }

    /// <summary>Whoever removes a container holds its removal mark: a free one means that the command died, and that the rest is ours.</summary>
    private ContainerState? EndRemoval(ContainerRecord record, ContainerState recorded)
    {
        using FileLock? mark = FileLock.TryAcquireExisting(_store.Paths.RemovalMark(record.Id));
        using FileLock? gate = mark is null ? null : _store.TryLock(record.Id, TimeSpan.FromMilliseconds(200));
        if (gate is null)
        {
            return _store.Exists(record.Id) ? recorded : null;
        }
        _cleanup.KillAll(record, Trusted(recorded));
        _cleanup.GiveBack(record, recorded);
        _store.Remove(record);
        return null;
    }

    /// <summary>Removes directories whose creation or removal was cut off, and names that lead to them. Called by prune and listings of all containers, never on the path of run.</summary>
    /// <remarks>Who makes a container holds its session, who removes one holds its lock: where both are free nobody is at it.</remarks>
    public void Remains(IReadOnlyList<string> ids)
    {
        foreach (string id in ids)
        {
            if (ContainerStore.IsId(id) && !Files.Exists(_store.Paths.Record(id)) && Session.IsFree(_store.Paths, id))
            {
                using FileLock? gate = _store.TryLock(id, TimeSpan.Zero);
                // What runs, but not for this run directory, runs for another one: removing its root would tear its mounts down.
                if (gate is not null && !Files.Exists(_store.Paths.Record(id)) && !_cleanup.HasProcesses(id))
                {
                    _store.RemoveRemains(id);
                }
            }
        }
    }
}
