using System.Globalization;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff logs</c>.</summary>
internal static class LogsCommand
{
    public static Command Define() =>
        new()
        {
            Name = "logs",
            Summary = "Show the output of a container in the background",
            Usage = "[OPTIONS] CONTAINER",
            Flags =
            [
                Flag.Bool("details", "Accepted for compatibility: there are no further attributes"),
                Flag.Bool("follow", "Go on showing until the container ends", 'f'),
                Flag.Text("since", "Only what was written after this time or within this duration"),
                Flag.Text("tail", "Only the last lines", 'n') with
                {
                    Default = "all",
                },
                Flag.Bool("timestamps", "Show when each line was written", 't'),
                Flag.Text("until", "Only what was written before this time or duration"),
            ],
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.Container],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, invocation.Arguments[0]);
        string path = engine.Paths.Log(record.Id);
        if (record.LogDriver == "none")
        {
            throw new SkiffException($"the container {record.Name} keeps no log (--log-driver none)");
        }
        if (record.Foreground && !Files.Exists(path))
        {
            throw new SkiffException(
                $"the container {record.Name} ran in the foreground: its output went to the command that started it and was not kept; use run -d"
            );
        }
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        DateTimeOffset? since = invocation.Value("since") is { } s ? TimeArgument.Parse(s, now, "--since") : null;
        DateTimeOffset? until = invocation.Value("until") is { } u ? TimeArgument.Parse(u, now, "--until") : null;
        long tail = Tail(invocation.Value("tail"));
        bool stamps = invocation.Is("timestamps");
        using LogReader reader = new(path);
        Queue<List<LogLine>> last = new(); // a line that is longer than a record is several records
        bool whole = true;
        while (reader.TryRead(out LogLine line))
        {
            if ((since is { } a && line.Time < a) || (until is { } b && line.Time > b))
            {
                continue;
            }
            if (tail < 0)
            {
                Show(invocation.Output, line, stamps);
                continue;
            }
            if (whole)
            {
                last.Enqueue([]);
            }
            last.Last().Add(line);
            whole = line.Text is [.., (byte)'\n'];
            while (last.Count > tail)
            {
                last.Dequeue();
            }
            whole |= last.Count == 0;
        }
        foreach (LogLine line in last.SelectMany(static l => l))
        {
            Show(invocation.Output, line, stamps);
        }
        if (invocation.Is("follow"))
        {
            Follow(engine, record, state, reader, invocation, until, stamps);
        }
        return 0;
    }

    private static void Follow(
        SkiffEngine engine,
        ContainerRecord record,
        ContainerState state,
        LogReader reader,
        Invocation invocation,
        DateTimeOffset? until,
        bool stamps
    )
    {
        bool alive = state.IsUp || state.Status == ContainerStatus.Restarting;
        using Pidfd? monitor = alive && state.Monitor.Exists ? Pidfd.TryOpen(state.Monitor.Pid) : null;
        while (true)
        {
            bool ended = monitor?.WaitReadable(20) ?? true;
            while (reader.TryRead(out LogLine line))
            {
                if (until is { } limit && line.Time > limit)
                {
                    return;
                }
                Show(invocation.Output, line, stamps);
            }
            if (ended || (until is { } end && TimeProvider.System.GetUtcNow() > end) || engine.Containers.TryLoad(record.Id) is null)
            {
                return;
            }
        }
    }

    private static void Show(Output output, LogLine line, bool stamps)
    {
        byte[] text = stamps ? [.. System.Text.Encoding.ASCII.GetBytes(LogLine.Stamp(line.Time) + " "), .. line.Text] : line.Text;
        if (line.IsError)
        {
            _ = Files.TryWriteAll(2, text);
        }
        else
        {
            output.Write(text);
        }
    }

    private static long Tail(string? text) =>
        text is null or "all" ? -1
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long n) ? n
        : throw new SkiffException($"--tail {text}: a number or all is expected", 125);
}
