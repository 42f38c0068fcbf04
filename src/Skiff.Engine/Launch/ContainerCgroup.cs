using Skiff.Engine.Containers;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux.Cgroups;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>Finds the cgroup of a container.</summary>
public static class ContainerCgroup
{
    /// <summary>As it was recorded at the container's start; it may be gone.</summary>
    public static Cgroup Of(ContainerRecord record, ContainerState state) => Of(HostCgroups.Detect(), record, state);

    /// <summary>Where it is without <c>--cgroup-parent</c>.</summary>
    public static Cgroup Default(string id)
    {
        string path = SpecBuilder.CgroupsPath(null, id);
        return Cgroup.At(HostCgroups.Detect(), Path.GetDirectoryName(path)!, Path.GetFileName(path));
    }

    /// <summary>The same where the host's hierarchies are known already.</summary>
    public static Cgroup Of(CgroupLayout layout, ContainerRecord record, ContainerState state)
    {
        string path =
            state.Cgroup.Length > 0
                ? state.Cgroup
                : SpecBuilder.CgroupsPath(ContainerPreparation.OptionsOf(record).CgroupParent, record.Id);
        return Cgroup.At(layout, Path.GetDirectoryName(path) ?? "/", Path.GetFileName(path));
    }
}
