using System.Text;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <summary>The making of a cgroup as calls of the child that is going to live in it.</summary>
internal static class CgroupProgram
{
    /// <summary>Which of the actions the host must do before the birth, and which the child can do itself: its version 2 cgroup must be there when it is born, and what cannot be
    /// written down as a few calls makes all of them the host's.</summary>
    internal static (IReadOnlyList<HostAction> Host, IReadOnlyList<HostAction> Child) Split(CgroupPlan plan, CgroupLayout layout)
    {
        string unified = layout.UnifiedMount is { } mount ? mount + "/" : "\0";
        List<HostAction> host = [];
        List<HostAction> child = [];
        foreach (HostAction action in plan.Create)
        {
            switch (action)
            {
                case FillCpuset fill when Inherits(fill.Path):
                    break; // the kernel does it
                case MakeCgroup make when !make.Path.StartsWith(unified, StringComparison.Ordinal):
                case WriteLimit { Alternative: null } limit when !limit.Path.StartsWith(unified, StringComparison.Ordinal):
                case WriteDeviceRules:
                    child.Add(action);
                    break;
                case MakeCgroup or EnableControllers or WriteLimit { Alternative: null } or AttachDeviceProgram:
                    host.Add(action);
                    break;
                default:
                    return (plan.Create, []);
            }
        }
        return (host, child);
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
    private static bool Inherits(string cpuset) =>
        Files.TryReadText(Path.GetDirectoryName(cpuset) + "/cgroup.clone_children", out _) is ['1', ..];
}
