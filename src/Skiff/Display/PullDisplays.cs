using System.Text;
using Skiff.Images;
using Skiff.Linux.Terminal;

namespace Skiff.Display;

/// <summary>Shows nothing: <c>--quiet</c>.</summary>
internal sealed class SilentPull : IPullProgress
{
    /// <inheritdoc/>
    public void Report(PullEvent happened) { }
}

/// <summary>One JSON object per event and line: <c>--progress=json</c>.</summary>
internal sealed class JsonPull(Action<string> write) : IPullProgress
{
    private readonly Lock _lock = new();

    /// <inheritdoc/>
    public void Report(PullEvent happened)
    {
        string line = Encoding.UTF8.GetString(PullEventJson.Line(happened));
        lock (_lock)
        {
            write(line);
        }
    }
}

/// <summary>One line per step of a layer, as docker prints into a pipe.</summary>
internal sealed class PlainPull(Action<string> write) : IPullProgress
{
    private readonly Lock _lock = new();
    private readonly HashSet<Digest> _started = [];
    private readonly HashSet<Digest> _fetched = [];

    /// <inheritdoc/>
    public void Report(PullEvent happened)
    {
        lock (_lock)
        {
            string line = Line(happened);
            if (line.Length > 0)
            {
                write(line + "\n");
            }
        }
    }

    private string Line(PullEvent happened) =>
        happened switch
        {
            PullResolved e => $"{e.Reference.Tag ?? e.Reference.Target}: Pulling from {e.Reference.Domain}/{e.Reference.Repository}",
            PullLayerExists e => $"{e.Layer.Digest.Short}: Already exists",
            PullDownloaded e when e.Bytes >= e.Layer.Size && _fetched.Add(e.Layer.Digest) => $"{e.Layer.Digest.Short}: Download complete",
            PullDownloaded e when e.Bytes < e.Layer.Size && _started.Add(e.Layer.Digest) => $"{e.Layer.Digest.Short}: Pulling fs layer",
            PullLayerDone e => $"{e.Layer.Digest.Short}: Pull complete",
            PullMirrorFailed e => $"the mirror {e.Mirror} is passed over: {e.Reason}",
            PullRetrying e => $"{e.Reason}; trying again in {Math.Ceiling(e.Delay.TotalSeconds)} s",
            _ => "",
        };
}

/// <summary>Bars on a terminal, drawn again in place at most ten times a second.</summary>
internal sealed class TerminalPull(Action<string> write, int fd, TimeProvider clock) : IPullProgress
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);
    private readonly Lock _lock = new();
    private readonly PullView _view = new();
    private readonly long _start = clock.GetTimestamp();
    private TimeSpan _drawn = TimeSpan.MinValue;
    private int _lines;

    /// <inheritdoc/>
    public void Report(PullEvent happened)
    {
        lock (_lock)
        {
            _view.Take(happened);
            TimeSpan now = clock.GetElapsedTime(_start);
            bool urgent = happened is PullResolved or PullLayerDone or PullDone or PullRetrying or PullMirrorFailed;
            if (urgent || _drawn == TimeSpan.MinValue || now - _drawn >= s_interval)
            {
                Draw(now);
            }
        }
    }

    private void Draw(TimeSpan now)
    {
        WindowSize size = Tty.GetSize(fd) ?? new WindowSize(24, 80);
        int columns = size.Columns == 0 ? 80 : size.Columns;
        IReadOnlyList<string> lines = _view.Render(now, columns, size.Rows == 0 ? 24 : size.Rows);
        var text = new StringBuilder();
        // Cursor up over what was drawn, then each line anew; what is left of a longer drawing is cleared (ECMA-48: CUU, EL, ED).
        if (_lines > 0)
        {
            text.Append($"\e[{_lines}A");
        }
        foreach (string line in lines)
        {
            text.Append('\r').Append(line).Append("\e[K\n");
        }
        if (lines.Count < _lines)
        {
            text.Append("\e[J");
        }
        write(text.ToString());
        _lines = lines.Count;
        _drawn = now;
    }
}
