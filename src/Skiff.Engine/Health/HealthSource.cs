using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Spec;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Health;

/// <summary>The health check as a part of the monitor: runs it when it is due, records what it gives, and acts on an unhealthy container.</summary>
internal sealed class HealthSource : MonitorSource
{
    private const int Killed = 128 + Signals.SIGKILL;
    private readonly SkiffEngine _engine;
    private readonly ContainerRecord _record;
    private readonly HealthCheck _check;
    private readonly HealthActor _actor;
    private readonly (ulong Soft, ulong Hard)? _noFile;
    private readonly long _started = Environment.TickCount64;
    private HealthState _health;
    private HealthProbe? _probe;
    private HealthOutput? _output;
    private HealthResult? _unsure;
    private bool _killed;

    internal HealthSource(
        SkiffEngine engine,
        ContainerRecord record,
        HealthCheck check,
        HealthState health,
        HealthActor actor,
        (ulong Soft, ulong Hard)? noFile
    )
    {
        _engine = engine;
        _record = record;
        _check = check;
        _health = health;
        _actor = actor;
        _noFile = noFile;
        Schedule();
    }

    private TimeSpan SinceStart => TimeSpan.FromMilliseconds(Environment.TickCount64 - _started);

    private void Schedule() => Due = Environment.TickCount64 + (long)HealthRules.Pause(_health, _check, SinceStart).TotalMilliseconds;

    internal override void OnDue()
    {
        if (_unsure is { } result)
        {
            _unsure = null;
            Record(result);
            Schedule();
        }
        else if (_probe is null)
        {
            Begin();
        }
        else if (!_killed)
        {
            _killed = true;
            _probe.Kill();
            Record(_probe.TimedOut(_check.Timeout));
            // Its end is still waited for, in the loop: one that hangs in the kernel must not hold the output up.
        }
    }

    private void Begin()
    {
        ContainerState state = _engine.Containers.LoadState(_record.Id);
        if (state.Status != ContainerStatus.Running)
        {
            Schedule(); // paused: a process that joins would be frozen with the others
            return;
        }
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        try
        {
            _probe = HealthProbe.Start(_engine, _record, state, _check, _noFile, now);
        }
        catch (Exception e) when (e is SkiffException or LinuxException)
        {
            Doubt(new HealthResult(now, TimeProvider.System.GetUtcNow(), -1, e.Message));
            return;
        }
        Fd = _probe.Process;
        Due = Environment.TickCount64 + (long)_check.Timeout.TotalMilliseconds;
        _output = new HealthOutput(_probe);
        Loop?.Add(_output);
    }

    internal override void OnReady(short events)
    {
        HealthResult result = _probe!.Finish();
        bool record = !_killed;
        End();
        Schedule();
        if (record && result.ExitCode == Killed)
        {
            Doubt(result);
        }
        else if (record)
        {
            Record(result);
        }
    }

    /// <summary>The end of the container kills a check that runs, or hinders it: its own end follows at once, and then this is no result.</summary>
    private void Doubt(HealthResult result)
    {
        _unsure = result;
        Due = Environment.TickCount64 + 200;
    }

    internal override void OnEnd()
    {
        _probe?.Kill();
        _probe?.Reap();
        End();
    }

    private void End()
    {
        if (_probe is null)
        {
            return;
        }
        if (_output is not null)
        {
            Loop?.Remove(_output);
        }
        _probe.Dispose();
        _probe = null;
        _output = null;
        _killed = false;
        Fd = -1;
    }

    private void Record(HealthResult result)
    {
        string before = _health.Status;
        HealthState next = HealthRules.Next(_health, result, _check, SinceStart);
        try
        {
            // Commands hold the lock for a moment only; should one hang in it, the next result records this one too.
            using FileLock? gate = _engine.Containers.TryLock(_record.Id, TimeSpan.FromMilliseconds(200));
            // It is being removed, or paused: a check that was frozen says nothing of the container, and its time did not run. docker forgets it as well.
            if (_engine.Containers.LoadState(_record.Id) is not { Status: ContainerStatus.Running } state)
            {
                return;
            }
            _health = next;
            if (gate is not null)
            {
                _engine.Containers.SaveState(_record.Id, state with { Health = _health });
            }
        }
        catch (LinuxException)
        {
            // A store that is being deleted, or cannot be written: the monitor must go on, the next result is recorded with this one.
            _health = next;
        }
        if (_health.Status == before)
        {
            return;
        }
        _engine.Events.Container(_record, "health_status: " + _health.Status);
        if (_health.Status == HealthRules.Unhealthy)
        {
            _actor.Unhealthy(_health);
        }
    }
}
