using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Mounts;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <summary>Turns a runtime spec into a launch plan: the order of a container's birth, chapter by chapter. It changes nothing.</summary>
public sealed partial class LaunchPlanner
{
    private const int AtCwd = Files.AtCwd;
    private const long RoomyMemory = 64 << 20;
    private readonly LaunchInput _in;
    private readonly RuntimeSpec _spec;
    private readonly ProcessSpec _process;
    private readonly LaunchPlan _plan;
    private readonly ChildProgram _p;
    private readonly Operand[] _trees;
    private readonly bool[] _cloned;
    private readonly bool _userNamespace;
    private readonly bool _joins;
    private Result _root;

    private LaunchPlanner(LaunchInput input, ReportChannel? channel, bool joins = false)
    {
        _in = input;
        _spec = input.Spec;
        _process = input.Spec.Process ?? throw new SkiffException("the spec has no process", 125);
        _userNamespace = _spec.Linux.Namespace("user") is not null;
        _joins = joins;
        _trees = new Operand[_spec.Mounts.Count];
        _cloned = new bool[_spec.Mounts.Count];
        _plan = new LaunchPlan { Namespaces = joins ? CloneFlags.None : Flags(), Channel = channel };
        _p = _plan.Program;
    }

    /// <summary>Makes the plan.</summary>
    /// <param name="input">What to start and how.</param>
    /// <param name="channel">The channel to the child; null to explain only.</param>
    public static LaunchPlan Make(LaunchInput input, ReportChannel? channel)
    {
        LaunchPlanner planner = new(input, channel);
        planner.Build();
        return planner._plan;
    }

    private int Channel => _plan.Channel?.ChildValue ?? -2;

    private int HostEnd => _plan.Channel?.Parent.Value ?? -30;

    private void Build()
    {
        NameDescriptors();
        TellPreparation();
        TellLent();
        if (_in.Cgroup.Create.Length > 0)
        {
            _plan.Host(
                HostMoment.Cgroup,
                Block.Cgroup,
                "A cgroup of its own lets the kernel count and limit what the container uses.",
                _in.Cgroup.Create
            );
        }
        TellBirth();
        Birth();
        Cgroup();
        BindSources();
        RootFileSystem();
        Mounts();
        Devices();
        Sysctls();
        Hostname();
        Network();
        HiddenPaths();
        EnterRoot();
        Terminal();
        Session();
        Identity();
        Execute();
        _plan.Close();
        TellEnd();
    }

    private CloneFlags Flags()
    {
        CloneFlags flags = CloneFlags.None;
        foreach (NamespaceSpec item in _spec.Linux.Namespaces)
        {
            if (item.Path is null)
            {
                flags |= item.Type switch
                {
                    "pid" => CloneFlags.CLONE_NEWPID,
                    "mount" => CloneFlags.CLONE_NEWNS,
                    "uts" => CloneFlags.CLONE_NEWUTS,
                    "ipc" => CloneFlags.CLONE_NEWIPC,
                    "network" => CloneFlags.CLONE_NEWNET,
                    "user" => CloneFlags.CLONE_NEWUSER,
                    _ => CloneFlags.None, // cgroup: made by unshare, after the container has joined its cgroup
                };
            }
        }
        return flags | CloneFlags.CLONE_NEWNS | (SharesMemory(flags) ? CloneFlags.CLONE_VM : CloneFlags.None);
    }

    /// <summary>Whether the first process may work in the engine's memory until it executes its command: only where nobody else can see it in its namespaces, and
    /// where the limit leaves room, since a process that is killed for want of memory takes those that share its memory along.</summary>
    private bool SharesMemory(CloneFlags flags) =>
        flags.HasFlag(CloneFlags.CLONE_NEWPID)
        && !_userNamespace
        && _in.Joined.Count == 0
        && _spec.Linux.Resources.Memory?.Limit is null or <= 0 or >= RoomyMemory;

    private void DefaultSignals()
    {
        _plan.Container(
            Block.Namespaces,
            "The first process starts with every signal at its default: what the engine ignores must not be inherited."
        );
        nint action = _p.Memory(32);
        for (int signal = 1; signal <= 64; signal++)
        {
            if (signal is not (9 or 19))
            {
                _p.Call(SyscallNumber.rt_sigaction, signal, action, 0, 8);
            }
        }
    }

    private void Birth()
    {
        const int SIGKILL = 9;
        if (_in.DiesWithParent)
        {
            const int MSG_PEEK_DONTWAIT = 0x42;
            _plan.Container(
                Block.Namespaces,
                "A foreground container ends with the command that started it, however that ends; if it has ended already, its end of the channel is closed."
            );
            _p.Call(SyscallNumber.prctl, PR_SET_PDEATHSIG, SIGKILL);
            _p.Call(SyscallNumber.close, HostEnd);
            _p.Call(SyscallNumber.recvfrom, Channel, _p.Memory(8), 1, MSG_PEEK_DONTWAIT, 0, 0);
            _p.AtLeast(1).Tolerate(Errno.EAGAIN);
        }
        DefaultSignals();
        if (_userNamespace && _spec.Linux.Namespace("user") is { Path: null })
        {
            _plan.WaitsForIdMaps = true;
            TellIdMaps();
            _plan.Container(Block.Identity, "In a new user namespace nobody is anybody until the host has written the id maps.");
            AwaitHost();
            _p.Call(SyscallNumber.setresgid, 0, 0, 0);
            _p.Call(SyscallNumber.setresuid, 0, 0, 0);
        }
        foreach ((string type, string path, int descriptor) in _in.Joined)
        {
            _plan.Container(Block.Namespaces, $"Instead of a {type} namespace of its own the container joins that of {path}.");
            _p.Call(SyscallNumber.setns, descriptor, 0);
        }
    }

    private void Cgroup()
    {
        if (_in.Cgroup.JoinFiles.Length > 0)
        {
            _plan.Container(
                Block.Cgroup,
                "The process enters its cgroup in every hierarchy: writing 0 to tasks moves just the writer and needs no global lock."
            );
            nint zero = _p.Text("0");
            for (int i = 0; i < _in.Cgroup.JoinFiles.Length; i++)
            {
                if (_in.CgroupDescriptors.Count > 0)
                {
                    _p.Call(SyscallNumber.write, _in.CgroupDescriptors[i].Descriptor, zero, 1);
                    continue;
                }
                Result fd = _p.Call(
                    SyscallNumber.openat,
                    AtCwd,
                    _p.Text(_in.Cgroup.JoinFiles[i]),
                    OpenFlags.O_WRONLY | OpenFlags.O_CLOEXEC
                );
                _p.Call(SyscallNumber.write, fd, zero, 1);
                _p.Call(SyscallNumber.close, fd);
            }
        }
        if (!_joins && _spec.Linux.Namespace("cgroup") is { Path: null })
        {
            _plan.Container(Block.Cgroup, "A cgroup namespace makes that cgroup look like the root of the tree.");
            _p.Call(SyscallNumber.unshare, (int)CloneFlags.CLONE_NEWCGROUP);
        }
    }
}
