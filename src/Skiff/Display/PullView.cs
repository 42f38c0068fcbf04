using System.Globalization;
using System.Text;
using Skiff.Images;

namespace Skiff.Display;

/// <summary>What is known of a running pull, and how it looks on a terminal: a bar per layer, and a total with rate and remaining time (docker has no total: moby #4022).</summary>
internal sealed class PullView
{
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(5);
    private readonly List<Layer> _layers = [];
    private readonly Queue<(TimeSpan At, long Bytes)> _samples = new();
    private string _notice = "";

    private enum Phase
    {
        Waiting,
        Downloading,
        Unpacking,
        Done,
        Exists,
    }

    /// <summary>Takes an event.</summary>
    public void Take(PullEvent happened)
    {
        switch (happened)
        {
            case PullResolved e:
                _layers.Clear();
                _layers.AddRange(e.Layers.Select(static l => new Layer { Descriptor = l }));
                break;
            case PullLayerExists e when Find(e.Layer) is { } layer:
                layer.Phase = Phase.Exists;
                break;
            case PullDownloaded e when Find(e.Layer) is { } layer:
                _notice = "";
                layer.Start ??= Math.Max(0, e.Bytes - (256 << 10));
                layer.Bytes = e.Bytes;
                layer.Phase = e.Bytes >= e.Layer.Size ? Phase.Unpacking : Phase.Downloading;
                break;
            // without a download before: an earlier pull has fetched it, and it is unpacked again
            case PullUnpacked e when Find(e.Layer) is { Phase: Phase.Waiting } layer:
                layer.Phase = Phase.Unpacking;
                break;
            case PullLayerDone e when Find(e.Layer) is { } layer:
                layer.Start ??= e.Layer.Size;
                layer.Bytes = e.Layer.Size;
                layer.Phase = Phase.Done;
                break;
            case PullMirrorFailed e:
                _notice = $"the mirror {e.Mirror} is passed over: {e.Reason}";
                break;
            case PullRetrying e:
                _notice = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{e.Reason}; trying again in {Math.Ceiling(e.Delay.TotalSeconds)} s"
                );
                break;
        }
    }

    /// <summary>The lines at a time since the start, none wider than the terminal and no more than it has rows.</summary>
    public IReadOnlyList<string> Render(TimeSpan now, int columns, int rows)
    {
        if (_layers.Count == 0)
        {
            return _notice.Length > 0 ? [Human.Ellipsis(_notice, columns - 1)] : [];
        }
        List<string> lines = [];
        // Where there are more layers than rows, those that are finished are left out first.
        int room = Math.Max(1, rows - 3);
        IEnumerable<Layer> shown =
            _layers.Count <= room ? _layers : _layers.Where(static l => l.Phase is Phase.Downloading or Phase.Unpacking).Take(room);
        foreach (Layer layer in shown)
        {
            lines.Add(Line(layer, columns));
        }
        lines.Add(Total(now, columns));
        if (_notice.Length > 0)
        {
            lines.Add(Human.Ellipsis(_notice, columns - 1));
        }
        return lines;
    }

    /// <summary>A bar such as <c>[====&gt;     ]</c>.</summary>
    internal static string Bar(double part, int width)
    {
        int filled = (int)(Math.Clamp(part, 0, 1) * width);
        var bar = new StringBuilder("[").Append('=', filled);
        if (filled < width)
        {
            bar.Append('>').Append(' ', width - filled - 1);
        }
        return bar.Append(']').ToString();
    }

    private static string Line(Layer layer, int columns)
    {
        string id = layer.Descriptor.Digest.Short;
        double part = (double)layer.Bytes / Math.Max(1, layer.Descriptor.Size);
        string sizes = $"{Human.ShortSize(layer.Bytes)}/{Human.ShortSize(layer.Descriptor.Size)}";
        return layer.Phase switch
        {
            Phase.Waiting => Fit(columns, $"{id}: Waiting"),
            Phase.Exists => Fit(columns, $"{id}: Already exists"),
            Phase.Done => Fit(columns, $"{id}: Pull complete  {Human.ShortSize(layer.Descriptor.Size)}", $"{id}: Pull complete"),
            Phase.Unpacking => Fit(columns, $"{id}: Extracting"),
            _ => Fit(
                columns,
                $"{id}: Downloading  {Bar(part, BarWidth(columns))}  {sizes}",
                $"{id}: Downloading {sizes}",
                $"{id}: {sizes}",
                $"{id}: {(int)(part * 100)}%"
            ),
        };
    }

    /// <summary>The longest wording that a line has room for: numbers are worth more than a bar.</summary>
    private static string Fit(int columns, params ReadOnlySpan<string> wordings)
    {
        foreach (string wording in wordings)
        {
            if (wording.Length < columns)
            {
                return wording;
            }
        }
        return Human.Ellipsis(wordings[^1], columns - 1);
    }

    private static int BarWidth(int columns) => Math.Clamp(columns - 66, 8, 50);

    private string Total(TimeSpan now, int columns)
    {
        long size = 0;
        long here = 0;
        long arrived = 0;
        foreach (Layer layer in _layers)
        {
            if (layer.Phase != Phase.Exists)
            {
                size += layer.Descriptor.Size;
                here += layer.Bytes;
                arrived += layer.Bytes - (layer.Start ?? layer.Bytes);
            }
        }
        if (size == 0)
        {
            return "Total: nothing to fetch";
        }
        if (here >= size)
        {
            return Fit(columns, $"Total: {Human.ShortSize(size)} in {Seconds(now)}");
        }
        double rate = Rate(now, arrived);
        double part = (double)here / size;
        string speed = rate > 0 ? $"  {Human.ShortSize(rate)}/s" : "";
        string left = rate > 0 ? $"  ETA {Seconds(TimeSpan.FromSeconds(Math.Min((size - here) / rate, 359_999)))}" : "";
        string sizes = $"{Human.ShortSize(here)}/{Human.ShortSize(size)}";
        return Fit(
            columns,
            $"Total:       {"".PadRight(12)}  {Bar(part, BarWidth(columns))}  {sizes}{speed}{left}",
            $"Total: {sizes}{speed}{left}",
            $"Total: {sizes}{speed}",
            $"Total: {sizes}",
            $"Total: {(int)(part * 100)}%"
        );
    }

    /// <summary>Bytes a second over the last seconds; 0 while nothing can be said.</summary>
    private double Rate(TimeSpan now, long arrived)
    {
        _samples.Enqueue((now, arrived));
        while (_samples.Count > 2 && now - _samples.Peek().At > s_window)
        {
            _samples.Dequeue();
        }
        (TimeSpan at, long bytes) = _samples.Peek();
        double seconds = (now - at).TotalSeconds;
        return seconds < 0.2 ? 0 : (arrived - bytes) / seconds;
    }

    private static string Seconds(TimeSpan time) =>
        time.TotalSeconds < 10 ? time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + "s"
        : time.TotalMinutes < 1 ? $"{(int)time.TotalSeconds}s"
        : time.TotalHours < 1 ? $"{(int)time.TotalMinutes}m{time.Seconds:00}s"
        : $"{(int)time.TotalHours}h{time.Minutes:00}m";

    private Layer? Find(Descriptor descriptor) => _layers.Find(l => l.Descriptor.Digest == descriptor.Digest);

    private sealed class Layer
    {
        public required Descriptor Descriptor { get; init; }

        public Phase Phase { get; set; }

        public long Bytes { get; set; }

        /// <summary>What an earlier pull had fetched: it does not count for the rate.</summary>
        public long? Start { get; set; }
    }
}
