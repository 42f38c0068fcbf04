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

    internal override void OnReady(short events)
    {
        while (_signals.TryRead(out int signal))
        {
            _ = _process.Signal(signal == Signals.SIGTERM ? _stop : signal);
        }
    }
}
