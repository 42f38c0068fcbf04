using Skiff.Engine.Network;
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
    /// <summary>Bytes of memory limit from which on a container's first process may work in the engine's memory: one that is killed for want of memory takes those that share its memory along.</summary>
    internal const long RoomyMemory = 64 << 20;

    /// <summary>The name of a container's first process until it executes the trampoline (comm of proc(5)).</summary>
    internal const string NameAtBirth = "skiff-newborn";

    private const int AtCwd = Files.AtCwd;

    // A program that grows while it runs cannot move: so much room, and no more parts than surely fit.
    private const int EarlyParts = 150;
    private readonly Conception _first;
    private readonly LaunchPlan _plan;
    private readonly ChildProgram _p;
    private readonly bool _early;
    private readonly bool _joins;
    private LaunchInput _in = null!;
    private RuntimeSpec _spec = null!;
    private ProcessSpec _process = null!;
    private Operand[] _trees = [];
    private bool[] _made = [];
    private string?[] _names = [];
    private bool _userNamespace;
    private bool _borrowsDevices;
    private Operand _trampoline;
    private Result[] _received = [];
    private Result _root;

    private LaunchPlanner(Conception first, CloneFlags atBirth, ReportChannel? channel, bool early = false, bool joins = false)
    {
        _first = first;
        _early = early;
        _joins = joins;
        _plan = new LaunchPlan { Namespaces = atBirth, Channel = channel };
        _p = _plan.Program;
    }

    /// <summary>Makes the plan.</summary>
    /// <param name="input">What to start and how.</param>
    /// <param name="channel">The channel to the child; null to explain only.</param>
    public static LaunchPlan Make(LaunchInput input, ReportChannel? channel)
    {
        Conception first = ConceptionOf(input);
        LaunchPlanner planner;
        if (input.BornEarly)
        {
            planner = Conceive(first, channel);
            planner.Develop(input);
        }
        else
        {
            planner = new LaunchPlanner(first, AtBirth(input), channel);
            planner.BeginLate(input);
        }
        planner.Complete(input);
        return planner._plan;
    }

    /// <summary>Makes the first part of the plan of a container of which hardly anything is known. The first process may be made now: it does this part and waits for <see cref="Develop"/>.</summary>
    public static LaunchPlanner Conceive(Conception first, ReportChannel? channel)
    {
        LaunchPlanner planner = new(first, (first.Namespaces & CloneFlags.CLONE_NEWPID) | CloneFlags.CLONE_VM, channel, early: true);
        planner.TellBirth([]);
        planner._p.Reserve(ChildProgram.LargeRoom);
        planner.Birth();
        planner.OwnNamespaces();
        planner.EarlyCgroups();
        planner._plan.Container(
            Block.Namespaces,
            "So much can be done for any container; meanwhile the engine looks up the image and plans this one's rest."
        );
        planner.AwaitHost();
        planner._plan.Close();
        return planner;
    }

    /// <summary>Makes the second part, for which the spec must be there: cgroup, and what shows the child's namespaces. It ends with a wait for the rest.</summary>
    /// <param name="input">What to start and how, as far as it is known.</param>
    public void Develop(LaunchInput input)
    {
        Know(input);
        TellImage();
        (_, IReadOnlyList<HostAction> host, IReadOnlyList<HostAction> child) = CgroupProgram.Split(_in.Cgroup, _in.CgroupLayout);
        TellCgroup(host);
        MakeCgroups(child, made: _first.Cgroups.Count > 0);
        Cgroup();
        OwnMounts();
        Sysctls(early: true);
        HiddenPaths(early: true);
        OwnProcess();
        _plan.Container(
            Block.Namespaces,
            "So much needs nothing but namespaces; for the rest the engine has been planning meanwhile, and hands over what it has made."
        );
        _received = _p.Receive(Channel, DescriptorMessage.MaxDescriptors);
        _plan.Close();
    }

    /// <summary>The plan as far as it is made.</summary>
    public LaunchPlan Plan => _plan;

    /// <summary>Makes the rest.</summary>
    /// <param name="input">As before, with what was not known then.</param>
    public void Complete(LaunchInput input)
    {
        _in = input;
        if (_early)
        {
            TellPreparation();
        }
        else
        {
            _trampoline = input.Trampoline;
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
        Sysctls(early: false);
        if (!_early)
        {
            OwnProcess();
        }
        else
        {
            ReceiveTrampoline();
        }
        Network();
        HiddenPaths(early: false);
        EnterRoot();
        Terminal();
        Surroundings();
        Identity();
        EveryProcessor();
        Execute();
        _plan.Close();
        TellEnd();
    }

    /// <summary>What a process can do to itself, whatever it sees of the file system.</summary>
    private void OwnProcess()
    {
        Hostname();
        Session();
        BoundingSet();
    }

    private void BeginLate(LaunchInput input)
    {
        Know(input);
        TellImage();
        TellPreparation();
        TellCgroup(_in.Cgroup.Create);
        TellBirth(_in.JoinedBefore);
        Birth();
        MapUsers();
        JoinNamespaces();
        Cgroup();
        _plan.Close();
    }

    private void Know(LaunchInput input)
    {
        _in = input;
        _spec = input.Spec;
        _process = _spec.Process ?? throw new SkiffException("the spec has no process", 125);
        _userNamespace = _spec.Linux.Namespace("user") is not null;
        _borrowsDevices = _userNamespace || input.Rootless;
        _trees = new Operand[_spec.Mounts.Count];
        _made = new bool[_spec.Mounts.Count];
        _names = new string?[_spec.Mounts.Count];
        NameDescriptors();
    }

    private static Conception ConceptionOf(LaunchInput input)
    {
        string path = input.Spec.Linux.CgroupsPath ?? "";
        (IReadOnlyList<HostAction> Make, IReadOnlyList<string> JoinFiles) early = input.BornEarly
            ? CgroupProgram.Early(input.CgroupLayout, Path.GetDirectoryName(path) ?? "/", Path.GetFileName(path))
            : ([], []);
        return new()
        {
            Namespaces = Flags(input.Spec),
            DiesWithParent = input.DiesWithParent,
            ParentsChannel = input is { BornEarly: true, DiesWithParent: false, Story: not null } ? ExampleChannel : -1,
            HasCable = input.HasCable,
            Processors = input.Processors,
            Ahead = input.Ahead,
            AheadMakesCgroups = Conception.Prepare(input.Ahead, early.Make),
            Birthplace = input.BornEarly ? CgroupProgram.Split(input.Cgroup, input.CgroupLayout).First : [],
            V2Directory = input.Cgroup.V2Directory,
            Cgroups = early.Make,
            JoinFiles = early.JoinFiles,
            Told = input.Story is not null,
        };
    }

    private const int MSG_PEEK_DONTWAIT = 0x42;
    private const int ExampleChannel = -31; // in a plan that is only explained

    private int Channel => _plan.Channel?.ChildValue ?? -2;

    private int HostEnd => _plan.Channel?.Parent.Value ?? -30;

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

    /// <summary>The namespaces that a child which is not born early gets by clone3(2): all of them.</summary>
    private static CloneFlags AtBirth(LaunchInput input)
    {
        CloneFlags all = Flags(input.Spec);
        return SharesMemory(input.Spec, all) && input.Joined.Count == 0 ? all | CloneFlags.CLONE_VM : all;
    }

    /// <summary>Whether a first process that was made from a <see cref="Conception"/> can become this container: it is in the right namespaces, and there is room for the program.</summary>
    public static bool Fits(RuntimeSpec spec, CloneFlags namespaces)
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
        return !joins && parts <= EarlyParts && Flags(spec) == namespaces && SharesMemory(spec, namespaces);
    }

    /// <summary>Whether the first process may work in the engine's memory until it executes its command: only where nobody else can see it in its namespaces, and where the limit leaves room.</summary>
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
        const int PR_SET_NAME = 15;
        _plan.Container(
            Block.Namespaces,
            "Until it executes the command it has a name by which others see that this is no container yet, and that they must not join it."
        );
        _p.Call(SyscallNumber.prctl, PR_SET_NAME, _p.Text(NameAtBirth));
        if (_first.DiesWithParent)
        {
            EndsWithParent(
                "A foreground container ends with the command that started it, however that ends; if it has ended already, its end of the channel is closed."
            );
        }
        else if (_early)
        {
            _plan.Container(
                Block.Namespaces,
                "Until it is written down who this process is, it ends with its parent: nobody else would find what it makes."
            );
            _p.Call(SyscallNumber.prctl, PR_SET_PDEATHSIG, Signals.SIGKILL);
        }
        if (_first.ParentsChannel != -1)
        {
            _plan.Container(
                Block.Namespaces,
                "Its parent waits for the command or for its end, which it would not see while a copy of the other side is open."
            );
            _p.Call(SyscallNumber.close, _first.ParentsChannel);
        }
        if (_first.Kept is { } kept)
        {
            _plan.Container(Block.Namespaces, "What belongs to other containers that are being started is closed: they would wait for it.");
            _p.CloseOthers(3, [.. kept, Channel]);
        }
        DefaultSignals();
    }

    /// <summary>The signal comes only from a parent that dies after it was asked for.</summary>
    private void EndsWithParent(string why)
    {
        _plan.Container(Block.Namespaces, why);
        _p.Call(SyscallNumber.prctl, PR_SET_PDEATHSIG, Signals.SIGKILL);
        _p.Call(SyscallNumber.close, HostEnd);
        _p.Call(SyscallNumber.recvfrom, Channel, _p.Memory(8), 1, MSG_PEEK_DONTWAIT, 0, 0);
        _p.AtLeast(1).Tolerate(Errno.EAGAIN);
    }

    private void OwnNamespaces()
    {
        _plan.Container(
            Block.Namespaces,
            _first.Ahead is null
                ? "Namespaces that nobody else is in, made by the process itself."
                : "Namespaces that nobody else is in: the process enters those that were made ahead, and makes the rest itself."
        );
        CloneFlags own = _first.Namespaces & ~CloneFlags.CLONE_NEWPID;
        if (_first.Ahead is { } ahead)
        {
            _p.Call(SyscallNumber.read, ahead.News, _p.Memory(8), 1);
            // If that process could not make them it has ended: then the kernel says to this one why.
            _p.Call(SyscallNumber.setns, ahead.Descriptor, (int)HeadStart.Namespaces);
            _p.Tolerate(Errno.ESRCH, skip: 1);
            int entered = _p.Jump();
            _p.Call(SyscallNumber.unshare, (int)HeadStart.Namespaces);
            if (!_first.HasCable)
            {
                Configure(BridgeLease.LoopbackOnly);
            }
            _p.SkipToHere(entered);
            own &= ~HeadStart.Namespaces;
        }
        else if (_first.HasCable)
        {
            // first what the engine needs to lay the cable
            _p.Call(SyscallNumber.unshare, (int)CloneFlags.CLONE_NEWNET);
            own &= ~CloneFlags.CLONE_NEWNET;
        }
        _plan.NamespacesAt = own.HasFlag(CloneFlags.CLONE_NEWNET) ? _p.Count : _p.Count - 1;
        _p.Call(SyscallNumber.unshare, (int)own);
        if (_first is { Ahead: null, HasCable: false } && own.HasFlag(CloneFlags.CLONE_NEWNET))
        {
            OwnNetwork(BridgeLease.LoopbackOnly);
        }
    }

    private void EveryProcessor()
    {
        if (_first.Processors is { } mask)
        {
            _plan.Container(
                Block.Namespaces,
                "So that both work at once the engine has kept the process from its own processor; now it may run on every one again."
            );
            _p.Call(SyscallNumber.sched_setaffinity, 0, mask.Length, _p.Bytes(mask));
            _p.TolerateAll();
        }
    }

    private void EarlyCgroups()
    {
        if (_first.AheadMakesCgroups)
        {
            _plan.Container(Block.Cgroup, "Meanwhile the process that began first has made its cgroups.");
            _plan.Doing(new CgroupsAhead(_first.Cgroups));
            _p.Wait(_first.Ahead!.News);
            _p.Require(_first.Ahead.JobFailure, unchecked((nint)uint.MaxValue), 0, Errno.EIO);
        }
        else if (_first.LeavesCgroups)
        {
            _plan.Container(Block.Cgroup, "Meanwhile the engine has made its cgroups.");
            AwaitHost();
        }
        else
        {
            MakeCgroups(_first.Cgroups, made: false);
        }
        EnterCgroups(_first.JoinFiles);
    }

    /// <param name="actions">Directories and limits.</param>
    /// <param name="made">The directories are there.</param>
    private void MakeCgroups(IReadOnlyList<HostAction> actions, bool made)
    {
        _plan.Container(Block.Cgroup, CgroupWhy);
        foreach (HostAction action in actions)
        {
            if (!made || action is not MakeCgroup)
            {
                _plan.Doing(action);
                CgroupProgram.Write(_p, action);
            }
        }
    }

    private void MapUsers()
    {
        if (_userNamespace && _spec.Linux.Namespace("user") is { Path: null })
        {
            _plan.WaitsForIdMaps = true;
            TellIdMaps();
            _plan.Container(Block.Identity, "In a new user namespace nobody is anybody until the host has written the id maps.");
            AwaitHost();
            _p.Call(SyscallNumber.setresgid, 0, 0, 0);
            _p.Call(SyscallNumber.setresuid, 0, 0, 0);
        }
    }

    private void JoinNamespaces()
    {
        foreach ((string type, string path, int descriptor) in _in.Joined)
        {
            _plan.Container(Block.Namespaces, $"Instead of a {type} namespace of its own the container joins that of {path}.");
            _p.Call(SyscallNumber.setns, descriptor, 0);
        }
    }

    private void EnterCgroups(IReadOnlyList<string> files)
    {
        if (files.Count == 0)
        {
            return;
        }
        _plan.Container(
            Block.Cgroup,
            "The process enters its cgroup in every hierarchy: writing 0 to tasks moves just the writer and needs no global lock."
        );
        nint zero = _p.Text("0");
        IReadOnlyList<(string Path, int Descriptor)> open = _in?.CgroupDescriptors ?? [];
        for (int i = 0; i < files.Count; i++)
        {
            if (open.Count > 0)
            {
                _p.Call(SyscallNumber.write, open[i].Descriptor, zero, 1);
                continue;
            }
            Result fd = _p.Call(SyscallNumber.openat, AtCwd, _p.Text(files[i]), OpenFlags.O_WRONLY | OpenFlags.O_CLOEXEC);
            _p.Call(SyscallNumber.write, fd, zero, 1);
            _p.Call(SyscallNumber.close, fd);
        }
    }

    private void Cgroup()
    {
        if (_first.JoinFiles.Count == 0)
        {
            EnterCgroups(_in.Cgroup.JoinFiles);
        }
        if (!_joins && _spec.Linux.Namespace("cgroup") is { Path: null })
        {
            _plan.Container(Block.Cgroup, "A cgroup namespace makes that cgroup look like the root of the tree.");
            _p.Call(SyscallNumber.unshare, (int)CloneFlags.CLONE_NEWCGROUP);
        }
    }
}
