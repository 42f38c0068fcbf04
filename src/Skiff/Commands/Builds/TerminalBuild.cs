using System.Diagnostics;
using System.Text;
using Skiff.Build;
using Skiff.Display;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Builds;

/// <summary>On a terminal: a line for every step that has ended, and below them those that run, with the last lines that they wrote; these are drawn again and again.</summary>
internal sealed class TerminalBuild : IBuildProgress, IDisposable
{
    private const int OutputLines = 5;

    private readonly Output _output;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, Running> _running = [];
    private readonly Timer _clock;
    private readonly StringBuilder _held = new();
    private int _drawn;
    private bool _paused;
    private bool _over;

    internal TerminalBuild(Output output)
    {
        _output = output;
        _clock = new Timer(_ => Redraw(""), null, 500, 200);
    }

    public void Begin(int step, string title)
    {
        lock (_lock)
        {
            _running[step] = new Running(title, Stopwatch.GetTimestamp());
            Draw("");
        }
    }

    public void Output(int step, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            _running[step].Add(Encoding.UTF8.GetString(bytes));
        }
    }

    public void Note(int step, string text)
    {
        lock (_lock)
        {
            _running[step].Note = text;
        }
    }

    public void End(int step, StepOutcome outcome)
    {
        lock (_lock)
        {
            Running ended = _running[step];
            _running.Remove(step);
            string mark = outcome switch
            {
                StepOutcome.Cached => "=> CACHED ",
                StepOutcome.Done => "=> ",
                StepOutcome.Canceled => "=> CANCELED ",
                _ => "=> ERROR ",
            };
            Draw(Line(mark + ended.Title, ended.Begin, outcome == StepOutcome.Failed ? "\e[31m" : "\e[34m"));
        }
    }

    public void Warn(string text)
    {
        lock (_lock)
        {
            Draw($"skiff: warning: {text}\n");
        }
    }

    /// <summary>Leaves the terminal to somebody else, the progress of a pull; what ends meanwhile is shown after it.</summary>
    internal T Paused<T>(Func<T> work)
    {
        lock (_lock)
        {
            Clear("");
            _paused = true;
        }
        try
        {
            return work();
        }
        finally
        {
            lock (_lock)
            {
                _paused = false;
                Draw(_held.ToString());
                _held.Clear();
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _over = true;
        }
        _clock.Dispose();
    }

    private void Redraw(string above)
    {
        lock (_lock)
        {
            if (!_over)
            {
                Draw(above);
            }
        }
    }

    /// <summary>Takes the lines of running steps away, and writes what stays.</summary>
    private void Clear(string above)
    {
        string up = _drawn > 0 ? $"\e[{_drawn}A" : "";
        _drawn = 0;
        _output.Error($"{up}\r\e[J{above}");
    }

    private void Draw(string above)
    {
        if (_paused)
        {
            _held.Append(above);
            return;
        }
        StringBuilder text = new();
        if (_drawn > 0)
        {
            text.Append($"\e[{_drawn}A");
        }
        text.Append("\r\e[J").Append(above);
        _drawn = 0;
        foreach (Running step in _running.Values)
        {
            text.Append(Line("=> " + step.Title, step.Begin, ""));
            _drawn++;
            foreach (string line in step.Last)
            {
                text.Append("\e[2m").Append(Cut(" => => " + line, 0)).Append("\e[0m\n");
                _drawn++;
            }
        }
        _output.Error(text.ToString());
    }

    private static string Line(string text, long begin, string colour)
    {
        string seconds = $"{Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0}s";
        string cut = Cut(text, seconds.Length + 2);
        return $"{colour}{cut.PadRight(Width() - seconds.Length - 1)}{seconds}{(colour.Length > 0 ? "\e[0m" : "")}\n";
    }

    private static string Cut(string text, int less)
    {
        int width = Math.Max(20, Width() - less - 1);
        return text.Length > width ? text[..(width - 1)] + "…" : text;
    }

    private static int Width() => Tty.GetSize(2) is { } size && size.Columns > 30 ? size.Columns : 80;

    private sealed class Running(string title, long begin)
    {
        private readonly StringBuilder _line = new();

        internal string Title => title;

        internal long Begin => begin;

        internal string Note { get; set; } = "";

        internal Queue<string> Last { get; } = new();

        internal void Add(string text)
        {
            foreach (char c in text)
            {
                if (c == '\n')
                {
                    Last.Enqueue(_line.ToString());
                    _line.Clear();
                    if (Last.Count > OutputLines)
                    {
                        _ = Last.Dequeue();
                    }
                }
                else if (c == '\r')
                {
                    _line.Clear();
                }
                else if (!char.IsControl(c) || c == '\t')
                {
                    _line.Append(c == '\t' ? ' ' : c);
                }
            }
        }
    }
}
