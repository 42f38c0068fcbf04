using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <content>A process that joins a container that runs: <c>exec</c>.</content>
public sealed partial class LaunchPlanner
{
    /// <summary>Makes the plan of a further process of a running container. The caller has joined the pid namespace for its children, setns(2).</summary>
    /// <param name="input">The container's spec with the process to run, its cgroup's join plan, descriptors.</param>
    /// <param name="channel">The channel to the child.</param>
    /// <param name="target">A pidfd of the container's first process.</param>
    public static LaunchPlan MakeJoin(LaunchInput input, ReportChannel channel, int target)
    {
        LaunchPlanner planner = new(ConceptionOf(input), CloneFlags.None, channel, joins: true);
        planner.Know(input);
        planner._trampoline = input.Trampoline;
        planner.BuildJoin(target);
        return planner._plan;
    }

    private void BuildJoin(int target)
    {
        const int PR_SET_DUMPABLE = 4;
        DefaultSignals();
        _plan.Container(
            Block.Namespaces,
            "Nothing inside the container may look into this process while it still has the host's rights (CVE-2016-9962)."
        );
        _p.Call(SyscallNumber.prctl, PR_SET_DUMPABLE, 0);
        if (_in.DiesWithParent)
        {
            EndsWithParent(
                "It ends with the command that started it, however that ends; if it has ended already, its end of the channel is closed."
            );
        }
        Cgroup();
        if (_userNamespace)
        {
            Limits(); // inside they could only be lowered
        }
        _plan.Container(
            Block.Namespaces,
            "It joins all namespaces of the container's first process at once (setns(2) with a pidfd, kernel 5.8)."
        );
        CloneFlags flags =
            CloneFlags.CLONE_NEWNS
            | CloneFlags.CLONE_NEWUTS
            | CloneFlags.CLONE_NEWIPC
            | CloneFlags.CLONE_NEWNET
            | CloneFlags.CLONE_NEWCGROUP;
        _p.Call(SyscallNumber.setns, target, (int)(flags | (_userNamespace ? CloneFlags.CLONE_NEWUSER : CloneFlags.None)));
        if (_userNamespace)
        {
            _p.Call(SyscallNumber.setresgid, 0, 0, 0);
            _p.Call(SyscallNumber.setresuid, 0, 0, 0);
        }
        Session();
        Terminal();
        Surroundings();
        BoundingSet();
        Identity();
        StillWanted();
        Execute();
        _plan.Close();
    }

    /// <summary>A change of user has taken the death signal away for a moment, in which the command may have ended: nobody would find what goes on then. Where the container's filter refuses the question, it is not asked.</summary>
    private void StillWanted()
    {
        if (_in.DiesWithParent && (_userNamespace || (_process.User.Uid, _process.User.Gid) != (0, 0)))
        {
            Result seen = _p.Call(SyscallNumber.recvfrom, Channel, _p.Memory(8), 1, MSG_PEEK_DONTWAIT, 0, 0);
            _p.TolerateAll();
            _p.Require(seen.Address, nint.MinValue, nint.MinValue, Errno.ECHILD); // an error: there is no end yet
        }
    }
}
