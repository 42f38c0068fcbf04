namespace Skiff.Linux;

/// <summary>Signal numbers and names of signal(7); the numbers of x86-64 and arm64 agree.</summary>
public static class Signals
{
    public const int SIGHUP = 1;
    public const int SIGINT = 2;
    public const int SIGQUIT = 3;
    public const int SIGABRT = 6;
    public const int SIGKILL = 9;
    public const int SIGUSR1 = 10;
    public const int SIGUSR2 = 12;
    public const int SIGPIPE = 13;
    public const int SIGALRM = 14;
    public const int SIGTERM = 15;
    public const int SIGCHLD = 17;
    public const int SIGCONT = 18;
    public const int SIGSTOP = 19;
    public const int SIGTSTP = 20;
    public const int SIGTTIN = 21;
    public const int SIGTTOU = 22;
    public const int SIGURG = 23;
    public const int SIGWINCH = 28;
    public const int SIGSYS = 31;

    /// <summary>The first real-time signal that the C libraries leave to programs (glibc keeps 32 and 33).</summary>
    public const int SIGRTMIN = 34;

    /// <summary>The last real-time signal.</summary>
    public const int SIGRTMAX = 64;

    // Index = number. Aliases (IOT, CLD, POLL, UNUSED) are accepted by TryParse only.
    private static ReadOnlySpan<char> Names =>
        " HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS ";

    /// <summary>The name with its prefix: <c>SIGTERM</c>, <c>SIGRTMIN+3</c>; <c>signal N</c> for a number without a name.</summary>
    public static string Name(int signal)
    {
        if (signal is >= SIGRTMIN and <= SIGRTMAX)
        {
            return signal == SIGRTMIN ? "SIGRTMIN"
                : signal == SIGRTMAX ? "SIGRTMAX"
                : $"SIGRTMIN+{signal - SIGRTMIN}";
        }
        ReadOnlySpan<char> rest = Names;
        for (int number = 1; number <= SIGSYS; number++)
        {
            rest = rest[1..];
            int end = rest.IndexOf(' ');
            if (number == signal)
            {
                return string.Concat("SIG", rest[..end]);
            }
            rest = rest[end..];
        }
        return $"signal {signal}";
    }

    /// <summary>Reads <c>TERM</c>, <c>SIGTERM</c>, <c>sigterm</c>, <c>15</c>, <c>RTMIN+3</c> or <c>SIGRTMAX-1</c>; false for anything else, 0 included.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out int signal)
    {
        if (int.TryParse(text, System.Globalization.NumberStyles.None, null, out signal))
        {
            return signal is >= 1 and <= SIGRTMAX;
        }
        if (text.StartsWith("SIG", StringComparison.OrdinalIgnoreCase))
        {
            text = text[3..];
        }
        if (text.StartsWith("RTMIN", StringComparison.OrdinalIgnoreCase) || text.StartsWith("RTMAX", StringComparison.OrdinalIgnoreCase))
        {
            return TryParseRealTime(text, out signal);
        }
        signal =
            text.Equals("IOT", StringComparison.OrdinalIgnoreCase) ? SIGABRT
            : text.Equals("CLD", StringComparison.OrdinalIgnoreCase) ? SIGCHLD
            : text.Equals("POLL", StringComparison.OrdinalIgnoreCase) ? 29
            : text.Equals("UNUSED", StringComparison.OrdinalIgnoreCase) ? SIGSYS
            : 0;
        ReadOnlySpan<char> rest = Names;
        for (int number = 1; signal == 0 && number <= SIGSYS; number++)
        {
            rest = rest[1..];
            int end = rest.IndexOf(' ');
            if (text.Equals(rest[..end], StringComparison.OrdinalIgnoreCase))
            {
                signal = number;
            }
            rest = rest[end..];
        }
        return signal != 0;
    }

    /// <summary>As <see cref="TryParse"/>, but a user's mistake is a sentence.</summary>
    public static int Parse(string text, int exitCode = 1) =>
        TryParse(text, out int signal)
            ? signal
            : throw new SkiffException(
                $"\"{text}\" is not a signal: use a name such as TERM, SIGKILL or RTMIN+3, or a number from 1 to 64",
                exitCode
            );

    /// <summary>kill(2) to a process group; returns 0 or the errno. The caller knows that the number cannot have been given anew.</summary>
    public static int SendToGroup(int group, int signal) =>
        Libc.kill(-group, signal) == 0 ? 0 : System.Runtime.InteropServices.Marshal.GetLastPInvokeError();

    private static bool TryParseRealTime(ReadOnlySpan<char> text, out int signal)
    {
        bool fromEnd = text[2] is 'M' or 'm' && text[3] is 'A' or 'a';
        signal = fromEnd ? SIGRTMAX : SIGRTMIN;
        ReadOnlySpan<char> offset = text[5..];
        if (offset.IsEmpty)
        {
            return true;
        }
        if (offset[0] != (fromEnd ? '-' : '+') || !int.TryParse(offset[1..], System.Globalization.NumberStyles.None, null, out int n))
        {
            return false;
        }
        signal = fromEnd ? SIGRTMAX - n : SIGRTMIN + n;
        return n <= SIGRTMAX - SIGRTMIN;
    }
}
