using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Run;

/// <summary>The caller's signals while a container is made: none ends this process before what it has made can be left to somebody, or is taken back. What comes meanwhile is then the container's or ends this command.</summary>
internal sealed class CaughtSignals(SignalPipe pipe) : IDisposable
{
    private bool _used;

    /// <summary>Takes the signals.</summary>
    internal static CaughtSignals Open(params ReadOnlySpan<int> signals) => new(SignalPipe.OpenAlone(signals));

    /// <summary>Those that end a command which passes on none.</summary>
    internal static ReadOnlySpan<int> Ends => [Signals.SIGHUP, Signals.SIGINT, Signals.SIGTERM];

    /// <summary>The container is going to be, so the signals are for it.</summary>
    internal SignalPipe Use()
    {
        _used = true;
        return pipe;
    }

    /// <summary>Gives the signals back. One that came and was nobody's was meant for this command, which was not to be delayed by it.</summary>
    public void Dispose()
    {
        if (_used)
        {
            return; // this process ends with the container; there is nothing left that a signal could end before
        }
        _used = true;
        int missed = 0;
        while (pipe.TryRead(out int signal))
        {
            missed = signal;
        }
        pipe.Dispose();
        if (missed != 0)
        {
            _ = RawCall.Invoke(SyscallNumber.kill, Environment.ProcessId, missed);
        }
    }
}
