using Skiff.Linux;

namespace Skiff.Engine.Containers;

/// <summary>All containers as listings show them. Of a container whose directory has not changed since the last listing nothing is read again.</summary>
/// <remarks>
/// Records and states are only ever replaced by rename(2), which gives their directory a new time of change. So runroot/listing keeps what was parsed, beside inode and time of each
/// directory and the inode that its monitor, or its process where there is no monitor, has in pidfs (kernel 6.9), which no other process gets before a reboot: two calls tell whether a container is what it was.
/// Whatever does not fit is read anew; a missing or damaged file costs time and nothing else.
/// </remarks>
/// <param name="store">The containers.</param>
/// <param name="reconciler">Finds out what is.</param>
/// <param name="alone">Called for a container that runs without its monitor; gives the state afterwards.</param>
public sealed class ContainerListing(
    ContainerStore store,
    Reconciler reconciler,
    Func<ContainerRecord, ContainerState, ContainerState>? alone = null
)
{
    /// <summary>For fewer containers one more file would cost what it saves.</summary>
    private const int FewestKept = 16;

    /// <summary>Two changes within a tick of the kernel's clock, at most 10 ms, may have the same time: what is younger than this is not kept.</summary>
    private static readonly TimeSpan s_settled = TimeSpan.FromMilliseconds(100);

    private readonly List<(ContainerRecord Record, ContainerState State)> _shown = [];
    private readonly ListingWriter _writer = new();
    private readonly ProcessInodes _inodes = new();
    private bool _changed;

    /// <summary>The containers with their true state, newest first. The records have only what listings show; they must not be saved.</summary>
    /// <param name="all">Those that neither run nor are about to, too.</param>
    public IReadOnlyList<(ContainerRecord Record, ContainerState State)> Read(bool all)
    {
        IReadOnlyList<string> ids = store.ListIds();
        bool keeps = ids.Count >= FewestKept;
        ListingFile? kept = keeps ? ListingFile.Load(store.Paths.Listing, reconciler.Liveness.BootId) : null;
        using SafeFd? directory = keeps ? Files.TryOpen(store.Paths.Containers, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out _) : null;
        foreach (string id in ids)
        {
            if (!ContainerStore.IsId(id))
            {
                continue;
            }
            ListingKey key = directory is null ? default : ListingKey.Of(directory, id);
            if (kept?.Find(id, key) is not { } entry || !IsTrue(entry) || !Take(entry, id, all))
            {
                ReadAnew(id, all, key);
            }
        }
        if (_changed || (kept is not null && _writer.Count != kept.Count))
        {
            _writer.Save(store.Paths.Listing, reconciler.Liveness.BootId);
        }
        return Sorted();
    }

    /// <summary>As <see cref="Read"/>, but from the containers' own files, with all that <see cref="ContainerStore.TryLoadSummary"/> gives.</summary>
    public IReadOnlyList<(ContainerRecord Record, ContainerState State)> ReadWhole(bool all)
    {
        foreach (string id in store.ListIds())
        {
            if (ContainerStore.IsId(id))
            {
                ReadAnew(id, all, default);
            }
        }
        return Sorted();
    }

    private List<(ContainerRecord Record, ContainerState State)> Sorted()
    {
        _shown.Sort(static (a, b) => b.Record.Created.CompareTo(a.Record.Created));
        return _shown;
    }

    private bool IsTrue(in ListingEntry entry) => !entry.IsActive || _inodes.OfLiving(entry.Pid) == entry.PidInode;

    private bool Take(in ListingEntry entry, string id, bool all)
    {
        if (all || entry.IsActive)
        {
            if (entry.TryRead(id) is not { } found)
            {
                return false;
            }
            _shown.Add(found);
        }
        _writer.Copy(entry);
        return true;
    }

    private void ReadAnew(string id, bool all, ListingKey key)
    {
        if (reconciler.Check(id) is not { } state)
        {
            reconciler.Remains([id]);
            return;
        }
        bool shown = all || IsActive(state);
        bool settled = key.IsOlderThan(s_settled);
        bool isAlone = state.IsUp && state.Monitor.Exists && !reconciler.Liveness.IsAlive(state.Monitor);
        if ((shown || settled) && store.TryLoadSummary(id) is { } record)
        {
            state = isAlone && alone is not null ? alone(record, state) : state;
            if (shown)
            {
                _shown.Add((record, state));
            }
            if (settled && !isAlone && state.Status != ContainerStatus.Removing)
            {
                Keep(record, state, key);
            }
        }
    }

    private void Keep(ContainerRecord record, ContainerState state, ListingKey key)
    {
        if (record is { Foreground: true, AutoRemove: true })
        {
            return; // its record is in its session, which the directory knows nothing of
        }
        // While the monitor lives it writes down every change; of a container without one the process itself tells.
        ProcessIdentity witness = state.Monitor.Exists ? state.Monitor : state.Process;
        ulong inode = 0;
        if (IsActive(state))
        {
            // First the inode, then the look at the recorded start time: so both are of one process.
            inode = _inodes.OfLiving(witness.Pid);
            if (inode == 0 || !reconciler.Liveness.IsAlive(witness))
            {
                return;
            }
        }
        _writer.Add(key, IsActive(state), witness.Pid, inode, record, state);
        _changed = true;
    }

    /// <summary>States in which a process of the container, or the monitor that will start it again, lives: they end without a change of any file when it is killed.</summary>
    private static bool IsActive(ContainerState state) => state.IsUp || state.Status == ContainerStatus.Restarting;
}
