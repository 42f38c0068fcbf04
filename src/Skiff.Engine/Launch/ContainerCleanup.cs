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
        if (state.Process.Exists && state.Process.IsAlive(BootIdentity.Read()))
        {
            using Pidfd? process = Pidfd.TryOpen(state.Process.Pid);
            // The number may have been given anew between the check and the open: check again, now that the descriptor pins it.
            if (process is not null && state.Process.IsAlive(BootIdentity.Read()))
            {
                _ = process.Signal(Signals.SIGKILL);
                _ = process.WaitReadable(5000);
            }
        }
        if (OpenCgroup(record, state) is { } cgroup)
        {
            cgroup.Kill();
        }
    }

    /// <inheritdoc/>
    public void GiveBack(ContainerRecord record, ContainerState state)
    {
        OpenCgroup(record, state)?.Remove();
        NetworkLaunch.GiveBack(engine, record, state);
        if (record.AutoRemove)
        {
            ContainerRemoval.RemoveAnonymousVolumes(engine, record);
        }
    }

    private static Cgroup? OpenCgroup(ContainerRecord record, ContainerState state)
    {
        string path = state.Cgroup.Length > 0 ? state.Cgroup : "/skiff/" + record.Id;
        return Cgroup.At(CgroupLayout.Detect(), Path.GetDirectoryName(path) ?? "/", Path.GetFileName(path));
    }
}
