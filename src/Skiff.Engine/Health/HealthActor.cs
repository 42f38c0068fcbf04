using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Spec;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Health;

/// <summary><c>--health-on-failure</c>: what an unhealthy container meets. The signal, and SIGKILL after the stop timeout, without waiting in the loop.</summary>
internal sealed class HealthActor : MonitorSource
{
    private const string By = "the health check (--health-on-failure)";
    private readonly SkiffEngine _engine;
    private readonly ContainerRecord _record;
    private readonly HealthAction _action;
    private readonly Pidfd _process;

    internal HealthActor(SkiffEngine engine, ContainerRecord record, HealthAction action, Pidfd process)
    {
        _engine = engine;
        _record = record;
        _action = action;
        _process = process;
    }

    /// <summary>The container is to be started again at once, whatever its policy.</summary>
    internal bool WantsRestart { get; private set; }

    /// <summary>Acts.</summary>
    internal void Unhealthy(HealthState health)
    {
        switch (_action)
        {
            case HealthAction.Kill:
                Send(Signals.SIGKILL, stops: false);
                break;
            case HealthAction.Stop:
                Stop(stops: true);
                break;
            case HealthAction.Restart:
                WantsRestart = true;
                Stop(stops: false);
                break;
            default:
                break;
        }
    }

    internal override void OnDue() => Send(Signals.SIGKILL, stops: false);

    private void Stop(bool stops)
    {
        int signal = ContainerStop.SignalOf(_record);
        ContainerState state = _engine.Containers.LoadState(_record.Id);
        bool heard = SignalHandling.Handles(state, signal, 0);
        Send(heard ? signal : Signals.SIGKILL, stops);
        if (heard && _record.StopTimeout >= 0)
        {
            Due = Environment.TickCount64 + (_record.StopTimeout * 1000L);
        }
    }

    private void Send(int signal, bool stops)
    {
        try
        {
            using FileLock? gate = _engine.Containers.TryLock(_record.Id, TimeSpan.FromMilliseconds(200));
            if (gate is not null && _engine.Containers.LoadState(_record.Id) is { IsUp: true } state)
            {
                _engine.Containers.SaveState(
                    _record.Id,
                    state with
                    {
                        StoppedByUser = state.StoppedByUser || stops,
                        Signalled = signal,
                        SignalledBy = By,
                    }
                );
            }
        }
        catch (LinuxException)
        {
            // A store that is being deleted, or cannot be written: what is to be done is done.
        }
        _engine.Events.Container(_record, "kill", ("signal", signal.ToString(CultureInfo.InvariantCulture)));
        _ = _process.Signal(signal);
    }
}
