using System.Diagnostics;
using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Engine.Events;

/// <summary>Who waits for a command of <c>exec</c>, and the command, as the event of its start tells them: so that its end is told although who waits was killed.</summary>
/// <param name="Keeper">The pid of who waits.</param>
/// <param name="Process">The pid of the command.</param>
/// <param name="Since">CLOCK_MONOTONIC when both lived: a process that began later has only the number in common. It costs no system call, as their start times would.</param>
/// <param name="BootId">The boot in which that is true.</param>
/// <param name="UnknownCode">What the command ended with where nobody saw it: 137 when it was killed with who waited.</param>
internal sealed record ExecKeeper(int Keeper, int Process, long Since, string BootId, int UnknownCode)
{
    private const long TicksPerSecond = 100; // USER_HZ, time(7)

    /// <summary>This process keeps the command.</summary>
    internal static string Here(int process, string bootId, int unknownCode) =>
        string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {process} {Stopwatch.GetTimestamp()} {unknownCode} {bootId}");

    /// <summary>Reads the text; null when it is none.</summary>
    internal static ExecKeeper? TryParse(string text)
    {
        string[] words = text.Split(' ');
        return
            words.Length == 5
            && int.TryParse(words[0], CultureInfo.InvariantCulture, out int keeper)
            && int.TryParse(words[1], CultureInfo.InvariantCulture, out int process)
            && long.TryParse(words[2], CultureInfo.InvariantCulture, out long since)
            && int.TryParse(words[3], CultureInfo.InvariantCulture, out int code)
            ? new ExecKeeper(keeper, process, since, words[4], code)
            : null;
    }

    /// <summary>How the command ended, while it waits for who inherited it; null otherwise.</summary>
    internal ExitStatus? StatusOfZombie() =>
        ProcessStat.TryRead(Process, out ProcessStat stat) && IsSame(stat)
            ? new ProcessIdentity(Process, stat.StartTicks, BootId).StatusOfZombie()
            : null;

    /// <summary>False once exactly this process has ended; what cannot be found out counts as alive.</summary>
    /// <param name="pid">One of the two.</param>
    /// <param name="bootId">The present boot.</param>
    internal bool IsAlive(int pid, string bootId)
    {
        if (BootId != bootId || !Files.Exists($"/proc/{pid}"))
        {
            return false;
        }
        if (!ProcessStat.TryRead(pid, out ProcessStat stat))
        {
            return Files.Exists($"/proc/{pid}");
        }
        return stat.State is not ('Z' or 'X') && IsSame(stat);
    }

    private bool IsSame(ProcessStat stat)
    {
        // Start times count the time that the machine slept, this clock does not: so much later may a process have begun by that count.
        long asleep = Math.Max(0, Uptime() - (Stopwatch.GetTimestamp() * TicksPerSecond / Stopwatch.Frequency));
        return stat.StartTicks <= (Since * TicksPerSecond / Stopwatch.Frequency) + asleep + 1;
    }

    /// <summary>Ticks since the boot, proc_uptime(5).</summary>
    private static long Uptime()
    {
        string text = Files.TryReadText("/proc/uptime", out _) ?? "";
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && double.TryParse(text.AsSpan(0, space), CultureInfo.InvariantCulture, out double seconds)
            ? (long)(seconds * TicksPerSecond)
            : 0;
    }
}
