using Skiff.Linux;

namespace Skiff.Engine.Events;

/// <summary>Reads the journal from its oldest event, or from now, and follows it through rotations. Several readers do not disturb each other.</summary>
public sealed class EventReader : IDisposable
{
    private readonly string _directory;
    private readonly List<EventFile> _files = []; // oldest first; the last is the current one
    private DirectoryWatch? _watch;

    private EventReader(string directory) => _directory = directory;

    /// <summary>Opens it.</summary>
    /// <param name="directory">Where the journal is.</param>
    /// <param name="history">True to begin with the oldest event; false for what happens from now on.</param>
    /// <param name="follow">True where <see cref="Wait"/> will be used.</param>
    public static EventReader Open(string directory, bool history, bool follow)
    {
        EventReader reader = new(directory);
        if (follow)
        {
            Directory.CreateDirectory(directory);
            // Before the files are read: what is written between reading and waiting must wake us.
            reader._watch = DirectoryWatch.Open(directory);
        }
        if (history && EventFile.TryOpen(EventLog.Older(directory)) is { } older)
        {
            reader._files.Add(older);
        }
        if (EventFile.TryOpen(EventLog.Current(directory)) is { } current)
        {
            if (!history)
            {
                current.SkipToEnd();
            }
            reader._files.Add(current);
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
                    if (EngineEvent.TryParse(line) is { } happened)
                    {
                        return happened;
                    }
                }
            }
        } while (OpenNew());
        return null;
    }

    /// <summary>Sleeps until there may be a further event, at most <paramref name="milliseconds"/> (−1: for ever); false when the time ran out.</summary>
    public bool Wait(int milliseconds) => (_watch ?? throw new InvalidOperationException("opened without follow")).Wait(milliseconds);

    private bool OpenNew()
    {
        EventFile? now = EventFile.TryOpen(EventLog.Current(_directory));
        if (now is null || (_files.Count > 0 && _files[^1].Inode == now.Inode))
        {
            now?.Dispose();
            return false;
        }
        _files.Add(now);
        while (_files.Count > 2)
        {
            _files[0].Dispose();
            _files.RemoveAt(0);
        }
        return true;
    }

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
