using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.Cgroups;

namespace Skiff.Engine.Launch;

/// <summary>The processes of a container and what they use: its cgroup tells, or, where the host gives an ordinary user none, its pid namespace.</summary>
public static class ContainerProcesses
{
    private const int TicksPerSecond = 100; // USER_HZ, the unit of proc_pid_stat(5) on all of Skiff's machines

    /// <summary>Their numbers, ascending.</summary>
    public static IReadOnlyCollection<int> Of(ContainerRecord record, ContainerState state)
    {
        Cgroup cgroup = ContainerCgroup.Of(record, state);
        return cgroup.IsMissing ? InNamespaceOf(state.Process.Pid) : cgroup.Processes();
    }

    /// <summary>What they use. Without a cgroup: processor time and memory of those that live, added up.</summary>
    public static CgroupStats Stats(ContainerRecord record, ContainerState state)
    {
        Cgroup cgroup = ContainerCgroup.Of(record, state);
        if (!cgroup.IsMissing)
        {
            return cgroup.ReadStats();
        }
        SortedSet<int> pids = InNamespaceOf(state.Process.Pid);
        ulong ticks = 0;
        ulong pages = 0;
        foreach (int pid in pids)
        {
            if (ProcessStat.TryRead(pid, out ProcessStat stat))
            {
                ticks += (ulong)(stat.UserTicks + stat.SystemTicks);
            }
            // proc_pid_statm(5): all pages, those in memory, …
            string[] words = Files.TryReadText($"/proc/{pid}/statm", out _)?.Split(' ') ?? [];
            pages +=
                words.Length > 1 && ulong.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out ulong resident)
                    ? resident
                    : 0;
        }
        return new CgroupStats
        {
            CpuUsage = ticks * (1_000_000_000 / TicksPerSecond),
            Memory = pages * (ulong)Environment.SystemPageSize,
            Pids = (ulong)pids.Count,
        };
    }

    /// <summary>All processes in the pid namespace of one; if that is our own, the one and those that descend from it.</summary>
    private static SortedSet<int> InNamespaceOf(int first)
    {
        SortedSet<int> found = [first];
        string? space = Files.TryReadLink($"/proc/{first}/ns/pid", out _);
        bool shared = space == Files.TryReadLink("/proc/self/ns/pid", out _);
        foreach (int pid in All())
        {
            if (
                shared
                    ? ProcessStat.TryRead(pid, out ProcessStat stat) && found.Contains(stat.Parent)
                    : Files.TryReadLink($"/proc/{pid}/ns/pid", out _) == space
            )
            {
                found.Add(pid);
            }
        }
        return found;
    }

    /// <summary>Every process of the host, the older ones first as far as their numbers tell.</summary>
    private static SortedSet<int> All()
    {
        SortedSet<int> all = [];
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(directory.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out int pid))
            {
                all.Add(pid);
            }
        }
        return all;
    }
}
