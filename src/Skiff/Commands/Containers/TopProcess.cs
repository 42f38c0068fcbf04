using System.Globalization;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary>One process as /proc shows it, proc_pid_stat(5) and proc_pid_status(5).</summary>
internal sealed class TopProcess
{
    private const double TicksPerSecond = 100; // USER_HZ, the same on all architectures we run on
    private static readonly int s_pageSize = Environment.SystemPageSize; // arm64 kernels have 4, 16 or 64 KiB
    private readonly string[] _stat;
    private readonly string _status;

    private TopProcess(int pid, string[] stat, string status, string arguments, TopHost host)
    {
        Pid = pid;
        _stat = stat;
        _status = status;
        Arguments = arguments.Length > 0 ? arguments : $"[{Name}]";
        Host = host;
    }

    /// <summary>The host's number of it.</summary>
    public int Pid { get; }

    /// <summary>The command line; the name in brackets where there is none.</summary>
    public string Arguments { get; }

    /// <summary>What is the same for all.</summary>
    public TopHost Host { get; }

    /// <summary>The name of the executable.</summary>
    public string Name => Status("Name:").Trim();

    /// <summary>Processor time used.</summary>
    public TimeSpan Time => TimeSpan.FromSeconds((Stat(14) + Stat(15)) / TicksPerSecond);

    /// <summary>Time since its start.</summary>
    public TimeSpan Age
    {
        get
        {
            TimeSpan age = Host.Uptime - TimeSpan.FromSeconds(Stat(22) / TicksPerSecond);
            return age > TimeSpan.Zero ? age : TimeSpan.Zero;
        }
    }

    /// <summary>Its start in local time.</summary>
    public DateTimeOffset Started => (Host.Now - Age).ToLocalTime();

    /// <summary>Processor time by age, in percent of one processor.</summary>
    public double Processor => Age > TimeSpan.Zero ? Time / Age * 100 : 0;

    /// <summary>Bytes of main memory that it holds.</summary>
    public long Resident => Stat(24) * s_pageSize;

    /// <summary>Pages of its address space.</summary>
    public long Pages => Virtual / s_pageSize;

    /// <summary>Bytes of its address space.</summary>
    public long Virtual => Stat(23);

    /// <summary>One letter: R, S, D, Z, T, …</summary>
    public string State => _stat[0];

    /// <summary>ps's STAT: the state, and marks for priority, session leaders, threads and the terminal's foreground.</summary>
    public string Marks =>
        State
        + (
            Stat(19) < 0 ? "<"
            : Stat(19) > 0 ? "N"
            : ""
        )
        + (Stat(6) == Pid ? "s" : "")
        + (Stat(20) > 1 ? "l" : "")
        + (Stat(8) == Stat(5) ? "+" : "");

    /// <summary>The controlling terminal, or a question mark.</summary>
    public string Terminal
    {
        get
        {
            long device = Stat(7);
            long major = (device >> 8) & 0xFFF;
            long minor = (device & 0xFF) | ((device >> 12) & 0xFFF00);
            return device == 0 ? "?"
                : major is >= 136 and <= 143 ? $"pts/{((major - 136) * 256) + minor}"
                : major == 4 ? $"tty{minor}"
                : "?";
        }
    }

    /// <summary>Reads a process; null when it has ended.</summary>
    public static TopProcess? TryRead(int pid, TopHost host)
    {
        string? stat = Files.TryReadText($"/proc/{pid}/stat", out _);
        string? status = Files.TryReadText($"/proc/{pid}/status", out _);
        if (stat is null || status is null)
        {
            return null;
        }
        // The name in field 2 may contain blanks and parentheses, so fields are counted from the last ')'.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].TrimEnd('\n').Split(' ');
        string line = (Files.TryReadText($"/proc/{pid}/cmdline", out _) ?? "").TrimEnd('\0').Replace('\0', ' ').Replace('\n', ' ');
        return fields.Length < 37 ? null : new TopProcess(pid, fields, status, line, host);
    }

    /// <summary>A number of /proc/PID/stat by its number in the manual page, from 4 on.</summary>
    public long Stat(int field) =>
        long.TryParse(_stat[field - 3], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : 0;

    /// <summary>A word of a line of /proc/PID/status.</summary>
    public string Status(string key, int word = 1)
    {
        int at = _status.StartsWith(key, StringComparison.Ordinal) ? 0 : _status.IndexOf("\n" + key, StringComparison.Ordinal) + 1;
        if (at == 0 && !_status.StartsWith(key, StringComparison.Ordinal))
        {
            return "";
        }
        int end = _status.IndexOf('\n', at);
        string[] words = _status[at..(end < 0 ? _status.Length : end)].Split('\t');
        return word < 0 ? words[^1]
            : word < words.Length ? words[word]
            : "";
    }
}
