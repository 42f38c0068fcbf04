using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Engine.Monitoring;

/// <summary>Signals to the monitor go to the container: SIGTERM, by which a host that shuts down ends everything, as the container's stop signal.</summary>
internal sealed class SignalSource : MonitorSource
{
    private readonly SignalPipe _signals;
    private readonly Pidfd _process;
    private readonly int _stop;

    internal SignalSource(SignalPipe signals, Pidfd process, int signalOfStop)
    {
        _signals = signals;
        _process = process;
        _stop = signalOfStop;
        Fd = signals.Fd.Value;
    }

    /// <summary>What SIGUSR1 asks for: <c>network connect</c> tells of a first network with names. It is not passed on.</summary>
    internal Action? Named { get; init; }

    /// <summary>True after SIGTERM: whoever ends the monitors wants no container started again.</summary>
    internal bool AskedToEnd { get; private set; }

    internal override void OnReady(short events)
    {
        while (_signals.TryRead(out int signal))
        {
            if (signal == Signals.SIGUSR1)
            {
                Named?.Invoke();
                continue;
            }
            AskedToEnd |= signal == Signals.SIGTERM;
            _ = _process.Signal(signal == Signals.SIGTERM ? _stop : signal);
        }
    }
}
