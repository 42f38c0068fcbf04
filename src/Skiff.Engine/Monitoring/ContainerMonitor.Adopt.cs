using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Engine.Health;
using Skiff.Engine.Launch;
using Skiff.Engine.Names;
using Skiff.Engine.Network;
using Skiff.Engine.Spec;
using Skiff.Engine.Volumes;
using Skiff.Linux;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Terminal;

namespace Skiff.Engine.Monitoring;

/// <content>A container that runs and whose monitor was killed: everything goes on that a process can do which is not its parent.</content>
public sealed partial class ContainerMonitor
{
    /// <summary>How long the host's init may take to reap the container before its exit code counts as unknown, in milliseconds.</summary>
    private const int PatienceWithInit = 3000;

    private static TimeSpan Life(ContainerState end) => (end.FinishedAt - end.StartedAt) ?? TimeSpan.Zero;

    /// <summary>The rest of a life that another monitor began; null when it ended before we came.</summary>
    private ContainerState? Adopted(SignalPipe signals, AttachServer attached)
    {
        ContainerState state = _engine.Containers.LoadState(_record.Id);
        using Pidfd? process = state.IsUp ? Pidfd.TryOpen(state.Process.Pid) : null;
        if (process is null || !_engine.Reconciler.Liveness.IsAlive(state.Process))
        {
            Report("-1 it has ended");
            return null;
        }
        RunOptions options = ContainerPreparation.OptionsOf(_record);
        _restarts.GoOn(state.RestartCount);
        using LogSink log = LogSink.Open(_engine.Paths, _record);
        using SafeFd? output = Orphaned(state.Process.Pid, 1);
        using SafeFd? error = Orphaned(state.Process.Pid, 2);
        _engine.Containers.SaveState(
            _record.Id,
            state with
            {
                Monitor = ProcessIdentity.Of(Environment.ProcessId) ?? ProcessIdentity.None,
            }
        );
        MonitorLoop loop = new();
        using NameService named = new(_engine, _record.Id, options, loop);
        named.Reopen();
        Report("+");
        SignalSource asked = new(signals, process, SignalOfStop()) { Named = named.Reopen };
        loop.Add(asked);
        List<OutputSource> outputs = [];
        if (output is not null)
        {
            outputs.Add(new OutputSource(output, isError: false, log, attached));
        }
        if (error is not null)
        {
            outputs.Add(new OutputSource(error, isError: true, log, attached));
        }
        attached.Serve(loop, null, null, [.. outputs]);
        foreach (OutputSource source in outputs)
        {
            loop.Add(source);
        }
        if (options.Timeout > 0)
        {
            TimeSpan past = TimeProvider.System.GetUtcNow() - (state.StartedAt ?? TimeProvider.System.GetUtcNow());
            loop.Add(new TimeoutSource(process, Math.Max(0, options.Timeout - (long)past.TotalSeconds)));
        }
        HealthActor? health = LifeSources.AddHealth(loop, _engine, process, state.Health, _record, options, _noFile);
        loop.Add(new ProcessSource(process));
        loop.Run();
        _goesDown |= asked.AskedToEnd;
        _restartAtOnce = health?.WantsRestart ?? false;
        log.End();
        return Ended(state, process);
    }

    /// <summary>
    /// The other end of a pipe that nobody reads: opened through the descriptor of the process that writes to it, proc_pid_fd(5). A pipe that has a reader is not the one that was ours,
    /// but one of the container's own (<c>exec &gt; &gt;(tee …)</c>); poll(2) tells it: POLLERR is a pipe without readers.
    /// </summary>
    private static SafeFd? Orphaned(int pid, int descriptor)
    {
        const int O_NONBLOCK = 0x800;
        string path = $"/proc/{pid}/fd/{descriptor}";
        using SafeFd? writer = IsPipe(path) ? Files.TryOpen(path, OpenFlags.O_WRONLY | O_NONBLOCK, out _) : null;
        bool orphaned = writer is not null && (Poll.Wait(writer.Value, 0, 0) & Poll.POLLERR) != 0;
        return orphaned ? Files.TryOpen(path, OpenFlags.O_RDONLY | O_NONBLOCK, out _) : null;
    }

    /// <summary>Asked of the link: to open a device, or a fifo of the container, may do something.</summary>
    private static bool IsPipe(string path) => Files.TryReadLink(path, out _)?.StartsWith("pipe:[", StringComparison.Ordinal) == true;

    private ContainerState Ended(ContainerState state, Pidfd process)
    {
        ExitStatus? status = state.Process.StatusOfZombie() ?? process.StatusOfOther(PatienceWithInit);
        int code = status?.ShellCode ?? 255;
        Cgroup cgroup = ContainerCgroup.Of(_record, state);
        bool oom = cgroup.ReadOom().Kills > 0 && (status is null or { Signal: Signals.SIGKILL } or { Code: 128 + Signals.SIGKILL });
        cgroup.Kill();
        cgroup.Remove();
        NetworkLaunch.GiveBack(_engine, _record, state);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        long seconds = (long)Math.Max(0, (now - (state.StartedAt ?? now)).TotalSeconds);
        _engine.Events.Container(
            _record,
            "die",
            ("execDuration", seconds.ToString(CultureInfo.InvariantCulture)),
            ("exitCode", code.ToString(CultureInfo.InvariantCulture))
        );
        VolumeEvents.Unmounted(_engine.Events, _record);
        return state with
        {
            Status = ContainerStatus.Exited,
            Process = ProcessIdentity.None,
            ExitCode = code,
            Signal = status?.Signal ?? 0,
            OomKilled = oom,
            Reason =
                oom ? "out of memory: the kernel killed it; raise --memory"
                : status is null ? "the process that watched it first was killed, so its exit code is unknown (kernel 6.15 tells it)"
                : status is { Signal: > 0 and int signal } ? $"killed by signal {signal} ({Signals.Name(signal)})"
                : "",
            FinishedAt = now,
            Endpoints = [],
            Ports = [],
        };
    }
}
