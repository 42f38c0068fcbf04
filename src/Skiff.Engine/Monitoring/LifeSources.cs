using Skiff.Engine.Containers;
using Skiff.Engine.Health;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Cgroups;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>What the monitor watches about a container's life: its health, and the OOM killer.</summary>
internal sealed class LifeSources : IDisposable
{
    private readonly OomWatch? _oom;
    private readonly HealthActor? _actor;

    private LifeSources(OomWatch? oom, HealthActor? actor)
    {
        _oom = oom;
        _actor = actor;
    }

    /// <summary>True when the container is to be started again at once because it was unhealthy.</summary>
    internal bool WantsRestart => _actor?.WantsRestart ?? false;

    /// <summary>Adds the sources to the loop.</summary>
    internal static LifeSources Add(
        MonitorLoop loop,
        SkiffEngine engine,
        RunningContainer running,
        ContainerRecord record,
        RunOptions options,
        (ulong Soft, ulong Hard)? noFile
    )
    {
        OomWatch? oom = running.WatchOom();
        if (oom is not null)
        {
            loop.Add(new OomSource(running, oom));
        }
        return new LifeSources(oom, AddHealth(loop, engine, running.Process, running.State.Health, record, options, noFile));
    }

    /// <summary>Adds the health check alone; null when the container has none.</summary>
    internal static HealthActor? AddHealth(
        MonitorLoop loop,
        SkiffEngine engine,
        Pidfd process,
        HealthState? health,
        ContainerRecord record,
        RunOptions options,
        (ulong Soft, ulong Hard)? noFile
    )
    {
        if (record.HealthCheck is not { } check)
        {
            return null;
        }
        HealthActor actor = new(engine, record, options.HealthOnFailure, process);
        loop.Add(actor);
        loop.Add(new HealthSource(engine, record, check, health ?? HealthState.Starting, actor, noFile));
        return actor;
    }

    /// <inheritdoc/>
    public void Dispose() => _oom?.Dispose();
}
