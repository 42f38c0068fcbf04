using Skiff.Linux.Actions;

namespace Skiff.Linux.Cgroups;

/// <summary>Directories of version 1 hierarchies.</summary>
internal static class CgroupV1
{
    /// <summary>Adds the directories from the mount point down to <paramref name="path"/>; those above the last are shared and stay.</summary>
    internal static void AddDirectories(List<HostAction> actions, CgroupHierarchy hierarchy, string path)
    {
        bool cpuset = Array.IndexOf(hierarchy.Names, "cpuset") >= 0;
        for (int end = 1; end > 0; )
        {
            end = path.IndexOf('/', end);
            string directory = hierarchy.MountPoint + (end < 0 ? path : path[..end++]);
            actions.Add(new MakeCgroup(directory, Keep: end > 0));
            if (cpuset && end < 0)
            {
                actions.Add(new FillCpuset(directory, hierarchy.MountPoint));
            }
        }
    }
}
