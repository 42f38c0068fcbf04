using Skiff.Engine.Containers;
using Skiff.Engine.Network;
using Skiff.Engine.Plan;
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
    private readonly PreparedContainer _container;
    private readonly LaunchWishes _wishes;
    private readonly Stack<HostAction> _undo = new();
    private readonly List<SafeFd> _held = [];
    private LaunchPlan? _plan;
    private SpawnedProcess? _process;
    private Cgroup? _cgroup;
    private BridgeLease? _network;
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

    /// <summary>Starts the container; when this returns, its command runs.</summary>
    /// <exception cref="SkiffException">It could not be started; everything is undone. Exit code 125, or 126 and 127 for the command itself.</exception>
    public static ContainerLaunch Start(SkiffEngine engine, PreparedContainer container, LaunchWishes wishes)
    {
        ContainerLaunch launch = new(engine, container, wishes);
        try
        {
            launch.Begin();
            launch.Started();
            return launch;
        }
        catch (Exception e)
        {
            launch.Abandon();
            launch.Died(e is SkiffException known ? known.ExitCode : 125);
            launch.Dispose();
            if (e is LinuxException linux)
            {
                throw new SkiffException($"starting the container failed: {linux.Message}", 125, linux);
            }
            throw;
        }
    }

    private void Begin()
    {
        RuntimeSpec spec = _container.Result.Spec;
        RefuseJoinedUserNamespace(spec);
        CgroupLayout layout = CgroupLayout.Detect();
        CgroupPlan cgroup = PlanCgroup(layout, spec);
        ReportChannel channel = new();
        (SafeFd? consoleParent, SafeFd? consoleChild) = _wishes.Terminal ? SocketPair() : (null, null);
        string[] candidates = CommandPath.Candidates(spec.Process!.Args[0], spec.Process.Env);
        SafeFd trampoline = Hold(TrampolineImage.Open(candidates.Length, channel.ChildValue, HasInit(spec)));
        Skeleton.Ensure(_engine.Paths);
        long network = Clock();
        _network = NetworkLaunch.Acquire(_engine, _container);
        Timed(HostMoment.SharedNetwork, network);
        NetworkLaunch.WriteHosts(_engine, _container, _network);
        bool ownUsers = LentMounts.OwnUserNamespace(spec);
        List<(string, string, int)> joined = OpenJoined(spec);
        LaunchInput input = Input(spec, layout, cgroup) with
        {
            Trampoline = trampoline.Value,
            ConsoleSocket = consoleChild?.Value ?? -1,
            Network = NetworkLaunch.Messages(_network, spec),
            HasCable = _network is not null,
            WaitsForHost = _network is not null || _wishes.Monitor,
            Joined = joined.FindAll(j => !IsJoinedBefore(j.Item1, ownUsers)),
            JoinedBefore = joined.FindAll(j => IsJoinedBefore(j.Item1, ownUsers)),
            CgroupDescriptors = ownUsers ? OpenCgroupFiles(cgroup) : [],
            Lent = Lend(),
        };
        _plan = LaunchPlanner.Make(input, channel);
        long begin = Clock();
        foreach (HostAction action in cgroup.Create)
        {
            Run(action);
        }
        Timed(HostMoment.Cgroup, begin);
        begin = Clock();
        using SafeFd? unified = cgroup.V2Directory is { } directory
            ? Files.Open(directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY)
            : null;
        _process = Bear(channel, unified, input.JoinedBefore);
        Timed(HostMoment.Birth, begin);
        begin = Clock();
        consoleChild?.Dispose();
        if (_plan.WaitsForIdMaps)
        {
            PrepareUsers(spec, _process.Pid);
            channel.Release();
            Timed(HostMoment.IdMaps, begin);
            begin = Clock();
        }
        HostSide(_process.Pid);
        if (_wishes.Monitor)
        {
            // It outlives a killed monitor: nothing of it may run that is not written down. In the foreground it dies with us.
            SaveConfig(spec);
            SaveRunning();
        }
        if (_plan.WaitsAt >= 0)
        {
            Timed(HostMoment.Network, begin);
            channel.Release();
        }
        if (!_wishes.Monitor)
        {
            SaveConfig(spec);
            SaveRunning();
        }
        if (consoleParent is not null)
        {
            Console = ReceiveTerminal(consoleParent);
            consoleParent.Dispose();
        }
        _wishes.Meanwhile?.Invoke();
        if (channel.AwaitReport() is { } failure)
        {
            throw Failure(failure, spec, candidates);
        }
        foreach (HostAction action in _network?.LateActions ?? [])
        {
            TryRun(action);
        }
        _running = Clock();
    }

    private void HostSide(int pid)
    {
        foreach (HostAction action in _network?.HostActions(pid) ?? [])
        {
            Run(action);
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
            Layers = Layers(),
            Volatile = _container.Record.AutoRemove,
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
    private IReadOnlyList<string> Layers()
    {
        IReadOnlyList<string> own = _container.ShortLayers.Count > 0 ? _container.ShortLayers : _container.Layers;
        return _container.Options.Rootfs is not null || own.Count == 0 ? [] : [EnginePaths.SkeletonName, .. own];
    }

    private CgroupPlan PlanCgroup(CgroupLayout layout, RuntimeSpec spec)
    {
        string path = spec.Linux.CgroupsPath ?? "/skiff/" + _container.Record.Id;
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

    private static bool HasInit(RuntimeSpec spec)
    {
        foreach (NameValue annotation in spec.Annotations)
        {
            if (annotation is { Name: SpecAnnotations.Init, Value: "true" })
            {
                return true;
            }
        }
        return false;
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
            Monitor = _wishes.Monitor ? ProcessIdentity.Of(Environment.ProcessId) ?? ProcessIdentity.None : ProcessIdentity.None,
            StartedAt = TimeProvider.System.GetUtcNow(),
            Cgroup = _cgroupPath,
            RestartCount = _wishes.RestartCount,
            Health = _container.Record.HealthCheck is null ? null : HealthState.Starting with { Log = _wishes.HealthLog },
            Endpoints = _network is null ? [] : [_network.Endpoint],
            Ports = _network?.Ports ?? [],
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

    private SkiffException Failure(ChildFailure failure, RuntimeSpec spec, string[] candidates)
    {
        if (failure.Index < 0)
        {
            SkiffException explained = ExecDiagnosis.Explain(ExecProcess(), spec.Process!.Args[0], candidates, failure.Errno);
            _process!.Channel.Release();
            return explained;
        }
        return new SkiffException(StartDiagnosis.Explain("starting the container", _plan!, failure, spec), 125);
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
