using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary><c>run --timeout</c>: kills the container when its time is over.</summary>
internal sealed class TimeoutSource : MonitorSource
{
    private readonly Pidfd _process;

    internal TimeoutSource(Pidfd process, long seconds)
    {
        _process = process;
        Due = Environment.TickCount64 + (Math.Min(seconds, int.MaxValue) * 1000);
    }

    internal override void OnDue() => _ = _process.Signal(Signals.SIGKILL);
}
