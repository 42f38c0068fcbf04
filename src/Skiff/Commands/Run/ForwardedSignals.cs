using Skiff.Linux;

namespace Skiff.Commands.Run;

/// <summary>The signals that an attached command passes on to the container (docker's --sig-proxy); with a terminal, SIGWINCH changes its size instead.</summary>
/// <remarks>
/// As docker and podman, all but those that report faults of this process, and SIGURG. Two differences: SIGTSTP, SIGTTIN and SIGTTOU keep their meaning, so that a shell
/// can stop the command (Ctrl-Z) and go on with it; SIGRTMIN belongs to the .NET runtime (docker's has one of Go's as well).
/// </remarks>
internal static class ForwardedSignals
{
    private const int SIGSTKFLT = 16;
    private const int SIGXCPU = 24;
    private const int SIGXFSZ = 25;
    private const int SIGVTALRM = 26;
    private const int SIGPROF = 27;
    private const int SIGIO = 29;
    private const int SIGPWR = 30;

    internal static ReadOnlySpan<int> All =>
        [
            Signals.SIGHUP,
            Signals.SIGINT,
            Signals.SIGQUIT,
            Signals.SIGTERM,
            Signals.SIGUSR1,
            Signals.SIGUSR2,
            Signals.SIGALRM,
            Signals.SIGCONT,
            Signals.SIGWINCH,
            SIGSTKFLT,
            SIGXCPU,
            SIGXFSZ,
            SIGVTALRM,
            SIGPROF,
            SIGIO,
            SIGPWR,
            35,
            36,
            37,
            38,
            39,
            40,
            41,
            42,
            43,
            44,
            45,
            46,
            47,
            48,
            49,
            50,
            51,
            52,
            53,
            54,
            55,
            56,
            57,
            58,
            59,
            60,
            61,
            62,
            63,
            64,
        ];
}
