using Skiff.Linux.Actions;

namespace Skiff.Linux.Cgroups;

/// <summary>The cgroup of one container: one directory in each version 1 hierarchy, one in the version 2 hierarchy, or both.</summary>
public sealed partial class Cgroup
{
    private readonly CgroupLayout _layout;
    private readonly string _path;

    private Cgroup(CgroupLayout layout, string path)
    {
        _layout = layout;
        _path = path;
    }

    /// <summary>True where the host has no hierarchy that the engine may use: then there is nothing to limit, freeze or count.</summary>
    public bool IsMissing => _layout.Mode == CgroupMode.None;

    /// <summary>The cgroup with the name <paramref name="id"/> below <paramref name="parent"/>, whether it exists or not.</summary>
    /// <param name="layout">The host's hierarchies.</param>
    /// <param name="parent">Relative to each hierarchy's mount point: <c>/skiff</c>, or what <c>--cgroup-parent</c> says.</param>
    /// <param name="id">Directory name.</param>
    public static Cgroup At(CgroupLayout layout, string parent, string id) => new(layout, Join(parent, id));

    /// <summary>What it takes to make the cgroup with these limits, to join it and to remove it. Changes nothing; limits that this host cannot set are
    /// a <see cref="SkiffException"/> naming the flag.</summary>
    public static CgroupPlan Plan(CgroupLayout layout, string parent, string id, Resources resources)
    {
        LimitChecks.Check(layout, resources);
        if (layout.Mode == CgroupMode.None)
        {
            return CgroupPlan.Empty;
        }
        string path = Join(parent, id);
        List<HostAction> create = [];
        List<HostAction> remove = [];
        List<string> join = [];
        foreach (CgroupHierarchy hierarchy in layout.Hierarchies)
        {
            string directory = hierarchy.MountPoint + path;
            CgroupV1.AddDirectories(create, hierarchy, path);
            join.Add(directory + "/tasks");
            remove.Add(new RemoveCgroup(directory));
        }
        string? unified = layout.UnifiedMount is null ? null : layout.UnifiedMount + path;
        if (unified is not null)
        {
            CgroupV2.AddDirectories(create, layout, path, CgroupV2.NeededControllers(layout, resources));
            remove.Add(new RemoveCgroup(unified));
        }
        AddLimits(create, layout, path, resources, update: false);
        return new CgroupPlan
        {
            Create = [.. create],
            JoinFiles = [.. join],
            V2Directory = unified,
            Remove = [.. remove],
        };
    }

    /// <summary>The first actions of every <see cref="Plan"/> with the version 2 hierarchy: the directories in which the first process can be born before its limits are known.</summary>
    public static IReadOnlyList<HostAction> Birthplace(CgroupLayout layout, string parent, string id)
    {
        List<HostAction> make = [];
        if (layout.UnifiedMount is not null)
        {
            CgroupV2.AddDirectories(make, layout, Join(parent, id), []);
        }
        return make;
    }

    /// <summary>The version 1 directories of every <see cref="Plan"/>, which its process can make and enter before its limits are known.</summary>
    /// <returns>What makes them, and the files that join them: see <see cref="CgroupPlan.JoinFiles"/>.</returns>
    public static (IReadOnlyList<HostAction> Make, IReadOnlyList<string> JoinFiles) Directories(
        CgroupLayout layout,
        string parent,
        string id
    )
    {
        string path = Join(parent, id);
        List<HostAction> make = [];
        List<string> join = [];
        foreach (CgroupHierarchy hierarchy in layout.Hierarchies)
        {
            CgroupV1.AddDirectories(make, hierarchy, path);
            join.Add(hierarchy.MountPoint + path + "/tasks");
        }
        return (make, join);
    }

    /// <summary>The changes that give a living cgroup new limits, in an order in which the kernel accepts them.</summary>
    public IReadOnlyList<HostAction> Update(Resources resources)
    {
        LimitChecks.Check(_layout, resources);
        List<HostAction> actions = [];
        if (_layout.UnifiedMount is not null)
        {
            CgroupV2.AddControllers(actions, _layout, _path, CgroupV2.NeededControllers(_layout, resources));
        }
        AddLimits(actions, _layout, _path, resources, update: true);
        return actions;
    }

    /// <summary>Absolute paths of the directories, version 1 first.</summary>
    public IReadOnlyList<string> Directories()
    {
        List<string> directories = new(_layout.Hierarchies.Length + 1);
        foreach (CgroupHierarchy hierarchy in _layout.Hierarchies)
        {
            directories.Add(hierarchy.MountPoint + _path);
        }
        if (UnifiedDirectory is string unified)
        {
            directories.Add(unified);
        }
        return directories;
    }

    /// <summary>The directories that another process must join to be in the same cgroup: the files for writing <c>0</c> and the directory for
    /// CLONE_INTO_CGROUP (<c>exec</c>).</summary>
    public CgroupPlan JoinPlan()
    {
        List<string> join = new(_layout.Hierarchies.Length);
        foreach (CgroupHierarchy hierarchy in _layout.Hierarchies)
        {
            join.Add($"{hierarchy.MountPoint}{_path}/tasks");
        }
        return new CgroupPlan
        {
            Create = [],
            JoinFiles = [.. join],
            V2Directory = UnifiedDirectory,
            Remove = [],
        };
    }

    /// <summary>Removes the directories; waits for the last task. Goes on after a failure and throws the first one at the end.</summary>
    public void Remove()
    {
        LinuxException? first = null;
        foreach (string directory in Directories())
        {
            try
            {
                new RemoveCgroup(directory).Run();
            }
            catch (LinuxException e)
            {
                first ??= e;
            }
        }
        if (first is not null)
        {
            throw first;
        }
    }

    /// <summary>Removes an empty parent such as <c>/skiff</c> from all hierarchies; one that still has children stays.</summary>
    public static void RemoveParent(CgroupLayout layout, string parent)
    {
        foreach (string directory in new Cgroup(layout, Join(parent, null)).Directories())
        {
            _ = Files.TryRemove(directory, directory: true);
        }
    }

    private string? UnifiedDirectory => _layout.UnifiedMount is null ? null : _layout.UnifiedMount + _path;

    private string? Find(string controller) => _layout.Find(controller) is { } hierarchy ? hierarchy.MountPoint + _path : null;

    private static void AddLimits(List<HostAction> actions, CgroupLayout layout, string path, Resources resources, bool update)
    {
        CgroupV1Limits.Add(actions, layout, path, resources, update);
        if (layout.UnifiedMount is string mount)
        {
            CgroupV2Limits.Add(actions, layout, mount + path, resources);
        }
    }

    // "/skiff" + id; ".." would leave the hierarchy, so it is refused rather than resolved.
    private static string Join(string parent, string? id)
    {
        string path = "/" + parent.Trim('/');
        path =
            id is null ? path
            : path == "/" ? "/" + id
            : $"{path}/{id}";
        foreach (string part in path[1..].Split('/'))
        {
            if (part is "" or "." or ".." || part.Contains('\0') || part.Contains('\n'))
            {
                throw new SkiffException(
                    $"\"{path}\" is not a cgroup path: write names separated by single slashes, such as /skiff or /machine/web",
                    125
                );
            }
        }
        return path;
    }
}
