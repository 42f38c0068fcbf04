using System.Diagnostics;
using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>Ends a container: the signal, the wait, the kill. Who sent what is recorded first, so that the end can be explained.</summary>
public static class ContainerStop
{
    private const int AfterKillMilliseconds = 10_000;

    /// <summary>Stops it and keeps it down; one that does not run is left as it is.</summary>
    /// <exception cref="SkiffException">It does not end although it was killed.</exception>
    public static void Run(SkiffEngine engine, ContainerRecord record, ContainerState state, StopWishes wishes)
    {
        if (!state.IsUp && state.Status != ContainerStatus.Restarting)
        {
            return;
        }
        // Between our look at it and this its restart policy may have started it, or it may have ended.
        state =
            Record(engine, record.Id, static s => s with { StoppedByUser = true })
            ?? new ContainerState { Status = ContainerStatus.Exited };
        if (state.Status == ContainerStatus.Restarting)
        {
            BetweenTwoLives(engine, record, state);
        }
        if (!state.IsUp)
        {
            return;
        }
        int signal = wishes.Signal ?? SignalOf(record);
        long timeout = wishes.TimeoutSeconds ?? record.StopTimeout;
        int milliseconds = timeout < 0 ? -1 : (int)Math.Min(timeout * 1000, int.MaxValue);
        if (signal != Signals.SIGKILL && milliseconds >= 0 && !SignalHandling.Handles(state, signal, milliseconds))
        {
            wishes.Notice?.Invoke(
                $"{record.Name}: its process 1 has no handler for {Signals.Name(signal)}, so the kernel would drop the signal (pid_namespaces(7)): it is killed at once; --init forwards signals"
            );
            Signal(
                engine,
                record,
                state,
                Signals.SIGKILL,
                $"{wishes.By}, as its process 1 has no handler for {Signals.Name(signal)}",
                stops: true
            );
        }
        else
        {
            Signal(engine, record, state, signal, wishes.By, stops: true);
            if (!AwaitEnd(engine, record, state, milliseconds))
            {
                Signal(engine, record, state, Signals.SIGKILL, $"{wishes.By}, {timeout} s after {Signals.Name(signal)}", stops: true);
            }
        }
        if (!AwaitEnd(engine, record, state, AfterKillMilliseconds))
        {
            throw new SkiffException(
                $"the container {record.Name} does not end after SIGKILL: a process hangs in the kernel, see /proc/{state.Process.Pid}/stack"
            );
        }
        engine.Events.Container(record, "stop");
    }

    /// <summary>Sends a signal to the first process, pinned against reuse of its number.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="record">The container.</param>
    /// <param name="state">Its state; nothing happens if that process has ended.</param>
    /// <param name="signal">The number.</param>
    /// <param name="by">Who sends it.</param>
    /// <param name="stops">True where the container is to stay down, whatever its restart policy.</param>
    public static void Signal(SkiffEngine engine, ContainerRecord record, ContainerState state, int signal, string by, bool stops)
    {
        using Pidfd? process = Pidfd.TryOpen(state.Process.Pid);
        if (process is null || !engine.Reconciler.Liveness.IsAlive(state.Process))
        {
            return;
        }
        _ = Record(engine, record.Id, s => s with { StoppedByUser = s.StoppedByUser || stops, Signalled = signal, SignalledBy = by });
        // The event first: what the signal leads to follows it in the journal.
        engine.Events.Container(record, "kill", ("signal", signal.ToString(CultureInfo.InvariantCulture)));
        if (stops)
        {
            Monitoring.MonitorSleep.End(engine, state); // it comes to life while the container ends
        }
        int errno = process.Signal(signal);
        if (errno is not (0 or Errno.ESRCH))
        {
            throw new SkiffException($"sending {Signals.Name(signal)} to the container {record.Name} failed: {Errno.Describe(errno)}");
        }
        if (stops)
        {
            Wake(engine, record, state, process);
        }
    }

    /// <summary>Waits until the container has ended and its monitor, or the command in whose foreground it runs, has written that down.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="record">The container.</param>
    /// <param name="state">Its state when it ran.</param>
    /// <param name="milliseconds">For its end; −1 for ever.</param>
    /// <returns>False when the time ran out.</returns>
    public static bool AwaitEnd(SkiffEngine engine, ContainerRecord record, ContainerState state, int milliseconds)
    {
        using (Pidfd? process = Pidfd.TryOpen(state.Process.Pid))
        {
            if (process is not null && engine.Reconciler.Liveness.IsAlive(state.Process) && !process.WaitReadable(milliseconds))
            {
                return false;
            }
        }
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began).TotalMilliseconds < 5000)
        {
            if (
                engine.Containers.TryLoad(record.Id) is null
                || !(engine.Containers.LoadState(record.Id) is { IsUp: true } now && now.Process == state.Process)
            )
            {
                return true;
            }
            if (!engine.Reconciler.Liveness.IsAlive(state.Monitor) && !record.Foreground)
            {
                engine.Reconciler.Check(record);
                return true;
            }
            Thread.Sleep(2);
        }
        return true;
    }

    /// <summary>The stop signal of a container.</summary>
    public static int SignalOf(ContainerRecord record) => Signals.TryParse(record.StopSignal, out int signal) ? signal : Signals.SIGTERM;

    /// <summary>A frozen or stopped process takes a signal when it goes on, so it goes on: docker thaws, systemd.kill(5) sends SIGCONT.</summary>
    private static void Wake(SkiffEngine engine, ContainerRecord record, ContainerState state, Pidfd process)
    {
        if (state.Status == ContainerStatus.Paused)
        {
            if (!ContainerCgroup.Of(record, state).TryThaw())
            {
                return; // it has ended meanwhile, its cgroup with it
            }
            _ = Record(engine, record.Id, static s => s.Status == ContainerStatus.Paused ? s with { Status = ContainerStatus.Running } : s);
            engine.Events.Container(record, "unpause");
        }
        _ = process.Signal(Signals.SIGCONT);
    }

    private static void BetweenTwoLives(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        using Pidfd? monitor = engine.Reconciler.Liveness.IsAlive(state.Monitor) ? Pidfd.TryOpen(state.Monitor.Pid) : null;
        _ = monitor?.Signal(Signals.SIGTERM);
        _ = monitor?.WaitReadable(AfterKillMilliseconds);
        engine.Events.Container(record, "stop");
    }

    private static ContainerState? Record(SkiffEngine engine, string id, Func<ContainerState, ContainerState> change)
    {
        using FileLock? gate = engine.Containers.Lock(id);
        if (gate is null)
        {
            return null;
        }
        ContainerState state = change(engine.Containers.LoadState(id));
        engine.Containers.SaveState(id, state);
        return state;
    }
}
