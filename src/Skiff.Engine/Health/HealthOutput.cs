using Skiff.Engine.Monitoring;

namespace Skiff.Engine.Health;

/// <summary>What a running check writes.</summary>
internal sealed class HealthOutput : MonitorSource
{
    private readonly HealthProbe _probe;

    internal HealthOutput(HealthProbe probe)
    {
        _probe = probe;
        Fd = probe.Output;
    }

    internal override void OnReady(short events)
    {
        if (!_probe.Take())
        {
            Fd = -1;
        }
    }
}
