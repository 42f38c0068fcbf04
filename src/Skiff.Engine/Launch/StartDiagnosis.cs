using System.Globalization;
using Skiff.Engine.Plan;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Launch;

/// <summary>Why a step of a plan failed, where the kernel's word for it does not say what to do.</summary>
internal static class StartDiagnosis
{
    private const string SecretsAt = Plan.LaunchPlanner.SecretsAt;

    /// <summary>Step, call and reason.</summary>
    /// <param name="deed">What failed as a whole, such as "starting the container".</param>
    /// <param name="plan">The plan whose child has reported.</param>
    /// <param name="program">The part of the plan that failed: the child's or the host's.</param>
    /// <param name="failure">What it has reported.</param>
    /// <param name="spec">What was to be started.</param>
    internal static string Explain(string deed, LaunchPlan plan, ChildProgram program, ChildFailure failure, RuntimeSpec spec)
    {
        PlanStep? step = plan.StepOf(failure.Index, program);
        string name = program.CallName(failure.Index);
        // Its environment may hold secrets, and what is printed here is kept in State.Error and in logs.
        string call = name == "execveat" ? "execveat(trampoline, …)" : program.Describe(failure.Index);
        string reason = (step is null ? null : Reason(step, name, call, failure.Errno, spec)) ?? $"{call}: {Errno.Describe(failure.Errno)}";
        return $"{deed} failed at \"{step?.Why.TrimEnd('.')}\": {reason}";
    }

    private static string? Reason(PlanStep step, string name, string call, int errno, RuntimeSpec spec) =>
        (name, errno) switch
        {
            ("mount", Errno.EINVAL) when call.StartsWith("mount(NULL, \"/\"", StringComparison.Ordinal) =>
                "the root directory that skiff runs in is no mount point, as in a plain chroot; before the chroot, make it one with 'mount --rbind DIR DIR'",
            ("write", Errno.EINVAL) when step.Block == Block.Cgroup && IsRealTime() =>
                "skiff was started with a real-time scheduling policy, and the cpu cgroup gives such processes no time; "
                    + "start it with the ordinary one (chrt -o 0 skiff …), or leave time in the cgroup above and give some with --cpu-rt-runtime",
            ("write", Errno.EACCES or Errno.EPERM) when spec.Process?.OomScoreAdj is { } score && IsOomScore(step) =>
                $"--oom-score-adj {score}: lowering the score takes CAP_SYS_RESOURCE, which skiff was started without",
            ("", Errno.EXDEV) when call.Contains("procfs", StringComparison.Ordinal) =>
                "a mount of this container covers /proc: its target is a link to /proc in the image; mount it somewhere else",
            ("fsconfig" or "mount", Errno.EINVAL)
                when step.Why == LaunchPlanner.LayersWhy && spec.Root?.Path is { } root && StoreFileSystem.Why(root) is { } unfit => unfit,
            ("prlimit64", Errno.EPERM) => Limit(call, spec),
            ("openat2", Errno.ENOENT or Errno.ENOTDIR) when SysctlOf(step, call) is { } sysctl =>
                $"--sysctl {sysctl}: this kernel has no such parameter, or not for a namespace of its own (ls /proc/sys)",
            ("openat2", Errno.EACCES) when SysctlOf(step, call) is { } sysctl => $"--sysctl {sysctl}: this parameter can only be read",
            ("write", _) when IsSysctl(step) => $"a value of --sysctl is refused by the kernel: {call}: {Errno.Describe(errno)}",
            ("open_tree", Errno.ENOENT or Errno.ENOTDIR or Errno.EACCES) when IsRoot(step, spec, out string root) =>
                $"the directory {root} cannot be used: {Errno.Describe(errno)}",
            ("move_mount", Errno.EINVAL or Errno.ENOTDIR) when IsRoot(step, spec, out string root) => $"{root} is not a directory",
            ("move_mount", Errno.EINVAL or Errno.ENOTDIR) when MountOf(step, spec) is { IsBind: true } =>
                "one of the two is a directory and the other is not; a directory is mounted on a directory, a file on a file",
            ("move_mount", Errno.EINVAL or Errno.ENOTDIR) when MountOf(step, spec) is { } mount =>
                $"{mount.Destination} is not a directory in the image",
            ("openat2" or "mkdirat" or "mknodat", Errno.ENOENT) when step.Why.StartsWith(SecretsAt, StringComparison.Ordinal) =>
                $"{step.Why[SecretsAt.Length..].TrimEnd('.')} cannot be made, since what is mounted there is read-only; give the secrets another place with target=",
            ("openat2" or "mkdirat" or "mknodat", Errno.ENOTDIR) when step.Why.StartsWith(SecretsAt, StringComparison.Ordinal) =>
                $"a part of the path {step.Why[SecretsAt.Length..].TrimEnd('.')} is a file in the image, not a directory",
            ("openat2" or "mkdirat" or "mknodat", Errno.ENOTDIR) when MountOf(step, spec) is { } mount =>
                $"a part of the path {mount.Destination} is a file in the image, not a directory",
            (_, Errno.EROFS) when MountOf(step, spec) is { } mount =>
                $"{mount.Destination} is missing in what is mounted there read-only: make it in the source, or mount that writable",
            ("chdir", Errno.ENOTDIR) when step.Block == Block.Exec => $"{spec.Process?.Cwd} is not a directory",
            ("execveat", Errno.E2BIG) =>
                "the arguments and the environment together are longer than the kernel allows (execve(2)): pass long values in files",
            ("sendfile", _) => "a secret of the container could not be read whole",
            _ => null,
        };

    private static bool IsSysctl(PlanStep step) => step.Why.StartsWith("Kernel parameters", StringComparison.Ordinal);

    private static string? SysctlOf(PlanStep step, string call)
    {
        if (!IsSysctl(step))
        {
            return null;
        }
        // below /proc itself, or below the container's root
        foreach (string directory in (ReadOnlySpan<string>)["\"sys/", "\"proc/sys/"])
        {
            int begin = call.IndexOf(directory, StringComparison.Ordinal) + directory.Length;
            if (begin >= directory.Length)
            {
                return call[begin..call.IndexOf('"', begin)].Replace('/', '.');
            }
        }
        return null;
    }

    private static bool IsOomScore(PlanStep step) => step.Why.StartsWith("How soon the kernel", StringComparison.Ordinal);

    private static bool IsRoot(PlanStep step, RuntimeSpec spec, out string root)
    {
        root = spec.Root?.Path ?? "";
        return root.Length > 0 && step.Why.StartsWith("The given directory", StringComparison.Ordinal);
    }

    private static MountSpec? MountOf(PlanStep step, RuntimeSpec spec)
    {
        foreach (MountSpec mount in spec.Mounts)
        {
            if (MountReasons.Why(mount) == step.Why)
            {
                return mount;
            }
        }
        return null;
    }

    /// <summary>A hard limit above that of the caller, prlimit(2).</summary>
    private static unsafe string? Limit(string call, RuntimeSpec spec)
    {
        ulong* own = stackalloc ulong[2];
        foreach (RlimitSpec limit in spec.Process?.Rlimits ?? [])
        {
            if (
                call.Contains(limit.Type + ",", StringComparison.Ordinal)
                && RawCall.Invoke(SyscallNumber.prlimit64, 0, RlimitNumber.Of(limit.Type), 0, (nint)own) == 0
            )
            {
                string name = limit.Type["RLIMIT_".Length..].ToLowerInvariant();
                string hard = own[1] == ulong.MaxValue ? "unlimited" : own[1].ToString(CultureInfo.InvariantCulture);
                return $"--ulimit {name}: skiff itself has a hard limit of {hard}, and raising one takes CAP_SYS_RESOURCE; ask for at most that";
            }
        }
        return null;
    }

    /// <summary>Whether this process has SCHED_FIFO, SCHED_RR or SCHED_DEADLINE: field 41 of proc_pid_stat(5).</summary>
    private static bool IsRealTime()
    {
        string stat = Files.TryReadText("/proc/self/stat", out _) ?? "";
        string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 38 && fields[38] is "1" or "2" or "6";
    }
}
