using System.Globalization;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff top</c>: the processes of a container, read from /proc; no ps(1) is needed, neither on the host nor in the image.</summary>
internal static class TopCommand
{
    private const double TicksPerSecond = 100; // USER_HZ, the same on all architectures we run on

    public static Command Define() =>
        new()
        {
            Name = "top",
            Summary = "Show the processes of a container",
            Usage = "CONTAINER [-o COLUMNS]",
            Description = "Columns: uid, pid, nspid, ppid, stime, tty, time, cmd, comm, state, rss, vsz.",
            Flags = [Flag.Text("columns", "Columns to show, separated by commas", 'o')],
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.RunningContainer],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        (ContainerRecord record, ContainerState state) = ContainerAccess.FindRunning(engine, invocation.Arguments[0]);
        string[] columns = (invocation.Value("columns") ?? "uid,pid,ppid,stime,tty,time,cmd").Split(',');
        List<string> lines = [string.Join('\t', columns.Select(static c => c.ToUpperInvariant()))];
        DateTimeOffset boot = TimeProvider.System.GetUtcNow() - TimeSpan.FromMilliseconds(Environment.TickCount64);
        foreach (int pid in PauseCommand.CgroupOf(record, state).Processes().Order())
        {
            if (ProcessStat.TryRead(pid, out ProcessStat stat) && Files.TryReadText($"/proc/{pid}/status", out _) is { } status)
            {
                lines.Add(string.Join('\t', columns.Select(c => Cell(c.Trim(), pid, stat, status, boot))));
            }
        }
        invocation.Output.Write(Columns.Align(string.Join('\n', lines) + "\n"));
        return 0;
    }

    private static string Cell(string column, int pid, ProcessStat stat, string status, DateTimeOffset boot) =>
        column.ToLowerInvariant() switch
        {
            "uid" or "user" => Field(status, "Uid:", 1),
            "pid" => pid.ToString(CultureInfo.InvariantCulture),
            "nspid" => Field(status, "NSpid:", ^1),
            "ppid" => stat.Parent.ToString(CultureInfo.InvariantCulture),
            "stime" => (boot + TimeSpan.FromSeconds(stat.StartTicks / TicksPerSecond))
                .ToLocalTime()
                .ToString("HH:mm", CultureInfo.InvariantCulture),
            "tty" => stat.Tty == 0 ? "?" : $"pts/{stat.Tty & 0xFF}",
            "time" => TimeSpan
                .FromSeconds((stat.UserTicks + stat.SystemTicks) / TicksPerSecond)
                .ToString("hh\\:mm\\:ss", CultureInfo.InvariantCulture),
            "cmd" or "args" => CommandOf(pid, status),
            "comm" => Field(status, "Name:", 1),
            "state" or "stat" => stat.State.ToString(),
            "rss" => Field(status, "VmRSS:", 1).Replace(" kB", "", StringComparison.Ordinal).Trim(),
            "vsz" => Field(status, "VmSize:", 1).Replace(" kB", "", StringComparison.Ordinal).Trim(),
            _ => throw new SkiffException(
                $"there is no column {column}: choose from uid, pid, nspid, ppid, stime, tty, time, cmd, comm, state, rss, vsz",
                125
            ),
        };

    private static string CommandOf(int pid, string status)
    {
        string text = (Files.TryReadText($"/proc/{pid}/cmdline", out _) ?? "")
            .TrimEnd('\0')
            .Replace('\0', ' ')
            .Replace('\t', ' ')
            .Replace('\n', ' ');
        return text.Length > 0 ? text : $"[{Field(status, "Name:", 1)}]";
    }

    private static string Field(string status, string key, Index index)
    {
        int at = status.IndexOf("\n" + key, StringComparison.Ordinal) + 1;
        if (at == 0 && !status.StartsWith(key, StringComparison.Ordinal))
        {
            return "";
        }
        int end = status.IndexOf('\n', at);
        string[] words = status[at..end].Split('\t');
        return index.GetOffset(words.Length) < words.Length ? words[index] : "";
    }
}
