using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>The container's first process: its end ends the loop.</summary>
internal sealed class ProcessSource : MonitorSource
{
    internal ProcessSource(Pidfd process) => Fd = process.Fd.Value;

    internal override void OnReady(short events) => Loop?.Stop();
}
