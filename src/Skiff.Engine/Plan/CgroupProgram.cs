using System.Text;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <summary>The making of a cgroup as calls of the child that is going to live in it.</summary>
internal static class CgroupProgram
{
    [ThreadStatic]
    private static (string? Parent, bool Inherits) s_asked;

    /// <summary>Who does what: its version 2 cgroup must be there when the child is born in it; what cannot be written down as a few calls is the host's while the child is at its namespaces; the rest the
    /// child does itself.</summary>
    internal static (IReadOnlyList<HostAction> First, IReadOnlyList<HostAction> Host, IReadOnlyList<HostAction> Child) Split(
        CgroupPlan plan,
        CgroupLayout layout
    )
    {
        string unified = layout.UnifiedMount is { } mount ? mount + "/" : "\0";
        List<HostAction> first = [];
        List<HostAction> host = [];
        List<HostAction> child = [];
        bool divides = true;
        foreach (HostAction action in plan.Create)
        {
            switch (action)
            {
                case MakeCgroup make when make.Path.StartsWith(unified, StringComparison.Ordinal):
                    first.Add(action);
                    break;
                case FillCpuset fill when Inherits(fill.Path):
                    break; // the kernel does it
                case MakeCgroup:
                case WriteLimit { Alternative: null } limit when !limit.Path.StartsWith(unified, StringComparison.Ordinal):
                case WriteDeviceRules:
                    child.Add(action);
                    break;
                default:
                    divides &= action is EnableControllers or WriteLimit { Alternative: null } or AttachDeviceProgram;
                    host.Add(action);
                    break;
            }
        }
        return divides ? (first, host, child) : (first, [.. plan.Create.Except(first)], []);
    }

    /// <summary>What the child can do before anything is known but its cgroup's name: make the version 1 directories and enter them. Nothing where an empty cpuset would first have to be filled by the host.</summary>
    internal static (IReadOnlyList<HostAction> Make, IReadOnlyList<string> JoinFiles) Early(CgroupLayout layout, string parent, string id)
    {
        (IReadOnlyList<HostAction> all, IReadOnlyList<string> join) = Cgroup.Directories(layout, parent, id);
        List<HostAction> make = [];
        foreach (HostAction action in all)
        {
            if (action is MakeCgroup)
            {
                make.Add(action);
            }
            else if (action is not FillCpuset fill || !Inherits(fill.Path))
            {
                return ([], []);
            }
        }
        return (make, join);
    }

    /// <summary>Adds the calls of an action.</summary>
    internal static void Write(ChildProgram p, HostAction action)
    {
        switch (action)
        {
            case MakeCgroup make:
                p.Call(SyscallNumber.mkdirat, Files.AtCwd, p.Text(make.Path), 0x1ED);
                p.Tolerate(Errno.EEXIST);
                break;
            case WriteLimit limit:
                WriteLines(p, limit.Path, [limit.Value]);
                break;
            case WriteDeviceRules rules:
                WriteLines(p, rules.Path, rules.Rules);
                break;
            default:
                throw new InvalidOperationException($"{action.Text} cannot be a child's");
        }
    }

    private static void WriteLines(ChildProgram p, string path, IReadOnlyList<string> lines)
    {
        Result file = p.Call(SyscallNumber.openat, Files.AtCwd, p.Text(path), OpenFlags.O_WRONLY | OpenFlags.O_CLOEXEC);
        foreach (string line in lines)
        {
            p.Call(SyscallNumber.write, file, p.Text(line), Encoding.UTF8.GetByteCount(line));
        }
        p.Call(SyscallNumber.close, file);
    }

    /// <summary>cpuset(7): with clone_children a new cpuset begins with its parent's lists.</summary>
    private static bool Inherits(string cpuset)
    {
        string parent = Path.GetDirectoryName(cpuset)!;
        if (s_asked.Parent != parent)
        {
            s_asked = (parent, Files.TryReadText(parent + "/cgroup.clone_children", out _) is ['1', ..]);
        }
        return s_asked.Inherits;
    }
}
