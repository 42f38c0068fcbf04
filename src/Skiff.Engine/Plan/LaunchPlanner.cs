using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Mounts;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <summary>Turns a runtime spec into a launch plan: the order of a container's birth, chapter by chapter. It changes nothing.</summary>
public sealed partial class LaunchPlanner
{
    private const int AtCwd = Files.AtCwd;
    private const long RoomyMemory = 64 << 20;

    // A program that grows while it runs cannot move: so much room, and no more parts than surely fit.
    private const int EarlyInstructions = 4096;
    private const int EarlyParts = 150;
    private readonly bool _early;
    private LaunchInput _in;
    private readonly RuntimeSpec _spec;
    private readonly ProcessSpec _process;
    private readonly LaunchPlan _plan;
    private readonly ChildProgram _p;
    private readonly Operand[] _trees;
    private readonly bool[] _made;
    private readonly bool _userNamespace;
    private readonly bool _joins;
    private Result _root;

    private LaunchPlanner(LaunchInput input, ReportChannel? channel, bool joins = false)
    {
        _in = input;
        _early = input.BornEarly && !joins;
        _spec = input.Spec;
        _process = input.Spec.Process ?? throw new SkiffException("the spec has no process", 125);
        _userNamespace = _spec.Linux.Namespace("user") is not null;
        _joins = joins;
        _trees = new Operand[_spec.Mounts.Count];
        _made = new bool[_spec.Mounts.Count];
        _names = new string?[_spec.Mounts.Count];
        _plan = new LaunchPlan { Namespaces = joins ? CloneFlags.None : AtBirth(Flags(_spec)), Channel = channel };
        _p = _plan.Program;
    }

    /// <summary>Makes the plan.</summary>
    /// <param name="input">What to start and how.</param>
    /// <param name="channel">The channel to the child; null to explain only.</param>
    public static LaunchPlan Make(LaunchInput input, ReportChannel? channel)
    {
        LaunchPlanner planner = Begin(input, channel);
        planner.Complete(input);
        return planner._plan;
    }

    /// <summary>Makes the first part of a plan. With <see cref="LaunchInput.BornEarly"/> the child may be made now: it does this part and waits for the rest.</summary>
    public static LaunchPlanner Begin(LaunchInput input, ReportChannel? channel)
    {
        LaunchPlanner planner = new(input, channel);
        planner.Beginning();
        return planner;
    }

    /// <summary>The plan as far as it is made.</summary>
    public LaunchPlan Plan => _plan;

    /// <summary>Makes the rest.</summary>
    /// <param name="input">As at the beginning, with what was not known then.</param>
    public void Complete(LaunchInput input)
    {
        _in = input;
        Rest();
    }

    private int Channel => _plan.Channel?.ChildValue ?? -2;

    private int HostEnd => _plan.Channel?.Parent.Value ?? -30;

    private void Beginning()
    {
        NameDescriptors();
        TellImage();
        if (!_early)
        {
            TellPreparation();
        }
        (IReadOnlyList<HostAction> host, IReadOnlyList<HostAction> child) = _early
            ? CgroupProgram.Split(_in.Cgroup, _in.CgroupLayout)
            : (_in.Cgroup.Create, []);
        Tell(HostMoment.Cgroup, Block.Cgroup, "A cgroup of its own lets the kernel count and limit what the container uses.", host);
        TellBirth();
        if (_early)
        {
            _p.Reserve(EarlyInstructions);
        }
        Birth();
        if (child.Count > 0)
        {
            _plan.Container(Block.Cgroup, "A cgroup of its own lets the kernel count and limit what the container uses.");
            foreach (HostAction action in child)
            {
                _plan.Doing(action);
                CgroupProgram.Write(_p, action);
            }
        }
        Cgroup();
        if (_early)
        {
            OwnMounts();
            if (!_in.HasCable)
            {
                OwnNetwork();
            }
            _plan.Container(Block.Namespaces, "So much needs nothing but namespaces; for the rest the engine has been planning meanwhile.");
            AwaitHost();
        }
        _plan.Close();
    }

    private void Rest()
    {
        if (_early)
        {
            TellPreparation();
        }
        HostMounts();
        if (!_early)
        {
            OwnMounts();
        }
        PrivateMounts();
        OpenSecrets();
        RootFileSystem();
        Mounts();
        Secrets();
        RequireProcfs();
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

    /// <summary>The namespaces that a spec asks for anew.</summary>
    private static CloneFlags Flags(RuntimeSpec spec)
    {
        CloneFlags flags = CloneFlags.CLONE_NEWNS;
        foreach (NamespaceSpec item in spec.Linux.Namespaces)
        {
            if (item.Path is null)
            {
                flags |= item.Type switch
                {
                    "pid" => CloneFlags.CLONE_NEWPID,
                    "uts" => CloneFlags.CLONE_NEWUTS,
                    "ipc" => CloneFlags.CLONE_NEWIPC,
                    "network" => CloneFlags.CLONE_NEWNET,
                    "user" => CloneFlags.CLONE_NEWUSER,
                    _ => CloneFlags.None, // mount: always; cgroup: made by unshare, after the container has joined its cgroup
                };
            }
        }
        return flags;
    }

    /// <summary>Those that come with clone3(2). Making them takes longer than anything else, so a child that is born early makes its own while the engine goes on; only a pid namespace must be there before it.</summary>
    private CloneFlags AtBirth(CloneFlags all) =>
        _early ? (all & CloneFlags.CLONE_NEWPID) | CloneFlags.CLONE_VM
        : SharesMemory(_spec, all) && _in.Joined.Count == 0 ? all | CloneFlags.CLONE_VM
        : all;

    /// <summary>Whether the first process may be made before everything else: it must be able to share the engine's memory, and nothing may be wanted of the host first.</summary>
    public static bool CanBeBornEarly(RuntimeSpec spec)
    {
        int parts =
            spec.Mounts.Count
            + spec.Linux.Devices.Count
            + spec.Linux.Sysctl.Count
            + spec.Linux.MaskedPaths.Count
            + spec.Linux.ReadonlyPaths.Count;
        bool joins = false;
        foreach (NamespaceSpec item in spec.Linux.Namespaces)
        {
            joins |= item.Path is not null;
        }
        return !joins && parts <= EarlyParts && SharesMemory(spec, Flags(spec));
    }

    /// <summary>Whether the first process may work in the engine's memory until it executes its command: only where nobody else can see it in its namespaces, and
    /// where the limit leaves room, since a process that is killed for want of memory takes those that share its memory along.</summary>
    private static bool SharesMemory(RuntimeSpec spec, CloneFlags flags) =>
        flags.HasFlag(CloneFlags.CLONE_NEWPID)
        && !flags.HasFlag(CloneFlags.CLONE_NEWUSER)
        && spec.Linux.Namespace("user") is null
        && spec.Linux.Resources.Memory?.Limit is null or <= 0 or >= RoomyMemory;

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
        else if (_early)
        {
            _plan.Container(
                Block.Namespaces,
                "Until the engine has written down who this process is, it ends with the engine: nobody else would find what it makes."
            );
            _p.Call(SyscallNumber.prctl, PR_SET_PDEATHSIG, SIGKILL);
        }
        DefaultSignals();
        if (_early)
        {
            _plan.Container(
                Block.Namespaces,
                "Namespaces that nobody else is in, made by the process itself: the engine need not wait for them."
            );
            CloneFlags own = Flags(_spec) & ~CloneFlags.CLONE_NEWPID;
            _plan.NamespacesAt = _p.Count;
            if (_in.HasCable)
            {
                // first what the engine needs to lay the cable
                _p.Call(SyscallNumber.unshare, (int)CloneFlags.CLONE_NEWNET);
                own &= ~CloneFlags.CLONE_NEWNET;
            }
            _p.Call(SyscallNumber.unshare, (int)own);
        }
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
