using Skiff.Linux;

namespace Skiff.Engine.Events;

/// <summary>Reads the journal from its oldest event, or from now, and follows it through rotations. Several readers do not disturb each other.</summary>
public sealed class EventReader : IDisposable
{
    private readonly string _directory;
    private readonly List<EventFile> _files = []; // oldest first; the last is the current one
    private readonly byte[] _only;
    private readonly Func<string, EventFile?> _open;
    private DirectoryWatch? _watch;

    private EventReader(string directory, ReadOnlySpan<byte> only, Func<string, EventFile?> open)
    {
        _directory = directory;
        _open = open;
        _only = only.ToArray();
    }

    /// <summary>Opens it.</summary>
    /// <param name="directory">Where the journal is.</param>
    /// <param name="history">True to begin with the oldest event; false for what happens from now on.</param>
    /// <param name="follow">True where <see cref="Wait"/> will be used.</param>
    /// <param name="only">Bytes without which a line is not looked at; empty for all lines.</param>
    public static EventReader Open(string directory, bool history, bool follow, ReadOnlySpan<byte> only = default) =>
        Open(directory, history, follow, only, EventFile.TryOpen);

    /// <summary>As the other; tests have the journal change before each look at it.</summary>
    internal static EventReader Open(string directory, bool history, bool follow, ReadOnlySpan<byte> only, Func<string, EventFile?> open)
    {
        EventReader reader = new(directory, only, open);
        if (follow)
        {
            Directory.CreateDirectory(directory);
            // Before the files are read: what is written between reading and waiting must wake us.
            reader._watch = DirectoryWatch.Open(directory);
        }
        (EventFile? older, EventFile? current) = reader.Look();
        foreach (EventFile? file in (EventFile?[])[older, current])
        {
            if (file is not null)
            {
                if (!history)
                {
                    file.SkipToEnd();
                }
                reader._files.Add(file);
            }
        }
        return reader;
    }

    /// <summary>The next event; null when there is none for now.</summary>
    public EngineEvent? TryRead()
    {
        do
        {
            // A writer that opened the file before it was moved may still add to it, so the one before is asked first, each time.
            foreach (EventFile file in _files)
            {
                while (file.TryReadLine(out ReadOnlySpan<byte> line))
                {
                    if (line.IndexOf(_only) >= 0 && EngineEvent.TryParse(line) is { } happened)
                    {
                        return happened;
                    }
                }
            }
        } while (OpenNew());
        return null;
    }

    /// <summary>Sleeps until there may be a further event, at most <paramref name="milliseconds"/> (−1: for ever); false when the time ran out.</summary>
    /// <param name="milliseconds">How long.</param>
    /// <param name="others">Descriptors that end the sleep too when they can be read.</param>
    public bool Wait(int milliseconds, params ReadOnlySpan<int> others)
    {
        DirectoryWatch watch = _watch ?? throw new InvalidOperationException("opened without follow");
        PollFd[] awaited = new PollFd[others.Length + 1];
        awaited[0] = new PollFd(watch.Fd.Value, Poll.POLLIN);
        for (int i = 0; i < others.Length; i++)
        {
            awaited[i + 1] = new PollFd(others[i], Poll.POLLIN);
        }
        if (Poll.Wait(awaited, milliseconds) == 0)
        {
            return false;
        }
        watch.Clear();
        return true;
    }

    private bool OpenNew()
    {
        using (EventFile? now = _open(EventLog.Current(_directory)))
        {
            if (now is not null && Knows(now))
            {
                return false;
            }
        }
        // Two rotations while we slept: the file between ours and the current one is the older one now.
        (EventFile? older, EventFile? current) = Look();
        bool added = Add(older) | Add(current);
        // All but the new ones have been read to their ends.
        while (_files.Count > 3)
        {
            _files[0].Dispose();
            _files.RemoveAt(0);
        }
        return added;
    }

    private bool Add(EventFile? file)
    {
        if (file is null || Knows(file))
        {
            file?.Dispose();
            return false;
        }
        _files.Add(file);
        return true;
    }

    /// <summary>Both files as they were at one moment: a rotation between two looks would hide one, or turn them round.</summary>
    private (EventFile? Older, EventFile? Current) Look()
    {
        while (true)
        {
            EventFile? current = _open(EventLog.Current(_directory));
            EventFile? older = _open(EventLog.Older(_directory));
            using EventFile? still = _open(EventLog.Current(_directory));
            if (still?.Inode == current?.Inode)
            {
                return (older, current);
            }
            current?.Dispose();
            older?.Dispose();
        }
    }

    /// <summary>An inode that we hold open is not given to another file.</summary>
    private bool Knows(EventFile file) => _files.Exists(known => known.Inode == file.Inode);

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch?.Dispose();
        foreach (EventFile file in _files)
        {
            file.Dispose();
        }
    }
}
