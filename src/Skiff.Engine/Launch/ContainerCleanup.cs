using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.Cgroups;

namespace Skiff.Engine.Launch;

/// <summary>What a dead container may have left: processes, its cgroup, its address and ports. All of it is found from the record and the state.</summary>
internal sealed class ContainerCleanup(SkiffEngine engine) : IContainerCleanup
{
    /// <inheritdoc/>
    public void KillAll(ContainerRecord record, ContainerState state)
    {
        using Pidfd? process = state.Process.Exists && state.Process.IsAlive(BootIdentity.Read()) ? Pidfd.TryOpen(state.Process.Pid) : null;
        // The number may have been given anew between the check and the open: check again, now that the descriptor pins it.
        bool known = process is not null && state.Process.IsAlive(BootIdentity.Read());
        if (known)
        {
            _ = process!.Signal(Signals.SIGKILL);
        }
        // Before the wait: a frozen process dies when its cgroup is thawed, and this does it.
        ContainerCgroup.Of(record, state).Kill();
        if (known)
        {
            _ = process!.WaitReadable(5000);
        }
    }

    /// <inheritdoc/>
    public void GiveBackUnrecorded(string id)
    {
        Cgroup cgroup = ContainerCgroup.Default(id);
        cgroup.Kill();
        cgroup.Remove();
    }

    /// <inheritdoc/>
    public bool HasProcesses(string id) => ContainerCgroup.Default(id).Processes().Count > 0;

    /// <inheritdoc/>
    public void GiveBack(ContainerRecord record, ContainerState state)
    {
        ContainerCgroup.Of(record, state).Remove();
        Monitoring.AttachSocket.Remove(engine.Paths, record.Id);
        NetworkLaunch.GiveBack(engine, record, state);
        if (record.AutoRemove)
        {
            ContainerRemoval.RemoveAnonymousVolumes(engine, record);
        }
        if (record.Mounts.Count > 0)
        {
            engine.Volumes.Sweep(); // one that was being made, or removed
        }
    }
}
