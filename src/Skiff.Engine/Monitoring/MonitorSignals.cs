using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Engine.Monitoring;

/// <summary>The signals that a monitor takes. They wait (sigprocmask(2)) from its birth until it can take them: one that comes while its runtime starts, or while it sleeps, is not lost and does not end it.</summary>
internal static class MonitorSignals
{
    private static ReadOnlySpan<int> All => [Signals.SIGTERM, Signals.SIGINT, Signals.SIGHUP, Signals.SIGUSR1];

    /// <summary>As a set of the kernel's: bit n-1 for signal n.</summary>
    internal static ulong Mask
    {
        get
        {
            ulong mask = 0;
            foreach (int signal in All)
            {
                mask |= 1UL << (signal - 1);
            }
            return mask;
        }
    }

    /// <summary>Takes them from now on, those that wait first.</summary>
    internal static unsafe SignalPipe Open()
    {
        const int SIG_SETMASK = 2;
        SignalPipe pipe = SignalPipe.Open(All);
        ulong none = 0;
        RawCall.Invoke(SyscallNumber.rt_sigprocmask, SIG_SETMASK, (nint)(&none), 0, sizeof(ulong));
        return pipe;
    }
}
