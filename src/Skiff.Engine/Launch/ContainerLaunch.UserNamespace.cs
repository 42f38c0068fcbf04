using System.Globalization;
using Skiff.Engine.Plan;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Launch;

/// <content>What a container that is born into a user namespace of its own cannot do itself, and the host does for it.</content>
public sealed partial class ContainerLaunch
{
    private LentMounts? _lent;

    /// <summary>A user namespace that exists would have to be joined before the other namespaces are made, so that they belong to it.</summary>
    private static void RefuseJoinedUserNamespace(RuntimeSpec spec)
    {
        if (spec.Linux.Namespace("user") is { Path: { } path })
        {
            throw new SkiffException(
                $"the user namespace {path} cannot be joined by a new container: give it the same --uidmap and --gidmap as the other has, or run the command in the other with exec",
                125
            );
        }
    }

    private LentTrees? Lend()
    {
        _lent = LentMounts.Plan(_engine, _container, Layers(_container));
        if (_lent is null)
        {
            return null;
        }
        long begin = Clock();
        LentTrees trees = _lent.Make();
        Timed(HostMoment.Mounts, begin);
        return trees;
    }

    private List<(string, string, int)> OpenJoined(RuntimeSpec spec)
    {
        List<(string, string, int)> joined = [];
        foreach (NamespaceSpec item in spec.Linux.Namespaces)
        {
            if (item.Path is { } path)
            {
                joined.Add((item.Type, path, Hold(Files.Open(path, OpenFlags.O_RDONLY)).Value));
            }
        }
        return joined;
    }

    /// <summary>Whether the child has to be born in a namespace of others: setns(2) moves nobody into another pid namespace, only the children to come, and
    /// from inside of a user namespace of its own the child may not join any.</summary>
    private static bool IsJoinedBefore(string type, bool ownUsers) => ownUsers || type == "pid";

    /// <summary>The birth. Namespaces that the child cannot join itself are joined by this thread, so that the child is born in them; then it goes back.</summary>
    private SpawnedProcess Bear(ReportChannel channel, SafeFd? unified, IReadOnlyList<(string Type, string Path, int Descriptor)> before)
    {
        const int PR_SET_DUMPABLE = 4;
        List<SafeFd> own = [];
        try
        {
            if (before.Count > 0)
            {
                // Whoever is in that pid namespace sees the child from its first instant, as a copy of this process (CVE-2016-9962).
                _ = RawCall.Invoke(SyscallNumber.prctl, PR_SET_DUMPABLE, 0);
            }
            foreach ((string type, string path, int descriptor) in before)
            {
                own.Add(Files.Open($"/proc/thread-self/ns/{(type == "network" ? "net" : type)}", OpenFlags.O_RDONLY));
                if (RawCall.Invoke(SyscallNumber.setns, descriptor, 0) != 0)
                {
                    throw LinuxException.Last("setns", path);
                }
            }
            return Skiff.Linux.Spawning.Spawn.Start(_plan!.Program, channel, _plan.Namespaces, unified, _wishes.Traced);
        }
        finally
        {
            foreach (SafeFd fd in own)
            {
                _ = RawCall.Invoke(SyscallNumber.setns, fd.Value, 0);
                fd.Dispose();
            }
        }
    }

    private List<(string, int)> OpenCgroupFiles(CgroupPlan cgroup)
    {
        foreach (HostAction action in cgroup.Create)
        {
            action.Run(); // in a user namespace the child may not open them itself; making them twice is harmless
        }
        List<(string, int)> files = [];
        foreach (string path in cgroup.JoinFiles)
        {
            files.Add((path, Hold(Files.Open(path, OpenFlags.O_WRONLY)).Value));
        }
        return files;
    }

    /// <summary>Says who the container's users are, and does while it waits what needs the host's rights: higher hard limits, and a lower score for the OOM killer.</summary>
    private static void PrepareUsers(RuntimeSpec spec, int pid)
    {
        IdMapNamespace.Write(pid, "uid_map", LentMounts.Lines(spec.Linux.UidMappings));
        IdMapNamespace.Write(pid, "gid_map", LentMounts.Lines(spec.Linux.GidMappings));
        foreach (RlimitSpec limit in spec.Process!.Rlimits)
        {
            ProcessLimits.AllowHard(pid, RlimitNumber.Of(limit.Type), limit.Hard, limit.Type);
        }
        if (spec.Process.OomScoreAdj is { } score)
        {
            new WriteValue(
                $"/proc/{pid}/oom_score_adj",
                score.ToString(CultureInfo.InvariantCulture),
                "proc_pid_oom_score_adj(5)",
                "--oom-score-adj"
            ).Run();
        }
    }
}
