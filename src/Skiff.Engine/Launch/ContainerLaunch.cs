using Skiff.Engine.Containers;
using Skiff.Engine.Names;
using Skiff.Engine.Network;
using Skiff.Engine.Plan;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Launch;

/// <summary>Executes a launch plan: the host's steps, the birth, the report, the end. Every step taken pushes its undo.</summary>
public sealed partial class ContainerLaunch : IDisposable
{
    private readonly SkiffEngine _engine;
    private PreparedContainer _container;
    private readonly LaunchWishes _wishes;
    private readonly Stack<HostAction> _undo = new();
    private readonly List<SafeFd> _held = [];
    private LaunchPlanner? _planner;
    private LaunchInput? _input;
    private ReportChannel? _channel;
    private SafeFd? _consoleParent;
    private SafeFd? _consoleChild;
    private string[] _candidates = [];
    private LaunchPlan? _plan;
    private SpawnedProcess? _process;
    private HeadStart? _ahead;
    private Cgroup? _cgroup;
    private ContainerNetworks? _network;
    private IReadOnlyList<PublishedPort> _pasta = [];
    private NameSockets? _names;
    private string _cgroupPath = "";

    private ContainerLaunch(SkiffEngine engine, PreparedContainer container, LaunchWishes wishes)
    {
        _engine = engine;
        _container = container;
        _wishes = wishes;
    }

    /// <summary>The first process of the container.</summary>
    public SpawnedProcess Process => _process ?? throw new InvalidOperationException("the container is not started");

    /// <summary>Sentences for the user that stop nothing.</summary>
    public IReadOnlyList<string> Warnings => _network?.Warnings ?? NetworkLaunch.Warnings(_container.Options);

    /// <summary>The plan that was executed.</summary>
    public LaunchPlan Plan => _plan ?? throw new InvalidOperationException("the container is not started");

    /// <summary>The terminal's master, once the container runs with one.</summary>
    public SafeFd? Console { get; private set; }

    /// <summary>The state that was recorded when it started.</summary>
    public ContainerState State { get; private set; } = new();

    /// <summary>Begins the launch of a container whose spec is made, but that is not recorded yet. Where the container allows it, its first process works at its own part
    /// while the caller prepares the rest; see docs/decisions/014. Dispose of it to take it back.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="container">The container.</param>
    /// <param name="wishes">How the starter wants to be connected.</param>
    /// <param name="newborn">Its first process, if that is made; it is taken, or given up if it cannot become this container.</param>
    /// <exception cref="SkiffException">It could not be; nothing is left. Exit code 125.</exception>
    public static ContainerLaunch Begin(SkiffEngine engine, PreparedContainer container, LaunchWishes wishes, Newborn? newborn = null)
    {
        engine.Events.Hold();
        ContainerLaunch launch = new(engine, container, wishes);
        launch.Guarded(() => launch.Conceive(newborn));
        return launch;
    }

    /// <summary>Starts the container, which is recorded now; when this returns, its command runs.</summary>
    /// <exception cref="SkiffException">It could not be started; everything is undone. Exit code 125, or 126 and 127 for the command itself.</exception>
    public void Start(PreparedContainer container)
    {
        _container = container;
        try
        {
            Guarded(() =>
            {
                Continue();
                Started();
            });
        }
        catch (Exception e)
        {
            RunningContainer.Died(_engine, _container.Record, e is SkiffException known ? known.ExitCode : 125);
            throw;
        }
    }

    private void Guarded(Action work) => Guarded(this, work);

    /// <summary>Does a part of a start; when it fails, what there is of the start is disposed of, and an error of the kernel becomes a sentence.</summary>
    internal static void Guarded(IDisposable start, Action work)
    {
        try
        {
            work();
        }
        catch (Exception e)
        {
            start.Dispose();
            if (e is LinuxException linux)
            {
                throw new SkiffException($"starting the container failed: {linux.Message}", 125, linux);
            }
            throw;
        }
    }

    /// <summary>All that needs no record. A newborn process is told what it can do itself.</summary>
    private void Conceive(Newborn? newborn)
    {
        RuntimeSpec spec = _container.Result.Spec;
        RefuseJoinedUserNamespace(spec);
        CgroupLayout layout = newborn?.Layout ?? HostCgroups.Detect();
        CgroupPlan cgroup = PlanCgroup(layout, spec);
        if (newborn is not null && !CanBecome(_engine, _container, newborn.Namespaces))
        {
            newborn.Dispose();
            newborn = null;
        }
        Take(newborn);
        _candidates = CommandPath.Candidates(spec.Process!.Args[0], spec.Process.Env);
        _input = Input(spec, layout, cgroup) with
        {
            BornEarly = newborn is not null,
            ListsLayers = KernelVersion.IsAtLeast(6, 5),
            MountsOnDetached = KernelVersion.IsAtLeast(6, 15),
            Trampoline = newborn is null ? Trampoline(spec) : -1,
            ConsoleSocket = newborn is null ? _consoleChild?.Value ?? -1 : newborn.ConsoleValue,
            HasCable = NetworkLaunch.HasCable(_container.Options),
            Network = NetworkLaunch.Messages(null, spec),
        };
        if (_planner is not null)
        {
            _planner.Develop(_input);
            long begin = Clock();
            RunAll(CgroupProgram.Split(cgroup, layout).Host);
            Timed(HostMoment.Cgroup, begin);
            _process!.Extend(_plan!.Program);
            _channel!.Release();
        }
    }

    private void Take(Newborn? newborn)
    {
        if (newborn is null)
        {
            _channel = new ReportChannel();
            (_consoleParent, _consoleChild) = _wishes.Terminal ? SocketPair() : (null, null);
            return;
        }
        newborn.Take();
        _process = newborn.Process;
        _ahead = newborn.Ahead;
        _channel = newborn.Process.Channel;
        _consoleParent = newborn.Console.Parent;
        _planner = newborn.Planner;
        _plan = newborn.Planner.Plan;
        foreach ((HostMoment moment, (long, long) times) in newborn.Times)
        {
            HostTimes[moment] = times;
        }
    }

    /// <summary>Whether a process that was born in these namespaces can become the container. A mount that the host has to lend must be there before the birth.</summary>
    internal static bool CanBecome(SkiffEngine engine, PreparedContainer container, CloneFlags namespaces) =>
        LaunchPlanner.Fits(container.Result.Spec, namespaces)
        && container.Options.Secrets.Count <= EarlySecrets
        && LentMounts.Plan(engine, container, Layers(container)) is null;

    private void Birth(IReadOnlyList<HostAction> cgroup, IReadOnlyList<(string Type, string Path, int Descriptor)> joinedBefore)
    {
        long begin = Clock();
        RunAll(cgroup);
        Timed(HostMoment.Cgroup, begin);
        begin = Clock();
        using SafeFd? unified = _input!.Cgroup.V2Directory is { } directory
            ? Files.Open(directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY)
            : null;
        _process = Bear(_channel!, unified, joinedBefore);
        Timed(HostMoment.Birth, begin);
        _consoleChild?.Dispose();
    }

    private void RunAll(IReadOnlyList<HostAction> actions)
    {
        foreach (HostAction action in actions)
        {
            Run(action);
        }
    }

    private void Continue()
    {
        RuntimeSpec spec = _container.Result.Spec;
        LaunchInput first = _input!;
        ReportChannel channel = _channel!;
        Skeleton.Ensure(_engine.Paths);
        if (_container.IsCopied)
        {
            CopiedRoot.Ensure(_engine, _container);
        }
        long network = Clock();
        _network = _wishes.Lease is { } lease
            ? NetworkLaunch.Adopt(_engine, _container.Record.Id, _container.Options, lease)
            : NetworkLaunch.Acquire(_engine, _container);
        Timed(HostMoment.SharedNetwork, network);
        NetworkLaunch.WriteHosts(_engine, _container, _network);
        LaunchInput input = WithSecrets(
            first with
            {
                Network = NetworkLaunch.Messages(_network, spec),
                WaitsForHost = _network is not null || _wishes.Monitor is not null || PastaNetwork.Serves(_container.Options),
            },
            planned: false
        );
        if (_planner is not null)
        {
            _planner.Complete(input);
            HandOver(spec);
        }
        else
        {
            bool ownUsers = LentMounts.OwnUserNamespace(spec);
            List<(string, string, int)> joined = OpenJoined(spec);
            input = input with
            {
                Joined = joined.FindAll(j => !IsJoinedBefore(j.Item1, ownUsers)),
                JoinedBefore = joined.FindAll(j => IsJoinedBefore(j.Item1, ownUsers)),
                CgroupDescriptors = ownUsers ? OpenCgroupFiles(input.Cgroup) : [],
                Lent = Lend(),
            };
            _plan = LaunchPlanner.Make(input, channel);
            Birth(input.Cgroup.Create, input.JoinedBefore);
        }
        long begin = Clock();
        if (_plan!.WaitsForIdMaps)
        {
            PrepareUsers(spec, _process!.Pid);
            channel.Release();
            Timed(HostMoment.IdMaps, begin);
            begin = Clock();
        }
        HostSide(_process!.Pid);
        if (_wishes.Monitor is not null)
        {
            // It outlives a killed monitor: nothing of it may run that is not written down. In the foreground it dies with us.
            SaveRunning();
        }
        bool onDisk = _container.Session is null;
        if (onDisk)
        {
            SaveConfig(spec); // before a command runs that may fill it
        }
        if (_plan.WaitsAt >= 0)
        {
            Timed(HostMoment.Network, begin);
            channel.Release();
        }
        if (!onDisk)
        {
            SaveConfig(spec);
        }
        if (_wishes.Monitor is null)
        {
            SaveRunning();
        }
        _ = _network?.Warnings; // on the other processor the child is on its way
        if (_consoleParent is not null)
        {
            Console = ReceiveTerminal(_consoleParent);
            _consoleParent.Dispose();
        }
        _engine.Events.Release();
        if (_wishes.Monitor is null && TakeNames() is { } names)
        {
            NameServer.ServeAside(_engine, _container.Record.Id, _container.Options, names, _process.Pid);
        }
        EndHeadStart(); // on this processor, which has little to do now
        _wishes.Meanwhile?.Invoke();
        if (channel.AwaitReport() is { } failure)
        {
            throw Failure(failure, spec);
        }
        foreach (HostAction action in _network?.LateActions ?? [])
        {
            TryRun(action);
        }
        _runningSince = Clock();
    }

    /// <summary>Does the engine's share of the mounts, lets the child go on with the rest of the program, and gives it what was made.</summary>
    private void HandOver(RuntimeSpec spec)
    {
        long begin = Clock();
        ChildProgram program = _plan!.HostProgram;
        if (Skiff.Linux.Spawning.Spawn.RunHere(program) is { } failure)
        {
            throw new SkiffException(StartDiagnosis.Explain("starting the container", _plan, program, failure, spec), 125);
        }
        Timed(HostMoment.Mounts, begin);
        _process!.Extend(_plan.Program);
        int[] made = new int[_plan.Handed.Count];
        for (int i = 0; i < made.Length; i++)
        {
            made[i] = (int)program.ValueOf(_plan.Handed[i]);
        }
        int sent = 0;
        do
        {
            int count = Math.Min(made.Length - sent, DescriptorMessage.MaxDescriptors);
            _channel!.Hand(made.AsSpan(sent, count));
            sent += count;
        } while (sent < made.Length);
        foreach (int descriptor in made)
        {
            _ = RawCall.Invoke(SyscallNumber.close, descriptor);
        }
        _channel.Hand([Trampoline(spec)]);
    }

    /// <summary>The program that executes the command, as a descriptor.</summary>
    private int Trampoline(RuntimeSpec spec) =>
        Hold(TrampolineImage.Open(_candidates.Length, _channel!.ChildValue, SpecAnnotations.HasInit(spec))).Value;

    private void HostSide(int pid)
    {
        if (_network is not null && !_process!.WaitUntilPast(_plan!.NamespacesAt))
        {
            return; // it has failed, and has reported why
        }
        if (PastaNetwork.Serves(_container.Options))
        {
            Connect(pid);
        }
        try
        {
            foreach (HostAction action in _network?.HostActions(pid) ?? [])
            {
                Run(action);
            }
            if (_network is { HasNames: true })
            {
                // Before its command runs: what that asks at once waits in the socket for whoever serves.
                _names = NameSockets.Open(pid, again: false);
            }
        }
        catch (LinuxException e) when (e.Errno == Errno.ESRCH || _process!.Pidfd.WaitReadable(200))
        {
            // It has failed meanwhile, or is about to be gone: its report says why, not what the host misses now.
        }
    }

    private void Connect(int pid)
    {
        if (_process!.WaitUntilPast(_plan!.NamespacesAt))
        {
            string id = _container.Record.Id;
            _pasta = PastaNetwork.Ports(_engine.Paths, NetworkLaunch.Ports(_container));
            PastaNetwork.Start(_engine.Paths, id, pid, _pasta);
        }
    }

    private void Run(HostAction action)
    {
        action.Run();
        if (action.Undo is { } undo)
        {
            _undo.Push(undo);
        }
    }

    private LaunchInput Input(RuntimeSpec spec, CgroupLayout layout, CgroupPlan cgroup)
    {
        CapabilitySet bounding = CapabilitySet.Parse(spec.Process!.Capabilities?.Bounding ?? [], "capabilities");
        (byte[] filter, uint flags) = spec.Linux.Seccomp is { } seccomp ? KernelSeccomp.Compile(seccomp, bounding) : ([], 0);
        return new LaunchInput
        {
            Spec = spec,
            ContainerDirectory = _engine.Paths.Container(_container.Record.Id),
            LayerRoot = _engine.Paths.Root,
            Layers = Layers(_container),
            Volatile = _container.Record.AutoRemove,
            Rootless = RootlessUser.Current is not null,
            SetsGroups = RootlessUser.SetsGroups,
            Cgroup = cgroup,
            CgroupLayout = layout,
            DeviceSources = _container.Result.DeviceSources,
            DiesWithParent = _wishes.DiesWithParent,
            Standard = _wishes.Standard,
            CallerNoFile = _wishes.CallerNoFile ?? CallerLimits.OpenFiles(),
            SeccompFilter = filter.Length == 0 ? null : filter,
            SeccompFlags = flags,
            Story = _wishes.Traced ? Story(Example()) : null,
        };
    }

    /// <summary>The image's layers above the mount points that it may lack.</summary>
    private static IReadOnlyList<string> Layers(PreparedContainer container)
    {
        IReadOnlyList<string> own = container.ShortLayers.Count > 0 ? container.ShortLayers : container.Layers;
        return container.Options.Rootfs is not null || container.IsCopied || own.Count == 0 ? [] : [EnginePaths.SkeletonName, .. own];
    }

    private CgroupPlan PlanCgroup(CgroupLayout layout, RuntimeSpec spec)
    {
        string path = spec.Linux.CgroupsPath ?? SpecBuilder.CgroupsPath(null, _container.Record.Id);
        _cgroupPath = path;
        string parent = Path.GetDirectoryName(path) ?? "/";
        string name = Path.GetFileName(path);
        ResourcesSpec resources = spec.Linux.Resources;
        _cgroup = Cgroup.At(layout, parent, name);
        Resources limits = KernelResources.Of(resources);
        if (limits.PidsLimit == RunOptions.DefaultPidsLimit && !layout.HasController("pids"))
        {
            limits = limits with { PidsLimit = null };
        }
        return Cgroup.Plan(layout, parent, name, limits);
    }

    /// <summary>config.json makes the directory an OCI bundle and is what exec goes by; nobody looks for it before the state says that the container runs.</summary>
    private void SaveConfig(RuntimeSpec spec)
    {
        string id = _container.Record.Id;
        ReadOnlySpan<byte> json = RuntimeSpecWriter.ToBytes(spec).Span;
        if (_container.Session is null)
        {
            Files.Replace(_engine.Paths.Config(id), json);
            return;
        }
        string path = _engine.Paths.Etc(id) + "/config.json";
        using SafeFd fd = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC, 0x180);
        Files.WriteAll(fd, json, path);
    }

    private void SaveRunning()
    {
        ProcessIdentity? identity = ProcessIdentity.Of(_process!.Pid);
        State = new ContainerState
        {
            Status = ContainerStatus.Running,
            Process = identity ?? ProcessIdentity.None,
            Monitor = _wishes.Monitor is { } monitor ? ProcessIdentity.Of(monitor) ?? ProcessIdentity.None : ProcessIdentity.None,
            StartedAt = TimeProvider.System.GetUtcNow(),
            Cgroup = _cgroupPath,
            RestartCount = _wishes.RestartCount,
            Health = _container.Record.HealthCheck is null ? null : HealthState.Starting with { Log = _wishes.HealthLog },
            Endpoints = _network?.Endpoints ?? [],
            Ports = _network?.Ports ?? _pasta,
        };
        if (_container.Session is { } session)
        {
            Session.Append(session, State.ToJson());
        }
        else
        {
            _engine.Containers.SaveState(_container.Record.Id, State);
        }
    }

    private SkiffException Failure(ChildFailure failure, RuntimeSpec spec)
    {
        if (failure.Index < 0)
        {
            SkiffException explained = ExecDiagnosis.Explain(ExecProcess(), spec.Process!.Args[0], _candidates, failure.Errno);
            _process!.Channel.Release();
            return explained;
        }
        // What is the host's to do in other launches has a sentence of its own: the host gets the same answer.
        _plan!.ActionOf(failure.Index)?.Run();
        return new SkiffException(StartDiagnosis.Explain("starting the container", _plan, _plan.Program, failure, spec), 125);
    }

    /// <summary>With an init the process that failed to execute is its child.</summary>
    private int ExecProcess()
    {
        string? children = Files.TryReadText($"/proc/{_process!.Pid}/task/{_process.Pid}/children", out _);
        return int.TryParse(children?.Split(' ')[0], out int child) ? child : _process.Pid;
    }

    private SafeFd Hold(SafeFd fd)
    {
        _held.Add(fd);
        return fd;
    }

    internal static unsafe (SafeFd Parent, SafeFd Child) SocketPair()
    {
        int* fds = stackalloc int[2];
        return RawCall.Invoke(SyscallNumber.socketpair, 1, 1 | 0x80000, 0, (nint)fds) == 0
            ? (new SafeFd(fds[0]), new SafeFd(fds[1]))
            : throw LinuxException.Last("socketpair", "console");
    }

    /// <summary>Takes the terminal that the child sends; null when it died first.</summary>
    internal static SafeFd? ReceiveTerminal(SafeFd socket)
    {
        _ = DescriptorMessage.Receive(socket, stackalloc byte[1], out SafeFd[] descriptors);
        return descriptors.Length == 0 ? null : descriptors[0];
    }
}
