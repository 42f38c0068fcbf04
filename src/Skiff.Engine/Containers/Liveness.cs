using Skiff.Linux;

namespace Skiff.Engine.Containers;

/// <summary>Turns what was recorded into what is: a recorded pid is believed only with its start time and boot (LIFE-11).</summary>
/// <remarks>Made once per command; reads the boot id only when the first running container is checked.</remarks>
public sealed class Liveness
{
    private string? _bootId;

    /// <summary>This boot's id.</summary>
    public string BootId => _bootId ??= BootIdentity.Read();

    /// <summary>True while exactly this process lives.</summary>
    public bool IsAlive(ProcessIdentity process) => process.Exists && process.IsAlive(BootId);

    /// <summary>The state as it is. What changed is in memory only; <see cref="Reconciler"/> writes it down.</summary>
    /// <param name="recorded">The state as it was written last.</param>
    /// <param name="now">The time for FinishedAt where nobody recorded it.</param>
    public ContainerState Check(ContainerState recorded, DateTimeOffset now) => Check(recorded, now, out _);

    /// <summary>The same; <paramref name="ends"/> is true where the first process has ended, and its monitor, which seems to live, has not written that down yet.</summary>
    internal ContainerState Check(ContainerState recorded, DateTimeOffset now, out bool ends)
    {
        ends = false;
        switch (recorded.Status)
        {
            case ContainerStatus.Running or ContainerStatus.Paused when !IsAlive(recorded.Process):
                // A living monitor is about to write the exit code; until then the container counts as running.
                ends = IsAlive(recorded.Monitor);
                return ends ? recorded : Ended(recorded, now);
            case ContainerStatus.Restarting when !IsAlive(recorded.Monitor):
                return Ended(recorded, now);
            default:
                return recorded;
        }
    }

    private ContainerState Ended(ContainerState recorded, DateTimeOffset now)
    {
        ProcessIdentity witness = recorded.Process.Exists ? recorded.Process : recorded.Monitor;
        bool rebooted = witness.Exists && witness.BootId != BootId;
        if (recorded.Status == ContainerStatus.Restarting)
        {
            // Between two lives the last end is known; only the next beginning is not to come.
            return recorded with
            {
                Status = ContainerStatus.Exited,
                Monitor = ProcessIdentity.None,
                Reason = rebooted ? "the host was restarted" : "the process that would have started it again was killed",
            };
        }
        return recorded with
        {
            Status = ContainerStatus.Exited,
            Process = ProcessIdentity.None,
            Monitor = ProcessIdentity.None,
            ExitCode = 255,
            FinishedAt = now,
            Reason = rebooted
                ? "the host was restarted while it ran"
                : "the process that watched it was killed, so its exit code is unknown",
        };
    }
}
