using System.Globalization;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary>A column of <c>top</c>.</summary>
/// <param name="Title">Its head.</param>
/// <param name="Cell">Its text for a process.</param>
/// <param name="Key">What it is sorted by, where that is a number.</param>
internal sealed record TopColumn(string Title, Func<TopProcess, string> Cell, Func<TopProcess, double>? Key = null);

/// <summary>The columns by ps(1)'s names of them.</summary>
internal static class TopColumns
{
    private static readonly CultureInfo s_invariant = CultureInfo.InvariantCulture;

    /// <summary>All names, without the synonyms.</summary>
    public static readonly string[] Names =
    [
        "args",
        "c",
        "cmd",
        "comm",
        "etime",
        "etimes",
        "f",
        "gid",
        "group",
        "lstart",
        "ni",
        "nlwp",
        "nspid",
        "%cpu",
        "%mem",
        "pgid",
        "pid",
        "ppid",
        "pri",
        "psr",
        "rss",
        "s",
        "sid",
        "start",
        "stat",
        "stime",
        "sz",
        "time",
        "tty",
        "uid",
        "user",
        "vsz",
        "wchan",
    ];

    /// <summary>The column of that name. Throws <see cref="SkiffException"/> for one that is not known.</summary>
    public static TopColumn Find(string name) =>
        TryFind(name)
        ?? throw new SkiffException(
            Suggestion.Nearest(name, Names) is { } near
                ? $"there is no column {name}, did you mean {near}?"
                : $"there is no column {name}: choose from {string.Join(", ", Names)}"
        );

    /// <summary>As <see cref="Find"/>, but null for a name that is not known.</summary>
    public static TopColumn? TryFind(string name) =>
        name.ToLowerInvariant() switch
        {
            "pid" or "hpid" => Number("PID", static p => p.Pid),
            "nspid" => new("NSPID", static p => p.Status("NSpid:", -1), static p => double.Parse(p.Status("NSpid:", -1), s_invariant)),
            "ppid" => Number("PPID", static p => p.Stat(4)),
            "pgid" or "pgrp" => Number("PGID", static p => p.Stat(5)),
            "sid" or "sess" or "session" => Number("SID", static p => p.Stat(6)),
            "uid" or "euid" => new("UID", static p => p.Status("Uid:", 2)),
            "user" or "euser" or "uname" or "huser" => new("USER", static p => p.Host.User(p.Status("Uid:", 2))),
            "ruser" => new("RUSER", static p => p.Host.User(p.Status("Uid:"))),
            "gid" or "egid" => new("GID", static p => p.Status("Gid:", 2)),
            "group" or "egroup" or "hgroup" => new("GROUP", static p => p.Host.Group(p.Status("Gid:", 2))),
            "comm" or "ucmd" or "ucomm" => new("COMMAND", static p => p.Name),
            "args" or "command" => new("COMMAND", static p => p.Arguments),
            "cmd" => new("CMD", static p => p.Arguments),
            "s" or "state" => new("S", static p => p.State),
            "stat" => new("STAT", static p => p.Marks),
            "tty" or "tt" or "tname" => new("TTY", static p => p.Terminal),
            "f" or "flag" or "flags" => new("F", static p => ((p.Stat(9) >> 6) & 7).ToString(s_invariant)),
            "wchan" => new("WCHAN", static p => Files.TryReadText($"/proc/{p.Pid}/wchan", out _) is { Length: > 1 } place ? place : "-"),
            _ => Measure(name.ToLowerInvariant()),
        };

    private static TopColumn? Measure(string name) =>
        name switch
        {
            "time" or "cputime" => new("TIME", static p => Clock(p.Time), static p => p.Time.Ticks),
            "bsdtime" => new("TIME", static p => $"{(int)p.Time.TotalMinutes}:{p.Time.Seconds:00}", static p => p.Time.Ticks),
            "etime" => new("ELAPSED", static p => Elapsed(p.Age), static p => p.Age.Ticks),
            "etimes" => Number("ELAPSED", static p => (long)p.Age.TotalSeconds),
            "stime" => new("STIME", Start, static p => -p.Age.Ticks),
            "start" or "start_time" or "bsdstart" => new("START", Start, static p => -p.Age.Ticks),
            "lstart" => new("STARTED", static p => p.Started.ToString("ddd MMM d HH:mm:ss yyyy", s_invariant), static p => -p.Age.Ticks),
            "%cpu" or "pcpu" => new("%CPU", static p => p.Processor.ToString("0.0", s_invariant), static p => p.Processor),
            "c" => Number("C", static p => (long)p.Processor),
            "%mem" or "pmem" => new(
                "%MEM",
                static p => (p.Host.Memory > 0 ? 100.0 * p.Resident / p.Host.Memory : 0).ToString("0.0", s_invariant),
                static p => p.Resident
            ),
            "vsz" or "vsize" => Number("VSZ", static p => p.Virtual / 1024),
            "rss" or "rssize" or "rsz" => Number("RSS", static p => p.Resident / 1024),
            "sz" => Number("SZ", static p => p.Pages),
            "ni" or "nice" => Number("NI", static p => p.Stat(19)),
            "pri" => Number("PRI", static p => 39 - p.Stat(18)),
            "nlwp" or "thcount" => Number("NLWP", static p => p.Stat(20)),
            "psr" => Number("PSR", static p => p.Stat(39)),
            _ => null,
        };

    private static TopColumn Number(string title, Func<TopProcess, long> value) =>
        new(title, p => value(p).ToString(s_invariant), p => value(p));

    /// <summary><c>[days-]hours:minutes:seconds</c>.</summary>
    private static string Clock(TimeSpan time) => (time.Days > 0 ? $"{time.Days}-" : "") + time.ToString("hh\\:mm\\:ss", s_invariant);

    /// <summary><c>[[days-]hours:]minutes:seconds</c>.</summary>
    private static string Elapsed(TimeSpan time) => time.TotalHours >= 1 ? Clock(time) : time.ToString("mm\\:ss", s_invariant);

    /// <summary>The time of today, the day of this year, or the year.</summary>
    private static string Start(TopProcess process)
    {
        string format =
            process.Age < TimeSpan.FromDays(1) ? "HH:mm"
            : process.Started.Year == process.Host.Now.Year ? "MMMdd"
            : "yyyy";
        return process.Started.ToString(format, s_invariant);
    }
}
