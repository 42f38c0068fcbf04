using System.Globalization;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Rootless;

/// <summary>Makes the user namespace of an ordinary user: with all ids of /etc/subuid and /etc/subgid where newuidmap(1) and newgidmap(1) are installed, which alone may map them, else with the user as its only one.</summary>
internal static class NewUserNamespace
{
    /// <summary>Makes it. The process that it is born with ends before this returns.</summary>
    /// <exception cref="SkiffException">The host does not let users make user namespaces.</exception>
    internal static SafeFd Make(RootlessUser user) =>
        (SubordinateIds.Of(user.Uid, user.Gid) is { } maps ? Make(pid => MapAll(pid, maps.Uids, maps.Gids)) : null)
        ?? Make(pid => MapOne(pid, user))!;

    private static SafeFd? Make(Func<int, bool> map)
    {
        const int PR_SET_PDEATHSIG = 1;
        ReportChannel channel = new();
        using ChildProgram program = new();
        program.Call(SyscallNumber.prctl, PR_SET_PDEATHSIG, Signals.SIGKILL);
        program.Wait(channel.ChildValue);
        using SpawnedProcess process = Start(program, channel);
        try
        {
            return map(process.Pid) ? Files.Open($"/proc/{process.Pid}/ns/user", OpenFlags.O_RDONLY) : null;
        }
        catch (LinuxException e)
        {
            throw new SkiffException($"the ids of your user namespace cannot be set: {e.Message}{Restriction()}", 125, e);
        }
        finally
        {
            _ = process.Pidfd.Signal(Signals.SIGKILL);
            _ = process.Pidfd.Wait();
        }
    }

    private static SpawnedProcess Start(ChildProgram program, ReportChannel channel)
    {
        try
        {
            return Spawn.Start(program, channel, CloneFlags.CLONE_NEWUSER);
        }
        catch (LinuxException e)
        {
            throw new SkiffException(
                $"this host lets you make no user namespace ({Errno.Describe(e.Errno)}), without which only root can run containers{Restriction()}",
                125,
                e
            );
        }
    }

    /// <summary>Which switch of the host is in the way, and what turns it.</summary>
    internal static string Restriction() =>
        Is("/proc/sys/kernel/unprivileged_userns_clone", "0") ? "; sysctl kernel.unprivileged_userns_clone=1 allows it"
        : Is("/proc/sys/user/max_user_namespaces", "0") ? "; sysctl user.max_user_namespaces=15000 allows it"
        : Is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")
            ? "; AppArmor gives programs without a profile no rights there: sysctl kernel.apparmor_restrict_unprivileged_userns=0 allows it"
        : "";

    private static bool Is(string file, string value) => Files.TryReadText(file, out _)?.Trim() == value;

    private static bool MapAll(int pid, ValueList<IdMapping> uids, ValueList<IdMapping> gids) =>
        Helper("newuidmap", pid, uids) && Helper("newgidmap", pid, gids);

    private static bool Helper(string program, int pid, ValueList<IdMapping> map)
    {
        List<string> arguments = [pid.ToString(CultureInfo.InvariantCulture)];
        foreach (IdMapping mapping in map)
        {
            arguments.Add(mapping.ContainerId.ToString(CultureInfo.InvariantCulture));
            arguments.Add(mapping.HostId.ToString(CultureInfo.InvariantCulture));
            arguments.Add(mapping.Size.ToString(CultureInfo.InvariantCulture));
        }
        // What it says when it refuses goes to the user; the namespace then has one id.
        return HelperProgram.TryRun(program, arguments, []) is { ExitCode: 0 };
    }

    private static bool MapOne(int pid, RootlessUser user)
    {
        IdMapNamespace.Write(pid, "uid_map", LentMounts.Lines([new IdMapping(0, user.Uid, 1)]));
        // Who may not set groups cannot drop one that forbids something; only then the kernel lets a user map its group.
        IdMapNamespace.Write(pid, "setgroups", "deny");
        IdMapNamespace.Write(pid, "gid_map", LentMounts.Lines([new IdMapping(0, user.Gid, 1)]));
        return true;
    }
}
