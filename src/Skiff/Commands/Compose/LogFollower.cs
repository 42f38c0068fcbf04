using System.Text;
using Skiff.CommandLine;
using Skiff.Compose.Planning;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>How the logs of several containers are shown together.</summary>
/// <param name="invocation">The command line.</param>
/// <param name="names">The containers' names without the project, for the width of the column.</param>
internal sealed class LogFollower(Invocation invocation, IEnumerable<string> names)
{
    private static readonly string[] s_colours = ["36", "33", "32", "35", "34", "36;1", "33;1", "32;1", "35;1", "34;1"];
    private readonly Lock _gate = new();
    private readonly int _width = names.Select(static n => n.Length).Prepend(0).Max();
    private readonly bool _colours = !invocation.Is("no-color") && ComposeProgress.Colours(invocation, 1);
    private readonly bool _prefixes = !invocation.Is("no-log-prefix");
    private readonly bool _stamps = invocation.Is("timestamps");
    private int _next;

    /// <summary>The name in the column: the container's without the project.</summary>
    public static string NameOf(ObservedContainer container, string project)
    {
        string name = container.Record.Name;
        return name.StartsWith(project + "-", StringComparison.Ordinal) ? name[(project.Length + 1)..] : name;
    }

    /// <summary>Shows a container's log, and goes on until it ends where that is asked for.</summary>
    /// <param name="engine">The engine, of this thread.</param>
    /// <param name="record">The container.</param>
    /// <param name="name">Its name in the column.</param>
    /// <param name="wishes">What of it.</param>
    public void Show(SkiffEngine engine, ContainerRecord record, string name, LogWishes wishes)
    {
        LineWriter writer = new(this, Prefix(name));
        if (record.LogDriver is "none" or "journald")
        {
            return;
        }
        ContainerState state = engine.Reconciler.Check(record) ?? new ContainerState();
        LogPrinter printer = new(writer.Take, _stamps, details: false);
        bool follows = wishes.Follows && (state.IsUp || state.Status == ContainerStatus.Restarting);
        using Pidfd? monitor = follows && state.Monitor.Exists ? Pidfd.TryOpen(state.Monitor.Pid) : null;
        using LogWatch? watch = follows ? new LogWatch(engine.Paths.Container(record.Id), monitor) : null;
        using LogReader reader = new(engine.Paths.Log(record.Id), record);
        if (wishes.Tail >= 0)
        {
            reader.SeekTail(wishes.Tail);
        }
        while (true)
        {
            // Asked before the reading: what is written between the two is read in the next round.
            bool more = watch?.Wait(0) ?? false;
            while (reader.TryRead(out LogRecord line))
            {
                if (
                    (wishes.Since.Length == 0 || line.Stamp.SequenceCompareTo(wishes.Since) >= 0)
                    && (wishes.Until.Length == 0 || line.Stamp.SequenceCompareTo(wishes.Until) <= 0)
                )
                {
                    printer.Print(line);
                }
            }
            printer.Flush();
            if (!more)
            {
                writer.End();
                return;
            }
            _ = watch!.Wait(-1);
        }
    }

    /// <summary>A line of compose's own in the stream of the containers'.</summary>
    public void Note(string text)
    {
        lock (_gate)
        {
            invocation.Output.Line(text);
        }
    }

    private byte[] Prefix(string name)
    {
        if (!_prefixes)
        {
            return [];
        }
        string text = $"{name.PadRight(_width)}  | ";
        int colour = Interlocked.Increment(ref _next) - 1;
        return Encoding.UTF8.GetBytes(_colours ? $"\e[{s_colours[colour % s_colours.Length]}m{text}\e[0m" : text);
    }

    /// <summary>Puts the prefix before each line; lines of different containers do not mix.</summary>
    private sealed class LineWriter(LogFollower owner, byte[] prefix)
    {
        private readonly List<byte> _rest = [];

        public void Take(ReadOnlyMemory<byte> bytes, bool isError)
        {
            List<byte> output = [];
            ReadOnlySpan<byte> left = bytes.Span;
            while (left.IndexOf((byte)'\n') is int end and >= 0)
            {
                output.AddRange(prefix);
                output.AddRange(_rest);
                output.AddRange(left[..(end + 1)]);
                _rest.Clear();
                left = left[(end + 1)..];
            }
            _rest.AddRange(left);
            Write(output);
        }

        public void End()
        {
            if (_rest.Count > 0)
            {
                Write([.. prefix, .. _rest, (byte)'\n']);
                _rest.Clear();
            }
        }

        private void Write(List<byte> output)
        {
            if (output.Count > 0)
            {
                lock (owner._gate)
                {
                    owner.Output(output.ToArray());
                }
            }
        }
    }

    private void Output(byte[] bytes) => invocation.Output.Write(bytes);
}

/// <summary>What of a log is shown.</summary>
/// <param name="Follows">Go on until the container ends.</param>
/// <param name="Tail">So many lines at most; negative for all.</param>
/// <param name="Since">Only from this time on, as the log writes it; empty for all.</param>
/// <param name="Until">Only to this time; empty for all.</param>
internal sealed record LogWishes(bool Follows, long Tail, byte[] Since, byte[] Until)
{
    /// <summary>A time as the log writes it.</summary>
    public static byte[] Stamp(DateTimeOffset time)
    {
        byte[] stamp = new byte[LogLine.StampLength];
        LogLine.WriteStamp(time, stamp);
        return stamp;
    }
}
