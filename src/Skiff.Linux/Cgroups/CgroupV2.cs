using Skiff.Linux.Actions;

namespace Skiff.Linux.Cgroups;

/// <summary>Directories and controllers of the version 2 hierarchy.</summary>
internal static class CgroupV2
{
    /// <summary>True if a space-separated list file of the kernel (<c>cgroup.controllers</c>) has the word; false if the file is missing.</summary>
    internal static bool Lists(string path, string word) => Files.TryReadText(path, out _) is string text && HasWord(text, word);

    internal static bool HasWord(string text, string word)
    {
        ReadOnlySpan<char> list = text.AsSpan().TrimEnd('\n');
        foreach (Range range in list.Split(' '))
        {
            if (list[range].SequenceEqual(word))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The controllers that the container's cgroup is to have: on a pure version 2 host always those that stats need, otherwise only those that a limit needs.</summary>
    internal static List<string> NeededControllers(CgroupLayout layout, Resources resources)
    {
        string? available = null;
        List<string> needed = [];
        void Need(string controller, bool asked)
        {
            if (!asked || needed.Contains(controller))
            {
                return;
            }
            available ??= Files.TryReadText(layout.UnifiedMount + "/cgroup.controllers", out _) ?? "";
            if (HasWord(available, controller))
            {
                needed.Add(controller);
            }
        }
        bool stats = layout.Mode == CgroupMode.V2;
        Need("cpu", stats);
        Need("memory", stats);
        Need("pids", stats);
        Need("io", stats);
        Need("cpuset", resources.CpusetCpus is not null || resources.CpusetMems is not null);
        Need("hugetlb", resources.Hugetlb.Count > 0);
        foreach ((string file, _) in resources.Unified)
        {
            int dot = file.IndexOf('.');
            Need(dot < 0 ? file : file[..dot], asked: true);
        }
        return needed;
    }

    /// <summary>Adds the directories down to <paramref name="path"/>, each parent with the controllers that its children need.</summary>
    internal static void AddDirectories(List<HostAction> actions, CgroupLayout layout, string path, List<string> controllers)
    {
        for (int at = 0; at >= 0; at = path.IndexOf('/', at + 1))
        {
            string parent = layout.UnifiedMount + path[..at];
            if (at > 0)
            {
                actions.Add(new MakeCgroup(parent, Keep: true));
            }
            AddMissing(actions, parent, controllers);
        }
        actions.Add(new MakeCgroup(layout.UnifiedMount + path));
    }

    /// <summary>Adds what enables controllers along the path of an existing cgroup.</summary>
    internal static void AddControllers(List<HostAction> actions, CgroupLayout layout, string path, List<string> controllers)
    {
        for (int at = 0; at >= 0; at = path.IndexOf('/', at + 1))
        {
            AddMissing(actions, layout.UnifiedMount + path[..at], controllers);
        }
    }

    private static void AddMissing(List<HostAction> actions, string parent, List<string> controllers)
    {
        if (controllers.Count == 0)
        {
            return;
        }
        string enabled = Files.TryReadText(parent + "/cgroup.subtree_control", out _) ?? "";
        List<string> missing = controllers.FindAll(c => !HasWord(enabled, c));
        if (missing.Count > 0)
        {
            actions.Add(new EnableControllers(parent, missing));
        }
    }
}
