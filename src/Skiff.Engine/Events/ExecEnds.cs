using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Engine.Events;

/// <summary>Sees to it that every command of <c>exec</c> has its end in the journal: who waits for a command writes it, and where that process was killed, whoever reads the events does.</summary>
/// <param name="directory">Where the journal is.</param>
public sealed class ExecEnds(string directory) : IDisposable
{
    private const string Start = "exec_start: ";
    private const string End = "exec_die";
    private const int ReapingMilliseconds = 200;

    private readonly Dictionary<string, Open> _open = [];
    private readonly string _bootId = BootIdentity.Read();

    /// <summary>A command whose end is not told yet, with a descriptor of each of the two processes, which keeps how it ended.</summary>
    private sealed record Open(EngineEvent Started, ExecKeeper Told, Pidfd? Keeper, Pidfd? Process);

    /// <summary>Looks for commands without an end in what was written until now, and tells the end of those that have ended.</summary>
    public void Begin()
    {
        using (EventReader reader = EventReader.Open(directory, history: true, follow: false, only: "\"exec_"u8))
        {
            while (reader.TryRead() is { } happened)
            {
                Note(happened, early: true);
            }
        }
        foreach ((string id, Open open) in _open.ToArray())
        {
            _open[id] = Watched(open.Started, open.Told);
        }
        Settle();
    }

    /// <summary>Takes notice of an event that was read.</summary>
    public void Note(EngineEvent happened) => Note(happened, early: false);

    private void Note(EngineEvent happened, bool early)
    {
        if (happened.Type != EventType.Container || !happened.Attributes.TryGetValue("execID", out string? id))
        {
            return;
        }
        if (happened.Action == End)
        {
            Forget(id);
        }
        else if (
            happened.Action.StartsWith(Start, StringComparison.Ordinal)
            && !_open.ContainsKey(id)
            && ExecKeeper.TryParse(happened.Keeper) is { } told
        )
        {
            _open[id] = early ? new Open(happened, told, null, null) : Watched(happened, told);
        }
    }

    private Open Watched(EngineEvent started, ExecKeeper told) => new(started, told, Watch(told, told.Keeper), Watch(told, told.Process));

    private Pidfd? Watch(ExecKeeper told, int pid)
    {
        Pidfd? fd = Pidfd.TryOpen(pid);
        if (fd is not null && !told.IsAlive(pid, _bootId))
        {
            fd.Dispose();
            return null;
        }
        return fd;
    }

    /// <summary>Tells the end of commands that have ended and whose keepers have too.</summary>
    public void Settle()
    {
        foreach ((string id, Open open) in _open.ToArray())
        {
            if (!Lives(open.Keeper, open.Told, open.Told.Keeper) && !Lives(open.Process, open.Told, open.Told.Process))
            {
                Tell(id, open);
                Forget(id);
            }
        }
    }

    /// <summary>Of processes whose end is to be waited for: readable then. First the keeper: while it lives it tells the end itself.</summary>
    public IReadOnlyList<int> Descriptors()
    {
        List<int> descriptors = [];
        foreach (Open open in _open.Values)
        {
            if ((Lives(open.Keeper, open.Told, open.Told.Keeper) ? open.Keeper : open.Process) is { } awaited)
            {
                descriptors.Add(awaited.Fd.Value);
            }
        }
        return descriptors;
    }

    private bool Lives(Pidfd? fd, ExecKeeper told, int pid) => fd is null ? told.IsAlive(pid, _bootId) : !fd.WaitReadable(0);

    private void Tell(string id, Open open)
    {
        int code = (open.Told.StatusOfZombie() ?? open.Process?.StatusOfOther(ReapingMilliseconds))?.ShellCode ?? open.Told.UnknownCode;
        // One of several readers tells it.
        using FileLock turn = FileLock.Acquire(directory + "/lock");
        if (!IsTold(id))
        {
            List<(string, string)> attributes = [("exitCode", code.ToString(CultureInfo.InvariantCulture))];
            foreach (KeyValuePair<string, string> attribute in open.Started.Attributes)
            {
                attributes.Add((attribute.Key, attribute.Value));
            }
            new EventLog(directory).Write(EventType.Container, End, open.Started.Id, [.. attributes]);
        }
    }

    private bool IsTold(string id)
    {
        using EventReader reader = EventReader.Open(directory, history: true, follow: false, only: System.Text.Encoding.UTF8.GetBytes(id));
        while (reader.TryRead() is { } happened)
        {
            if (happened.Action == End)
            {
                return true;
            }
        }
        return false;
    }

    private void Forget(string id)
    {
        if (_open.Remove(id, out Open? open))
        {
            open.Keeper?.Dispose();
            open.Process?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (string id in _open.Keys.ToArray())
        {
            Forget(id);
        }
    }
}
