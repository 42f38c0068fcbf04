using Skiff.Linux;

namespace Skiff.Commands.Run;

/// <summary>The signals that an attached command passes on to the container (docker's --sig-proxy), and SIGWINCH.</summary>
internal static class ForwardedSignals
{
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
        ];
}
