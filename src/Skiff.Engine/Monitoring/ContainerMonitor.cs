using System.Diagnostics;
using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
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
    private bool _adopts;
    private bool _goesDown;
    private bool _restartAtOnce;
    private SafeFd? _gate;
    private SafeFd? _client;
    private (SafeFd Held, SafeFd Firewall)? _lease;
    private WindowSize? _size;

    /// <summary>A monitor for one container.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="record">The container.</param>
    /// <param name="status">The pipe on which whoever waits is told that the container runs, or why not.</param>
    /// <param name="order">What comes with the container.</param>
    /// <param name="noFile">RLIMIT_NOFILE of the command that asked for the container.</param>
    public ContainerMonitor(SkiffEngine engine, ContainerRecord record, SafeFd status, MonitorOrder order, (ulong Soft, ulong Hard)? noFile)
    {
        _engine = engine;
        _record = record;
        _status = status;
        _gate = order.Gate;
        _client = order.Client;
        _lease = order.Lease;
        _adopts = order.Adopts;
        _noFile = noFile;
    }

    /// <summary>Returns when the container has ended for good.</summary>
    public int Run()
    {
        using SignalPipe signals = SignalPipe.Open(Signals.SIGTERM, Signals.SIGINT, Signals.SIGHUP);
        while (true)
        {
            using AttachServer attached = new(_engine.Paths, _record.Id);
            if (_client is not null)
            {
                attached.Adopt(_client);
                _client = null;
            }
            long began = Stopwatch.GetTimestamp();
            ContainerState? end = _adopts ? Adopted(signals, attached) : One(signals, attached);
            if (end is null)
            {
                return 1;
            }
            TimeSpan lived = _adopts ? Life(end) : Stopwatch.GetElapsedTime(began);
            _adopts = false;
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
        using MonitorStreams streams = MonitorStreams.Open(_record);
        ContainerLaunch launch;
        PreparedContainer container;
        LogSink log = LogSink.None;
        try
        {
            log = LogSink.Open(_engine.Paths, _record);
            _size = attached.Size ?? _size;
            container = ContainerPreparation.Reload(_engine, _record, _size);
            launch = ContainerLaunch.Begin(
                _engine,
                container,
                new LaunchWishes
                {
                    Terminal = container.Options.Tty,
                    Standard = streams.Container,
                    Monitor = true,
                    RestartCount = _restarts.Count,
                    HealthLog = _healthLog,
                    CallerNoFile = _noFile,
                    Lease = _lease,
                }
            );
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
            Serve(launch, container.Options, streams, log, signals, attached);
            log.End();
            _size = attached.Size ?? _size;
            return launch.Finish();
        }
    }

    private void Serve(
        ContainerLaunch launch,
        RunOptions options,
        MonitorStreams streams,
        LogSink log,
        SignalPipe signals,
        AttachServer attached
    )
    {
        MonitorLoop loop = new();
        SignalSource asked = new(signals, launch.Process.Pidfd, SignalOfStop());
        loop.Add(asked);
        OutputSource[] outputs = (launch.Console ?? streams.Output, streams.Error) switch
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
        if ((options.Interactive ? launch.Console ?? streams.Input : null) is { } stream)
        {
            input = new ContainerInput(stream, attached, once: !options.Detach && !options.Tty);
            loop.Add(input);
        }
        attached.Serve(loop, launch.Console, input, outputs);
        foreach (OutputSource output in outputs)
        {
            loop.Add(output);
        }
        if (options.Timeout > 0)
        {
            loop.Add(new TimeoutSource(launch.Process.Pidfd, options.Timeout));
        }
        using LifeSources life = LifeSources.Add(loop, _engine, launch, _record, options, _noFile);
        loop.Add(new ProcessSource(launch.Process.Pidfd));
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
        // What never ran stays created, as docker shows it; what ran once has ended again.
        bool ran = _before.StartedAt is not null;
        ContainerState failed = _before with
        {
            Status = ran ? ContainerStatus.Exited : ContainerStatus.Created,
            Process = ProcessIdentity.None,
            Monitor = ProcessIdentity.None,
            ExitCode = e is SkiffException skiff ? skiff.ExitCode : 125,
            Signal = 0,
            OomKilled = false,
            Error = e.Message,
            Reason = e.Message,
            FinishedAt = ran ? TimeProvider.System.GetUtcNow() : null,
            RestartCount = _restarts.Count,
        };
        if (_status is null)
        {
            return failed;
        }
        if (_record.AutoRemove)
        {
            ContainerRemoval.RemoveEnded(_engine, _record);
        }
        else
        {
            _engine.Containers.SaveState(_record.Id, failed);
        }
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
