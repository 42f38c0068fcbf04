using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Rootless;
using Skiff.Linux;
using Skiff.Linux.Cgroups;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff pause</c> and <c>skiff unpause</c>: the freezer of the container's cgroup.</summary>
internal static class PauseCommand
{
    public static Command Define() => Verb("pause", "Freeze all processes of containers", pause: true);

    public static Command DefineUnpause() => Verb("unpause", "Let the processes of paused containers go on", pause: false);

    private static Command Verb(string name, string summary, bool pause) =>
        new()
        {
            Name = name,
            Summary = summary,
            Usage = "CONTAINER [CONTAINER...]",
            MinArguments = 1,
            Completes = [pause ? Completion.RunningContainer : Completion.PausedContainer],
            Run = invocation => Run(invocation, pause),
        };

    private static int Run(Invocation invocation, bool pause)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        return Each.Argument(
            invocation,
            name =>
            {
                (ContainerRecord record, _) = ContainerAccess.FindRunning(engine, name);
                Freeze(engine, record, pause);
                invocation.Output.Line(name);
            }
        );
    }

    /// <summary>Freezes a container's processes, or lets them go on.</summary>
    /// <exception cref="SkiffException">It does not run, is so already, or has no cgroup.</exception>
    internal static void Freeze(SkiffEngine engine, ContainerRecord record, bool pause)
    {
        using FileLock? gate = engine.Containers.Lock(record.Id);
        // Under the lock, and looked at again: a restart makes its new process in the same cgroup, and frozen it would never be born.
        ContainerState? state = gate is null ? null : engine.Reconciler.CheckHeld(record);
        if (state is not { IsUp: true })
        {
            throw NotRunning(record);
        }
        if (pause == (state.Status == ContainerStatus.Paused))
        {
            throw new SkiffException($"the container {record.Name} is {(pause ? "paused already" : "not paused")}");
        }
        Cgroup cgroup = CgroupOf(record, state);
        if (cgroup.IsMissing)
        {
            throw new SkiffException(
                $"the container {record.Name} has no cgroup, by which its processes could be stopped together: {HostCgroups.Detect().WhyNone ?? "no cgroup file system is mounted"}"
            );
        }
        try
        {
            if (pause)
            {
                cgroup.Freeze();
            }
            else
            {
                cgroup.Thaw();
            }
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV)
        {
            throw NotRunning(record); // it has ended, and its cgroup is gone already
        }
        engine.Containers.SaveState(record.Id, state with { Status = pause ? ContainerStatus.Paused : ContainerStatus.Running });
        engine.Events.Container(record, pause ? "pause" : "unpause");
    }

    private static SkiffException NotRunning(ContainerRecord record) => new($"the container {record.Name} is not running any more");

    /// <summary>The container's cgroup as it was recorded at its start.</summary>
    internal static Cgroup CgroupOf(ContainerRecord record, ContainerState state) => ContainerCgroup.Of(record, state);
}
