using System.Globalization;
using System.Text;
using Skiff.Engine.Launch;
using Skiff.Engine.Network;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Monitoring;

/// <summary>
/// A monitor whose container is not there yet. Where the command launches the container, the process that will be the monitor has only borne the container's first process, whose parent it must be, and
/// waits: to come to life takes its runtime two milliseconds of a processor, which the launch needs itself. Where the monitor launches, it comes to life while the command makes the container.
/// Without an order it ends with this object.
/// </summary>
public sealed class WaitingMonitor : IDisposable
{
    private readonly SafeFd _socket;
    private readonly ChildProgram _program = new();
    private SpawnedProcess? _process;
    private Newborn? _newborn;
    private LaunchWishes? _wishes;
    private MonitorSleep? _sleep;
    private bool _waits;
    private bool _left;

    private WaitingMonitor(SafeFd socket) => _socket = socket;

    /// <summary>A container of which this command launches the first process, the monitor's child; null where the monitor does it.</summary>
    internal ContainerLaunch? Launch { get; private set; }

    /// <summary>Starts the process.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="id">The container that it is to watch.</param>
    /// <param name="options">What is asked of a container that is not there yet, to which a session leads: its first process is made at once. Null for one that is there.</param>
    /// <param name="session">That session's lock, which those two processes hold as well.</param>
    /// <exception cref="SkiffException">The container's first process could not be made; nothing is left. Exit code 125.</exception>
    public static WaitingMonitor Start(SkiffEngine engine, string id, RunOptions? options = null, FileLock? session = null)
    {
        (SafeFd ours, SafeFd its) = PacketSocket.Pair();
        WaitingMonitor monitor = new(ours);
        try
        {
            using (its)
            {
                monitor.Start(engine, id, options, session, its.Value);
            }
            return monitor;
        }
        catch
        {
            monitor.Dispose();
            throw;
        }
    }

    private void Start(SkiffEngine engine, string id, RunOptions? options, FileLock? session, int socket)
    {
        using SafeFd nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
        using MonitorStreams? streams = options is null ? null : MonitorStreams.Open(options.Tty, options.Interactive);
        ReportChannel channel = new();
        Grandchild? child = null;
        Inheritance? inherited = null;
        if (streams is not null)
        {
            _wishes = new LaunchWishes { Terminal = options!.Tty, Standard = streams.Container };
            _newborn = Newborn.TryConceive(id, options, _wishes, session, channel.Parent.Value);
            if (_newborn is not null)
            {
                inherited = new Inheritance(
                    streams.Output?.Value ?? 0,
                    streams.Error?.Value ?? 0,
                    streams.Input?.Value ?? 0,
                    _newborn.Console.Parent?.Value ?? 0
                );
                _sleep = options.Tty ? null : new MonitorSleep(inherited.Value.Output, inherited.Value.Error, nothing.Value);
                child = _newborn.Embed(
                    _program,
                    [
                        socket,
                        nothing.Value,
                        channel.Parent.Value,
                        channel.ChildValue,
                        session?.Fd.Value ?? -1,
                        streams.Container.In,
                        streams.Container.Out,
                        streams.Container.Error,
                        inherited.Value.Input,
                        inherited.Value.Output,
                        inherited.Value.Error,
                        .. _sleep?.Descriptors ?? [],
                    ]
                );
            }
        }
        _waits = child is not null;
        Write(engine, id, inherited, socket, nothing.Value, channel, child);
        _process = Spawn.Start(_program, channel, CloneFlags.CLONE_VM);
        if (child is not null)
        {
            _wishes = _wishes! with { Monitor = _process.Pid };
            _newborn!.Born(child, _process);
        }
    }

    /// <summary>The container's spec is made, but it is not recorded yet: its first process is told what it can do itself.</summary>
    public void Begin(SkiffEngine engine, PreparedContainer planned)
    {
        if (_newborn is null)
        {
            return;
        }
        if (ContainerLaunch.CanBecome(engine, planned, _newborn.Namespaces))
        {
            Launch = ContainerLaunch.Begin(engine, planned, _wishes!, _newborn);
        }
        else
        {
            _newborn.Dispose();
        }
    }

    /// <summary>Leaves it a container that this command has launched. Nothing waits for it: until it has come to life the pipes keep what the container writes, and if it never does, the next command that sees the
    /// container gives it another monitor.</summary>
    /// <param name="container">The container.</param>
    /// <param name="gate">Its lock, which the monitor shares until it watches, unless it sleeps first.</param>
    /// <param name="client">The monitor's end of a socket of a command that stays attached; null for none.</param>
    internal void Leave(PreparedContainer container, FileLock gate, SafeFd? client)
    {
        ContainerLaunch launch = Launch!;
        launch.Leave();
        NetworkHandover? lease = launch.Lease;
        bool sleeps = _sleep is not null && MonitorSleep.Suits(container, client, lease);
        if (new MonitorOrder(sleeps ? null : gate.Fd, client, lease, MonitorTask.Watch).TrySend(_socket) && sleeps)
        {
            _sleep!.Permit();
        }
        ComeToLife();
        _left = true;
    }

    private void ComeToLife()
    {
        if (_waits)
        {
            _waits = false;
            _process!.Channel.Release();
        }
    }

    /// <summary>Tells it that the container is there, and waits until it runs and is watched.</summary>
    /// <param name="gate">The container's lock, which the monitor shares: it is held until the state says what runs, whichever of the two processes is killed.</param>
    /// <param name="client">The monitor's end of a socket of a command that stays attached; null for none.</param>
    /// <param name="lease">The address and ports that the container has already; null for none.</param>
    /// <param name="task">What it is for.</param>
    /// <returns>What the monitor says: see <see cref="MonitorStart"/>; empty when it died.</returns>
    /// <exception cref="SkiffException">The monitor never ran.</exception>
    internal string Order(FileLock gate, SafeFd? client, NetworkHandover? lease, MonitorTask task)
    {
        ComeToLife();
        if (_process!.Channel.AwaitReport() is { } failure)
        {
            throw new SkiffException(
                $"the monitor of the container could not be started: {_program.Describe(failure.Index)}: {Errno.Describe(failure.Errno)}",
                125
            );
        }
        if (!new MonitorOrder(gate.Fd, client, lease, task).TrySend(_socket))
        {
            return "";
        }
        byte[] answer = GC.AllocateUninitializedArray<byte>(16 << 10);
        int length = DescriptorMessage.Receive(_socket, answer, out _);
        return Encoding.UTF8.GetString(answer, 0, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Launch?.Dispose();
        _newborn?.Dispose();
        _socket.Dispose();
        _sleep?.Dispose();
        if (_left)
        {
            return; // it works in the program's memory until it has executed the monitor, which is more than this process's life
        }
        if (_waits && _process is not null)
        {
            _ = _process.Pidfd.Signal(Signals.SIGKILL);
            _ = _process.Pidfd.Wait();
        }
        _ = _process?.Channel.AwaitReport();
        _process?.Dispose();
        _program.Dispose();
    }

    private void Write(
        SkiffEngine engine,
        string id,
        Inheritance? inherited,
        int socket,
        int nothing,
        ReportChannel channel,
        Grandchild? child
    )
    {
        ChildProgram program = _program;
        const int CLOSE_RANGE_CLOEXEC = 4;
        const int F_SETFD = 2;
        const int SIG_SETMASK = 2;
        program.Call(SyscallNumber.setsid);
        program.Call(SyscallNumber.chdir, program.Text("/"));
        for (int fd = 0; fd <= 2; fd++)
        {
            program.Call(SyscallNumber.dup3, nothing, fd, 0);
        }
        program.Call(SyscallNumber.close_range, 3, -1 & 0x7FFFFFFF, CLOSE_RANGE_CLOEXEC);
        foreach (int kept in (IEnumerable<int>)[socket, .. inherited?.Descriptors() ?? []])
        {
            program.Call(SyscallNumber.fcntl, kept, F_SETFD, 0);
        }
        program.Call(SyscallNumber.rt_sigprocmask, SIG_SETMASK, program.Bytes(BitConverter.GetBytes(MonitorSignals.Mask)), 0, 8);
        (ulong soft, ulong hard) = CallerLimits.OpenFiles() ?? (0, 0);
        string[] arguments =
        [
            "skiff",
            "--root",
            engine.Paths.Root,
            "--runroot",
            engine.Paths.Runroot,
            "monitor",
            id,
            socket.ToString(CultureInfo.InvariantCulture),
            $"{soft}:{hard}",
            .. inherited is null ? (string[])[] : [inherited.Value.ToText()],
        ];
        // The monitor collects garbage rarely and keeps what it has small.
        string[] environment =
        [
            $"SKIFF_BRIDGE={engine.Bridge}",
            $"PATH={Environment.GetEnvironmentVariable("PATH")}",
            "DOTNET_GCgen0size=200000",
            "DOTNET_GCConserveMemory=5",
            // Its second thread, the runtime's, needs no heap of its own: 128 MiB would be mapped, cut to size and touched.
            "MALLOC_ARENA_MAX=1",
            .. RootlessUser.Inherited,
        ];
        nint argv = program.TextArray(arguments);
        nint envp = program.TextArray(environment);
        if (child is not null)
        {
            // A command that is killed ends the wait as well: the monitor finds out what there is.
            program.Call(SyscallNumber.close, channel.Parent.Value);
            program.Call(SyscallNumber.read, channel.ChildValue, program.Memory(8), 1);
            _sleep?.Write(program, child.Pid, argv, envp);
        }
        program.Call(SyscallNumber.execve, program.Text("/proc/self/exe"), argv, envp);
    }
}
