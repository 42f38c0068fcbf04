using Skiff.Engine.Containers;
using Skiff.Engine.Events;
using Skiff.Engine.Plan;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Spawning;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>What <c>exec</c> asks for.</summary>
public sealed record ExecWishes
{
    /// <summary>The command and its arguments.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary><c>-e</c>, over the container's environment.</summary>
    public IReadOnlyList<NameValue> Environment { get; init; } = [];

    /// <summary><c>-w</c>; null for the container's.</summary>
    public string? Workdir { get; init; }

    /// <summary><c>-u</c>; null for the container's.</summary>
    public string? User { get; init; }

    /// <summary>All rights and no filter.</summary>
    public bool Privileged { get; init; }

    /// <summary>No exec events: a health check, of which only a change is told.</summary>
    public bool Silent { get; init; }

    /// <summary>RLIMIT_NOFILE for the command; null for that of this process's parent.</summary>
    public (ulong Soft, ulong Hard)? CallerNoFile { get; init; }

    /// <summary>A terminal of its own.</summary>
    public bool Terminal { get; init; }

    /// <summary>It is killed when the process that starts it dies.</summary>
    public bool DiesWithParent { get; init; }

    /// <summary>This process may become itself again, from a file that cannot be written, before it shows itself in a container that may look into it.</summary>
    public bool ProtectSelf { get; init; }

    /// <summary>Standard descriptors without a terminal.</summary>
    public (int In, int Out, int Error) Standard { get; init; } = (0, 1, 2);
}

/// <summary>A further process in a running container.</summary>
public sealed class ContainerExec : IDisposable
{
    private const int PR_SET_DUMPABLE = 4;
    private const int EndingMilliseconds = 1000;
    private readonly LaunchPlan _plan;
    private readonly ExecEvents? _events;

    private ContainerExec(LaunchPlan plan, SpawnedProcess process, SafeFd? console, ExecEvents? events)
    {
        _plan = plan;
        _events = events;
        Process = process;
        Console = console;
    }

    /// <summary>The process.</summary>
    public SpawnedProcess Process { get; }

    /// <summary>The terminal's master, with a terminal.</summary>
    public SafeFd? Console { get; }

    /// <summary>Starts it; when this returns, the command runs.</summary>
    /// <exception cref="SkiffException">It could not be started: 126 or 127 for the command, 125 for the rest.</exception>
    public static ContainerExec Start(SkiffEngine engine, ContainerRecord record, ContainerState state, ExecWishes wishes)
    {
        StartedProcess.Await(record, state);
        byte[] config = StartedProcess.Config(engine, record);
        RuntimeSpec spec = RuntimeSpecReader.Parse(config);
        if (wishes.ProtectSelf && IsTraced(engine, record, spec))
        {
            // Not being dumpable does not help against this right: the container could open /proc/PID/exe of the child while it is a copy of us.
            ReadOnlySelf.Ensure();
        }
        spec = spec with
        {
            Process = ProcessOf(spec, state.Process.Pid, wishes, ContainerSecrets.Variables(engine.Paths, record.Id, spec.Annotations)),
        };
        CgroupLayout layout = HostCgroups.Detect();
        CgroupPlan cgroup = Cgroup.At(layout, Path.GetDirectoryName(state.Cgroup) ?? "/", Path.GetFileName(state.Cgroup)).JoinPlan();
        using Pidfd target = Pidfd.TryOpen(state.Process.Pid) ?? throw Gone(record);
        if (!engine.Reconciler.Liveness.IsAlive(state.Process))
        {
            throw Gone(record);
        }
        string[] candidates = CommandPath.Candidates(spec.Process.Args[0], spec.Process.Env);
        ReportChannel channel = new();
        (SafeFd? consoleParent, SafeFd? consoleChild) = wishes.Terminal ? ContainerLaunch.SocketPair() : (null, null);
        using SafeFd trampoline = TrampolineImage.Open(candidates.Length, channel.ChildValue, init: false);
        CapabilitySet bounding = CapabilitySet.Parse(spec.Process.Capabilities?.Bounding ?? [], "capabilities");
        (byte[] filter, uint flags) =
            !wishes.Privileged && spec.Linux.Seccomp is { } seccomp ? KernelSeccomp.Compile(seccomp, bounding) : ([], 0);
        LaunchPlan plan = LaunchPlanner.MakeJoin(
            new LaunchInput
            {
                Spec = spec,
                ContainerDirectory = engine.Paths.Container(record.Id),
                Cgroup = cgroup,
                CgroupLayout = layout,
                Standard = wishes.Standard,
                DiesWithParent = wishes.DiesWithParent,
                SetsGroups = RootlessUser.SetsGroups,
                ConsoleSocket = consoleChild?.Value ?? -1,
                CallerNoFile = wishes.CallerNoFile ?? CallerLimits.OpenFiles(),
                SeccompFilter = filter.Length == 0 ? null : filter,
                SeccompFlags = flags,
                Trampoline = trampoline.Value,
            },
            channel,
            target.Fd.Value
        );
        SpawnedProcess process;
        try
        {
            process = Born(plan, channel, target, cgroup);
        }
        catch (LinuxException e) when (HasEnded(target, e.Errno))
        {
            throw Gone(record);
        }
        consoleChild?.Dispose();
        SafeFd? console = consoleParent is null ? null : ContainerLaunch.ReceiveTerminal(consoleParent);
        consoleParent?.Dispose();
        ExecEvents? events = wishes.Silent ? null : new ExecEvents(engine.Events, record, wishes.Arguments);
        events?.Created();
        ContainerExec exec = new(plan, process, console, events);
        if (channel.AwaitReport() is { } failure)
        {
            SkiffException why =
                failure.Index >= 0 && HasEnded(target, failure.Errno) ? Gone(record) : exec.Failure(failure, spec, candidates);
            // A zombie in the container's pid namespace whose parent lives outside would hold up the container's end, zap_pid_ns_processes().
            _ = process.Pidfd.Wait();
            exec.Dispose();
            throw why;
        }
        events?.Started(ExecKeeper.Here(process.Pid, state.Process.BootId, wishes.DiesWithParent ? 137 : 255));
        return exec;
    }

    /// <summary>Waits for the end of the command; its exit code, 128+n for signal n.</summary>
    public int Finish()
    {
        int code = Process.Pidfd.Wait()?.ShellCode ?? 0;
        _events?.Died(code);
        return code;
    }

    /// <summary>A child is born into a pid namespace that its parent has chosen before, setns(2); afterwards the parent chooses its own again.</summary>
    private static SpawnedProcess Born(LaunchPlan plan, ReportChannel channel, Pidfd target, CgroupPlan cgroup)
    {
        using SafeFd own = Files.Open("/proc/self/ns/pid", OpenFlags.O_RDONLY);
        using SafeFd? unified = cgroup.V2Directory is { } directory
            ? Files.Open(directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY)
            : null;
        // The child is visible in the container from its first instant, as a copy of this process.
        _ = RawCall.Invoke(SyscallNumber.prctl, PR_SET_DUMPABLE, 0);
        if (RawCall.Invoke(SyscallNumber.setns, target.Fd.Value, (int)CloneFlags.CLONE_NEWPID) != 0)
        {
            throw LinuxException.Last("setns", "the container's pid namespace");
        }
        try
        {
            return Spawn.Start(plan.Program, channel, plan.Namespaces, unified);
        }
        finally
        {
            _ = RawCall.Invoke(SyscallNumber.setns, own.Value, (int)CloneFlags.CLONE_NEWPID);
        }
    }

    private SkiffException Failure(ChildFailure failure, RuntimeSpec spec, string[] candidates)
    {
        if (failure.Index < 0)
        {
            SkiffException explained = ExecDiagnosis.Explain(Process.Pid, spec.Process!.Args[0], candidates, failure.Errno);
            Process.Channel.Release();
            return explained;
        }
        if (_plan.Program.CallName(failure.Index) == "chdir" && _plan.StepOf(failure.Index)?.Block == Block.Exec)
        {
            string directory = spec.Process!.Cwd;
            return new SkiffException(
                failure.Errno switch
                {
                    Errno.ENOENT => $"there is no directory {directory} in the container",
                    Errno.ENOTDIR => $"{directory} is not a directory in the container",
                    int errno => $"{directory} cannot be the working directory in the container: {Errno.Describe(errno)}",
                },
                127
            );
        }
        return new SkiffException(StartDiagnosis.Explain("joining the container", _plan, _plan.Program, failure, spec), 126);
    }

    /// <summary>Whether somebody who sees the container's processes may have the right to trace them.</summary>
    private static bool IsTraced(SkiffEngine engine, ContainerRecord record, RuntimeSpec spec) =>
        (spec.Process!.Capabilities?.Bounding ?? []).AsSpan().Contains("CAP_SYS_PTRACE")
        || spec.Linux.Namespace("pid") is not { Path: null }
        || Files.Exists(engine.Paths.SharedPids(record.Id));

    /// <summary>Whether what could not be joined is there no more. A process that is ending has no namespaces (ESRCH) a little before its pidfd tells.</summary>
    /// <summary>ENOMEM is clone3's answer while the first process of the pid namespace is ending, alloc_pid() in the kernel.</summary>
    private static bool HasEnded(Pidfd target, int errno) =>
        errno == Errno.ESRCH || target.WaitReadable(errno == Errno.ENOMEM ? EndingMilliseconds : 0);

    private static SkiffException Gone(ContainerRecord record) => new($"the container {record.Name} has just ended");

    private static ProcessSpec ProcessOf(RuntimeSpec spec, int pid, ExecWishes wishes, List<string> secrets)
    {
        ProcessSpec first = spec.Process!;
        if (secrets.Count > 0)
        {
            first = first with { Env = ContainerSecrets.Over(first.Env, secrets) };
        }
        ResolvedUser? user = null;
        if (wishes.User is { } text)
        {
            string[] root = [$"/proc/{pid}/root"];
            try
            {
                user = UserDatabase.Resolve(
                    text,
                    LayeredFiles.Read(root, "/etc/passwd") ?? [],
                    LayeredFiles.Read(root, "/etc/group") ?? []
                );
            }
            catch (SkiffException e) when (e.ExitCode == 125)
            {
                throw new SkiffException(e.Message.Replace("the image's", "the container's", StringComparison.Ordinal), 1, e); // docker's code
            }
        }
        ValueList<string> bounding = wishes.Privileged
            ? [.. HostFacts.Read(new RunOptions()).Capabilities.Names()]
            : first.Capabilities?.Bounding ?? [];
        return first with
        {
            Args = [.. wishes.Arguments],
            Env = Environment(first.Env, wishes, user),
            Cwd = wishes.Workdir ?? first.Cwd,
            Terminal = wishes.Terminal,
            ConsoleSize =
                wishes.Terminal && Skiff.Linux.Terminal.Tty.GetSize(0) is { } size ? new ConsoleSize(size.Rows, size.Columns) : null,
            User = user is null
                ? first.User
                : new UserSpec
                {
                    Uid = user.Uid,
                    Gid = user.Gid,
                    AdditionalGids = UserNamespaceMaps.Only(spec.Linux.GidMappings, user.AdditionalGids),
                    Umask = first.User.Umask,
                },
            Capabilities = new CapabilitiesSpec
            {
                Bounding = bounding,
                Effective = bounding,
                Permitted = bounding,
            },
            NoNewPrivileges = first.NoNewPrivileges && !wishes.Privileged,
        };
    }

    private static ValueList<string> Environment(ValueList<string> first, ExecWishes wishes, ResolvedUser? user)
    {
        List<string> entries = [.. first.AsSpan()];
        if (user is not null)
        {
            Set("HOME", user.Home);
        }
        if (wishes.Terminal && !entries.Exists(static e => e.StartsWith("TERM=", StringComparison.Ordinal)))
        {
            entries.Add("TERM=xterm");
        }
        foreach (NameValue variable in wishes.Environment)
        {
            Set(variable.Name, variable.Value);
        }
        return [.. entries];

        void Set(string name, string value)
        {
            int at = entries.FindIndex(e => e.StartsWith(name + "=", StringComparison.Ordinal));
            if (at >= 0)
            {
                entries[at] = $"{name}={value}";
            }
            else
            {
                entries.Add($"{name}={value}");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Console?.Dispose();
        Process.Dispose();
        _plan.Dispose();
    }
}
