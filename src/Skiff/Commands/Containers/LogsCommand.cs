using System.Globalization;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff logs</c>.</summary>
internal static class LogsCommand
{
    public static Command Define() =>
        new()
        {
            Name = "logs",
            Summary = "Show the output of a container that a monitor keeps",
            Usage = "[OPTIONS] CONTAINER",
            Flags =
            [
                Flag.Bool("details", "Show the labels and variables that --log-opt labels and env name"),
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
        Require(engine, record);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        DateTimeOffset? until = invocation.Value("until") is { } u ? TimeArgument.Parse(u, now, "--until") : null;
        byte[] first = invocation.Value("since") is { } s ? Stamp(TimeArgument.Parse(s, now, "--since")) : [];
        byte[] last = until is { } end ? Stamp(end) : [];
        long tail = Tail(invocation.Value("tail"));
        LogPrinter printer = new(Writer(invocation.Output), invocation.Is("timestamps"), invocation.Is("details"));
        bool follows = invocation.Is("follow") && (state.IsUp || state.Status == ContainerStatus.Restarting);
        using Pidfd? monitor = follows && state.Monitor.Exists ? Pidfd.TryOpen(state.Monitor.Pid) : null;
        using LogWatch? watch = follows ? new LogWatch(engine.Paths.Container(record.Id), monitor) : null;
        using LogReader reader = new(engine.Paths.Log(record.Id), record);
        if (tail >= 0)
        {
            reader.SeekTail(tail);
        }
        while (true)
        {
            // Asked before the reading: what is written between the two is read in the next round.
            bool more = watch?.Wait(0) ?? false;
            Show(reader, printer, first, last);
            if (!more || (until is { } limit && TimeProvider.System.GetUtcNow() > limit))
            {
                return 0;
            }
            _ = watch!.Wait(until is { } moment ? Pause(moment) : -1);
        }
    }

    private static void Require(SkiffEngine engine, ContainerRecord record)
    {
        if (record.LogDriver == "none")
        {
            throw new SkiffException(
                $"the container {record.Name} keeps no log: its configured logging driver (none) does not support reading"
            );
        }
        if (record.LogDriver == "journald")
        {
            throw new SkiffException(
                $"the log of the container {record.Name} is in the journal: configured logging driver does not support reading; use journalctl CONTAINER_ID={record.ShortId}"
            );
        }
        if (record.Foreground && !Files.Exists(engine.Paths.Log(record.Id)))
        {
            throw new SkiffException(
                $"the container {record.Name} ran in the foreground: its output went to the command that started it and was not kept; use run -d, or give --log-driver"
            );
        }
    }

    private static void Show(LogReader reader, LogPrinter printer, byte[] first, byte[] last)
    {
        while (reader.TryRead(out LogRecord record))
        {
            if (
                (first.Length == 0 || record.Stamp.SequenceCompareTo(first) >= 0)
                && (last.Length == 0 || record.Stamp.SequenceCompareTo(last) <= 0)
            )
            {
                printer.Print(record);
            }
        }
        printer.Flush();
    }

    private static int Pause(DateTimeOffset until) =>
        (int)Math.Clamp((until - TimeProvider.System.GetUtcNow()).TotalMilliseconds + 1, 0, int.MaxValue);

    private static Action<ReadOnlyMemory<byte>, bool> Writer(Output output) =>
        (bytes, isError) =>
        {
            if (isError)
            {
                _ = Files.TryWriteAll(2, bytes.Span);
            }
            else
            {
                output.Write(bytes.Span);
            }
        };

    private static byte[] Stamp(DateTimeOffset time)
    {
        byte[] stamp = new byte[LogLine.StampLength];
        LogLine.WriteStamp(time, stamp);
        return stamp;
    }

    private static long Tail(string? text)
    {
        if (text is null or "all")
        {
            return -1;
        }
        // docker: a negative number shows everything.
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long n)
            ? Math.Max(n, -1)
            : throw new SkiffException($"--tail {text}: a number or all is expected");
    }
}
