using Skiff.Engine.Containers;
using Skiff.Engine.Health;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
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
        ContainerLaunch launch,
        ContainerRecord record,
        RunOptions options,
        (ulong Soft, ulong Hard)? noFile
    )
    {
        OomWatch? oom = launch.WatchOom();
        if (oom is not null)
        {
            loop.Add(new OomSource(launch, oom));
        }
        HealthActor? actor = null;
        if (record.HealthCheck is { } check)
        {
            actor = new HealthActor(engine, record, options.HealthOnFailure, launch.Process.Pidfd);
            loop.Add(actor);
            loop.Add(new HealthSource(engine, record, check, launch.State.Health ?? HealthState.Starting, actor, noFile));
        }
        return new LifeSources(oom, actor);
    }

    /// <inheritdoc/>
    public void Dispose() => _oom?.Dispose();
}
