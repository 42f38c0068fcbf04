using Skiff.Engine.Launch;
using Skiff.Linux.Cgroups;

namespace Skiff.Engine.Monitoring;

/// <summary>Tells of processes that the kernel kills for lack of memory while the container lives on.</summary>
internal sealed class OomSource : MonitorSource
{
    private readonly RunningContainer _running;
    private readonly OomWatch _watch;

    internal OomSource(RunningContainer running, OomWatch watch)
    {
        _running = running;
        _watch = watch;
        Fd = watch.Fd;
        Events = watch.Events;
    }

    internal override void OnReady(short events)
    {
        if (!_watch.Acknowledge())
        {
            Fd = -1; // the cgroup is gone
            return;
        }
        _running.TellOom();
    }
}
