using System.Diagnostics;
using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Names;
using Skiff.Engine.Network;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Terminal;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>The life of a container in the background: start, copy its output to the log, wait, record, start again by policy.</summary>
public sealed partial class ContainerMonitor
{
    /// <summary>How long the end waits for an attached command that reads nothing, in milliseconds.</summary>
    private const int FinalPatience = 2000;

    private readonly SkiffEngine _engine;
    private readonly (ulong Soft, ulong Hard)? _noFile;
    private readonly RestartDecision _restarts = new();
    private ContainerRecord _record;
    private SafeFd? _status;
    private IReadOnlyList<HealthResult> _healthLog = [];
    private ContainerState _before = new();
    private MonitorTask _task;
    private bool _goesDown;
    private bool _restartAtOnce;
    private SafeFd? _gate;
    private SafeFd? _client;
    private NetworkHandover? _lease;
    private WindowSize? _size;
    private readonly Inheritance? _inherited;

    /// <summary>A monitor for one container.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="record">The container.</param>
    /// <param name="status">The pipe on which whoever waits is told that the container runs, or why not.</param>
    /// <param name="order">What comes with the container.</param>
    /// <param name="noFile">RLIMIT_NOFILE of the command that asked for the container.</param>
    /// <param name="inherited">The streams of a container that the command launches; null for none.</param>
    public ContainerMonitor(
        SkiffEngine engine,
        ContainerRecord record,
        SafeFd status,
        MonitorOrder order,
        (ulong Soft, ulong Hard)? noFile,
        Inheritance? inherited = null
    )
    {
        _inherited = inherited;
        _engine = engine;
        _record = record;
        _status = status;
        _gate = order.Gate;
        _client = order.Client;
        _lease = order.Lease;
        _task = order.Task;
        _noFile = noFile;
    }

    /// <summary>Returns when the container has ended for good.</summary>
    public int Run()
    {
        using SignalPipe signals = MonitorSignals.Open();
        while (true)
        {
            using AttachServer attached = new(_engine.Paths, _record.Id);
            if (_client is not null)
            {
                attached.Adopt(_client);
                _client = null;
            }
            long began = Stopwatch.GetTimestamp();
            MonitorTask task = _task;
            _task = MonitorTask.Launch;
            ContainerState? end = task switch
            {
                MonitorTask.Adopt => Adopted(signals, attached),
                MonitorTask.Watch => Watched(signals, attached),
                _ => One(signals, attached),
            };
            if (end is null)
            {
                return 1;
            }
            TimeSpan lived = task == MonitorTask.Launch ? Stopwatch.GetElapsedTime(began) : Life(end);
            TimeSpan? next = Settle(end, lived);
            // Whoever is attached is told when it is true for everybody else, and waited for while it reads.
            attached.Finish(end.ExitCode, end.OomKilled ? end.Reason : "", FinalPatience);
            if (next is not { } pause)
            {
                return 0;
            }
            if (!Sleep(signals, pause))
            {
                Down(end);
                return 0;
            }
        }
    }

    /// <summary>One run; null when the first start failed and was reported, or when it is not to be started again after all.</summary>
    private ContainerState? One(SignalPipe signals, AttachServer attached)
    {
        using FileLock? again = _status is null ? _engine.Containers.Lock(_record.Id) : null;
        if (_status is null && (again is null || !MayGoOn()))
        {
            return null;
        }
        _before = _engine.Containers.LoadState(_record.Id);
        using MonitorStreams streams = MonitorStreams.Open(_record.Tty, _record.OpenStdin);
        ContainerLaunch launch;
        PreparedContainer container;
        LogSink log = LogSink.None;
        try
        {
            log = LogSink.Open(_engine.Paths, _record);
            _size = attached.Size ?? _size;
            LaunchWishes wishes = new()
            {
                Terminal = _record.Tty,
                Standard = streams.Container,
                Monitor = Environment.ProcessId,
                RestartCount = _restarts.Count,
                HealthLog = _healthLog,
                CallerNoFile = _noFile,
                Lease = _lease,
            };
            using Newborn? newborn = Newborn.TryBear(_record.Id, ContainerPreparation.OptionsOf(_record), wishes);
            container = ContainerPreparation.Reload(_engine, _record, _size);
            launch = ContainerLaunch.Begin(_engine, container, wishes, newborn);
            try
            {
                ContainerPreparation.MakeReady(_engine, container);
                launch.Start(container);
            }
            catch
            {
                launch.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is SkiffException or LinuxException)
        {
            log.Dispose();
            if (_lease is not null)
            {
                NetworkLaunch.GiveBack(_engine, _record, _before); // unless the launch has done it
            }
            return Failed(e);
        }
        _lease = null;
        using (log)
        using (launch)
        {
            Report("+" + string.Join('\n', launch.Warnings));
            again?.Dispose();
            streams.Started();
            Serve(launch.Running, container.Options, streams, log, signals, attached, launch.TakeNames());
            log.End();
            _size = attached.Size ?? _size;
            return launch.Finish();
        }
    }

    /// <summary>The first life of a container that the command has launched.</summary>
    private ContainerState? Watched(SignalPipe signals, AttachServer attached)
    {
        Inheritance inherited = _inherited!.Value;
        if (_engine.Containers.TryLoadState(_record.Id) is not { } state)
        {
            _engine.Reconciler.Unrecorded(_record.Id); // its store was deleted a moment ago
            return null;
        }
        _before = state with { StartedAt = null };
        using MonitorStreams streams = MonitorStreams.Inherit(inherited.Output, inherited.Error, inherited.Input);
        using SafeFd? socket = inherited.Console == 0 ? null : new SafeFd(inherited.Console);
        using SafeFd? console = socket is null ? null : ContainerLaunch.ReceiveTerminal(socket);
        // It is our child: its number is nobody else's before we have waited for it.
        using Pidfd process = Pidfd.TryOpen(state.Process.Pid) ?? throw new LinuxException("pidfd_open", "first process", Errno.ESRCH);
        NameSockets? names = _lease?.Names;
        LogSink log = LogSink.None;
        ContainerNetworks? networks = null;
        Exception? failure = null;
        try
        {
            log = LogSink.Open(_engine.Paths, _record);
            // Meanwhile the network may have been removed, or its bridge taken down.
            networks = _lease is { } lease
                ? NetworkLaunch.Adopt(_engine, _record.Id, ContainerPreparation.OptionsOf(_record), lease)
                : null;
        }
        catch (Exception e) when (e is SkiffException or LinuxException)
        {
            failure = e;
        }
        _lease = null;
        RunningContainer running = new(_engine, _record, state, process, ContainerCgroup.Of(_record, state), networks, monitored: true)
        {
            Console = console,
        };
        if (failure is not null)
        {
            log.Dispose();
            _ = process.Signal(Signals.SIGKILL);
            running.Finish();
            NetworkLaunch.GiveBack(_engine, _record, state);
            return Failed(failure);
        }
        using (log)
        {
            Report("+");
            Serve(running, ContainerPreparation.OptionsOf(_record), streams, log, signals, attached, names);
            log.End();
            _size = attached.Size ?? _size;
            return running.Finish();
        }
    }

    private void Serve(
        RunningContainer running,
        RunOptions options,
        MonitorStreams streams,
        LogSink log,
        SignalPipe signals,
        AttachServer attached,
        NameSockets? names
    )
    {
        MonitorLoop loop = new();
        using NameService named = new(_engine, _record.Id, options, loop);
        if (names is not null)
        {
            named.Serve(names, running.State.Process.Pid);
        }
        SignalSource asked = new(signals, running.Process, SignalOfStop()) { Named = named.Reopen };
        loop.Add(asked);
        OutputSource[] outputs = (running.Console ?? streams.Output, streams.Error) switch
        {
            ({ } output, { } error) =>
            [
                new OutputSource(output, isError: false, log, attached),
                new OutputSource(error, isError: true, log, attached),
            ],
            ({ } output, null) => [new OutputSource(output, isError: false, log, attached)],
            _ => [],
        };
        ContainerInput? input = null;
        if ((options.Interactive ? running.Console ?? streams.Input : null) is { } stream)
        {
            input = new ContainerInput(stream, attached, once: !options.Detach && !options.Tty);
            loop.Add(input);
        }
        attached.Serve(loop, running.Console, input, outputs);
        foreach (OutputSource output in outputs)
        {
            loop.Add(output);
        }
        if (options.Timeout > 0)
        {
            loop.Add(new TimeoutSource(running.Process, options.Timeout));
        }
        using LifeSources life = LifeSources.Add(loop, _engine, running, _record, options, _noFile);
        loop.Add(new ProcessSource(running.Process));
        loop.Run();
        _goesDown |= asked.AskedToEnd;
        _restartAtOnce = life.WantsRestart;
    }

    private int SignalOfStop() => Signals.TryParse(_record.StopSignal, out int signal) ? signal : Signals.SIGTERM;

    /// <summary>Between two lives somebody may have stopped it, or begun to remove it.</summary>
    private bool MayGoOn()
    {
        ContainerState recorded = _engine.Containers.LoadState(_record.Id);
        if (recorded is { Status: ContainerStatus.Restarting, StoppedByUser: true })
        {
            _engine.Containers.SaveState(_record.Id, recorded with { Status = ContainerStatus.Exited, Monitor = ProcessIdentity.None });
        }
        return recorded is { Status: ContainerStatus.Restarting, StoppedByUser: false };
    }

    private ContainerState? Failed(Exception e)
    {
        ContainerState failed = FailedStart.State(_before, e, _restarts.Count);
        if (_status is null)
        {
            return failed;
        }
        FailedStart.Record(_engine, _record, _before, e);
        Report($"-{failed.ExitCode} {e.Message}");
        return null;
    }

    private void Report(string text)
    {
        if (_status is not null)
        {
            _ = Files.TryWriteAll(_status.Value, Encoding.UTF8.GetBytes(text));
            _status.Dispose();
            _status = null;
            _gate?.Dispose();
            _gate = null;
        }
    }

    /// <summary>Writes the end down. The pause before the next start; null when there is none.</summary>
    private TimeSpan? Settle(ContainerState end, TimeSpan lived)
    {
        using FileLock? gate = _engine.Containers.Lock(_record.Id);
        if (gate is null)
        {
            return null;
        }
        ContainerState recorded = _engine.Containers.LoadState(_record.Id);
        if (recorded.Status == ContainerStatus.Removing)
        {
            ExitNotes.Write(_engine.Paths, _record.Id, end.ExitCode);
            return null; // whoever removes it waits for our end and does the rest
        }
        _record = _engine.Containers.TryLoad(_record.Id) ?? _record;
        _healthLog = recorded.Health?.Log ?? [];
        TimeSpan? pause =
            _goesDown ? null
            : _restartAtOnce ? _restarts.AtOnce()
            : _restarts.Next(_record.RestartPolicy, end.ExitCode, lived, recorded.StoppedByUser);
        if (pause is null && _record.AutoRemove)
        {
            ExitNotes.Write(_engine.Paths, _record.Id, end.ExitCode);
            ContainerRemoval.RemoveEnded(_engine, _record);
            return null;
        }
        _engine.Containers.SaveState(
            _record.Id,
            end.EndOf(recorded) with
            {
                Status = pause is null ? ContainerStatus.Exited : ContainerStatus.Restarting,
                Monitor = pause is null ? ProcessIdentity.None : ProcessIdentity.Of(Environment.ProcessId) ?? ProcessIdentity.None,
                RestartCount = _restarts.Count,
            }
        );
        return pause;
    }

    private void Down(ContainerState end)
    {
        using FileLock? gate = _engine.Containers.Lock(_record.Id);
        if (gate is not null && _engine.Containers.LoadState(_record.Id) is { Status: not ContainerStatus.Removing } recorded)
        {
            _engine.Containers.SaveState(
                _record.Id,
                end.EndOf(recorded) with
                {
                    Status = ContainerStatus.Exited,
                    RestartCount = recorded.RestartCount,
                    Monitor = ProcessIdentity.None,
                }
            );
        }
    }

    /// <summary>False when a signal ended the wait: <c>stop</c> of a container between two lives.</summary>
    private static bool Sleep(SignalPipe signals, TimeSpan pause) =>
        Poll.Wait(signals.Fd.Value, Poll.POLLIN, (int)pause.TotalMilliseconds) == 0;
}
