using Skiff.Linux;

namespace Skiff.Engine.Containers;

/// <summary>A process that cannot be mistaken for a later one with the same number: pid, start time, boot.</summary>
/// <param name="Pid">The process id as the host sees it; 0 for none.</param>
/// <param name="StartTicks">Clock ticks after boot, field 22 of /proc/pid/stat, proc_pid_stat(5).</param>
/// <param name="BootId">/proc/sys/kernel/random/boot_id, random(4): pids and ticks mean nothing in another boot.</param>
public readonly record struct ProcessIdentity(int Pid, long StartTicks, string BootId)
{
    /// <summary>No process.</summary>
    public static ProcessIdentity None => new(0, 0, "");

    /// <summary>True when there is a process to speak of.</summary>
    public bool Exists => Pid > 0;

    /// <summary>The identity of a living process; null if there is none with that number.</summary>
    public static ProcessIdentity? Of(int pid) =>
        ProcessStat.TryRead(pid, out ProcessStat stat) ? new ProcessIdentity(pid, stat.StartTicks, BootIdentity.Read()) : null;

    /// <summary>How exactly this process ended, while it waits for its parent: the last field of /proc/pid/stat (kernel 3.5). Null before, and once it is reaped.</summary>
    public ExitStatus? StatusOfZombie()
    {
        string line = Files.TryReadText($"/proc/{Pid}/stat", out _)?.TrimEnd() ?? "";
        return
            ProcessStat.TryParse(System.Text.Encoding.UTF8.GetBytes(line), out ProcessStat stat)
            && stat.State == 'Z'
            && stat.StartTicks == StartTicks
            && int.TryParse(line.AsSpan(line.LastIndexOf(' ') + 1), out int status)
            ? new ExitStatus((status >> 8) & 0xFF, status & 0x7F)
            : null;
    }

    /// <summary>True while exactly this process exists and is not a zombie.</summary>
    /// <param name="bootId">The present boot, from <see cref="BootIdentity.Read"/>, read once per command.</param>
    public bool IsAlive(string bootId) =>
        Pid > 0
        && BootId == bootId
        && ProcessStat.TryRead(Pid, out ProcessStat stat)
        && stat.StartTicks == StartTicks
        && stat.State is not ('Z' or 'X');
}

/// <summary>The identity of this boot of the kernel.</summary>
public static class BootIdentity
{
    /// <summary>Reads /proc/sys/kernel/random/boot_id, 36 characters.</summary>
    public static string Read()
    {
        const string path = "/proc/sys/kernel/random/boot_id";
        string? text = Files.TryReadText(path, out int errno);
        return text?.TrimEnd() ?? throw new LinuxException("read", path, errno);
    }
}

/// <summary>The fields of /proc/pid/stat that the engine uses, proc_pid_stat(5).</summary>
/// <param name="State">Field 3: R, S, D, Z, T, …</param>
/// <param name="Parent">Field 4: the parent's pid.</param>
/// <param name="Tty">Field 7: the controlling terminal's device number.</param>
/// <param name="UserTicks">Field 14: user time in clock ticks.</param>
/// <param name="SystemTicks">Field 15: system time in clock ticks.</param>
/// <param name="StartTicks">Field 22: start time in clock ticks after boot.</param>
public readonly record struct ProcessStat(char State, int Parent, int Tty, long UserTicks, long SystemTicks, long StartTicks)
{
    /// <summary>Reads it; false when there is no such process.</summary>
    public static bool TryRead(int pid, out ProcessStat stat)
    {
        stat = default;
        Span<byte> buffer = stackalloc byte[1024];
        int length = Read(pid, buffer);
        return length > 0 && TryParse(buffer[..length], out stat);
    }

    /// <summary>Whether a process is about to be no more: it ends, or SIGKILL is on its way to it, which nothing keeps off. Null when there is none of that number.</summary>
    public static bool? IsEnding(int pid)
    {
        Span<byte> buffer = stackalloc byte[1024];
        int length = Read(pid, buffer);
        return length <= 0 ? null : IsEnding(buffer[..length]);
    }

    /// <summary>The same of a line.</summary>
    public static bool IsEnding(ReadOnlySpan<byte> line)
    {
        const long PF_EXITING = 4;
        const long PF_SIGNALED = 0x400;
        const long Kill = 1L << (Signals.SIGKILL - 1);
        Span<long> fields = stackalloc long[53];
        char state = TryFields(line, fields, least: 31);
        return state is 'Z' or 'X'
            || (
                state != 0
                // The flags of the kernel, the first thread's pending signals, and what the process group ends with (kernel 5.18): between them there is no gap.
                && ((fields[9] & (PF_EXITING | PF_SIGNALED)) != 0 || (fields[31] & Kill) != 0 || fields[52] == Signals.SIGKILL)
            );
    }

    private static int Read(int pid, Span<byte> buffer)
    {
        if (pid <= 0)
        {
            return -1;
        }
        using SafeFd? fd = Files.TryOpen($"/proc/{pid}/stat", OpenFlags.O_RDONLY, out _);
        return fd is null ? -1 : Files.TryRead(fd, buffer, out _);
    }

    /// <summary>Parses one line. The command in field 2 may contain spaces and parentheses, so fields are counted from the last ')'.</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out ProcessStat stat)
    {
        Span<long> fields = stackalloc long[23];
        char state = TryFields(line, fields, least: 22);
        stat = state == 0 ? default : new ProcessStat(state, (int)fields[4], (int)fields[7], fields[14], fields[15], fields[22]);
        return state != 0;
    }

    /// <summary>The numbers of a line by their place, as many as there is room for; the state, or 0 where there are too few.</summary>
    private static char TryFields(ReadOnlySpan<byte> line, Span<long> fields, int least)
    {
        fields.Clear();
        int close = line.LastIndexOf((byte)')');
        if (close < 0 || close + 3 >= line.Length)
        {
            return '\0';
        }
        ReadOnlySpan<byte> rest = line[(close + 2)..];
        int field = 3;
        int at = 1;
        while (field < fields.Length - 1 && at < rest.Length)
        {
            at++;
            field++;
            bool negative = at < rest.Length && rest[at] == (byte)'-';
            at += negative ? 1 : 0;
            ulong value = 0;
            while (at < rest.Length && rest[at] is >= (byte)'0' and <= (byte)'9')
            {
                value = (value * 10) + (ulong)(rest[at++] - '0');
            }
            fields[field] = negative ? -(long)value : (long)value;
        }
        return field < least ? '\0' : (char)rest[0];
    }
}
