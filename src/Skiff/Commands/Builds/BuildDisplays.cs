using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Skiff.Build;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Builds;

/// <summary>The ways to show a build. All of it goes to standard error.</summary>
internal static class BuildDisplays
{
    /// <summary>The one that was asked for.</summary>
    internal static IBuildProgress Make(Invocation invocation)
    {
        Output output = invocation.Output;
        string progress = invocation.Value("progress") ?? Environment.GetEnvironmentVariable("BUILDKIT_PROGRESS") ?? "auto";
        if (progress is not ("auto" or "plain" or "tty" or "json" or "rawjson" or "quiet"))
        {
            throw invocation.Usage($"invalid value \"{progress}\" for flag --progress: auto, plain, tty, json or quiet expected");
        }
        bool terminal =
            progress == "tty" || (progress == "auto" && Tty.IsTerminal(2) && Environment.GetEnvironmentVariable("TERM") != "dumb");
        return invocation.Is("quiet") || progress == "quiet" ? new QuietBuild(output)
            : progress is "json" or "rawjson" ? new JsonBuild(output)
            : terminal ? new TerminalBuild(output)
            : new PlainBuild(output);
    }
}

/// <summary>Shows warnings only.</summary>
internal sealed class QuietBuild(Output output) : IBuildProgress
{
    public void Begin(int step, string title) { }

    public void Output(int step, ReadOnlySpan<byte> bytes) { }

    public void Note(int step, string text) { }

    public void End(int step, StepOutcome outcome) { }

    public void Warn(string text) => output.Warn(text);
}

/// <summary>Lines that begin with the step's number, as docker's: output with the seconds since the step began.</summary>
internal sealed class PlainBuild(Output output) : IBuildProgress
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, (long Begin, List<byte> Line)> _steps = [];

    public void Begin(int step, string title)
    {
        lock (_lock)
        {
            _steps[step] = (Stopwatch.GetTimestamp(), []);
            output.ErrorLine($"#{step} {title}");
        }
    }

    public void Output(int step, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            (long begin, List<byte> line) = _steps[step];
            StringBuilder text = new();
            foreach (byte b in bytes)
            {
                if (b == '\n')
                {
                    Line(text, step, begin, line);
                }
                else
                {
                    line.Add(b);
                }
            }
            if (line.Count > 64 << 10)
            {
                Line(text, step, begin, line); // no end of it in sight
            }
            output.Error(text.ToString());
        }
    }

    public void Note(int step, string text)
    {
        lock (_lock)
        {
            output.ErrorLine($"#{step} {text}");
        }
    }

    public void End(int step, StepOutcome outcome)
    {
        lock (_lock)
        {
            (long begin, List<byte> line) = _steps[step];
            StringBuilder text = new();
            if (line.Count > 0)
            {
                Line(text, step, begin, line);
            }
            string seconds = $"{Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0}s";
            text.Append($"#{step} ")
                .Append(
                    outcome switch
                    {
                        StepOutcome.Cached => "CACHED",
                        StepOutcome.Done => "DONE " + seconds,
                        StepOutcome.Canceled => "CANCELED",
                        _ => "ERROR " + seconds,
                    }
                );
            output.ErrorLine(text.Append('\n').ToString());
        }
    }

    public void Warn(string text) => output.Warn(text);

    private static void Line(StringBuilder text, int step, long begin, List<byte> line)
    {
        text.Append($"#{step} {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.000} ")
            .Append(Encoding.UTF8.GetString([.. line]).TrimEnd('\r'))
            .Append('\n');
        line.Clear();
    }
}

/// <summary>One JSON object per line and event.</summary>
internal sealed class JsonBuild(Output output) : IBuildProgress
{
    public void Begin(int step, string title) => Write(step, "begin", "title", title);

    public void Output(int step, ReadOnlySpan<byte> bytes) => Write(step, "output", "text", Encoding.UTF8.GetString(bytes));

    public void Note(int step, string text) => Write(step, "note", "text", text);

    public void End(int step, StepOutcome outcome) => Write(step, "end", "outcome", outcome.ToString().ToLowerInvariant());

    public void Warn(string text) => Write(0, "warning", "text", text);

    private void Write(int step, string kind, string name, string value)
    {
        MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("event"u8, kind);
            if (step > 0)
            {
                writer.WriteNumber("step"u8, step);
            }
            writer.WriteString(name, value);
            writer.WriteString("time"u8, TimeProvider.System.GetUtcNow().UtcDateTime);
            writer.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        output.Error(Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
    }
}
