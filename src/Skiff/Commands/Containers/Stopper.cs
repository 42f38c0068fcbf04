using System.Diagnostics;
using System.Globalization;
using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary>Ends a container: the signal, the wait, the kill.</summary>
internal static class Stopper
{
    /// <summary>Stops it; one that does not run is left as it is, but will not be started again by its policy.</summary>
    internal static void Stop(SkiffEngine engine, ContainerRecord record, ContainerState state, Invocation invocation)
    {
        if (!state.IsUp && state.Status != ContainerStatus.Restarting)
        {
            return;
        }
        // Between our look at it and this its restart policy may have started it, or it may have ended.
        state =
            ContainerAccess.Change(engine, record.Id, static s => s with { StoppedByUser = true })
            ?? new ContainerState { Status = ContainerStatus.Exited };
        if (state.Status == ContainerStatus.Restarting)
        {
            using Pidfd? monitor = Pidfd.TryOpen(state.Monitor.Pid);
            _ = monitor?.Signal(Signals.SIGTERM);
            _ = monitor?.WaitReadable(10_000);
            return;
        }
        if (!state.IsUp)
        {
            return;
        }
        int signal = Signals.Parse(invocation.Value("signal") ?? record.StopSignal);
        long timeout = invocation.Has("timeout") ? invocation.Number("timeout") : record.StopTimeout;
        int milliseconds = timeout < 0 ? -1 : (int)Math.Min(timeout * 1000, int.MaxValue);
        if (state.Status == ContainerStatus.Paused)
        {
            PauseCommand.CgroupOf(record, state).Thaw(); // a frozen process takes no signal
        }
        if (signal != Signals.SIGKILL && !Handles(record, state, signal, milliseconds))
        {
            invocation.Output.ErrorLine(
                $"skiff: {record.Name}: its process 1 has no handler for {Signals.Name(signal)}, so the kernel would drop the signal (pid_namespaces(7)): it is killed at once; --init forwards signals"
            );
            milliseconds = 0;
        }
        else
        {
            Signal(engine, record, state, signal);
        }
        if (!AwaitEnd(engine, record, state, milliseconds))
        {
            Signal(engine, record, state, Signals.SIGKILL);
            if (!AwaitEnd(engine, record, state, 10_000))
            {
                throw new SkiffException(
                    $"the container {record.Name} does not end after SIGKILL: a process hangs in the kernel, see /proc/{state.Process.Pid}/stack"
                );
            }
        }
        engine.Events.Container(record, "stop");
    }

    /// <summary>Sends a signal to the first process, pinned against reuse of its number.</summary>
    internal static void Signal(SkiffEngine engine, ContainerRecord record, ContainerState state, int signal)
    {
        using Pidfd? process = Pidfd.TryOpen(state.Process.Pid);
        if (process is null || !engine.Reconciler.Liveness.IsAlive(state.Process))
        {
            return;
        }
        // The event first: what the signal leads to follows it in the journal.
        engine.Events.Container(record, "kill", ("signal", signal.ToString(CultureInfo.InvariantCulture)));
        int errno = process.Signal(signal);
        if (errno is not (0 or Errno.ESRCH))
        {
            throw new SkiffException($"sending {Signals.Name(signal)} to the container {record.Name} failed: {Errno.Describe(errno)}");
        }
        if (signal == Signals.SIGKILL && state.Status == ContainerStatus.Paused)
        {
            PauseCommand.CgroupOf(record, state).Thaw();
        }
    }

    /// <summary>Waits until the container has ended and its monitor, or the command in whose foreground it runs, has written that down.</summary>
    internal static bool AwaitEnd(SkiffEngine engine, ContainerRecord record, ContainerState state, int milliseconds)
    {
        long began = Stopwatch.GetTimestamp();
        using (Pidfd? process = Pidfd.TryOpen(state.Process.Pid))
        {
            if (process is not null && engine.Reconciler.Liveness.IsAlive(state.Process) && !process.WaitReadable(milliseconds))
            {
                return false;
            }
        }
        while (Stopwatch.GetElapsedTime(began).TotalMilliseconds < Math.Max(milliseconds, 0) + 5000)
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

    /// <summary>
    /// A first process of a pid namespace only receives signals that it handles: SigCgt of /proc/PID/status, or SigBlk for one that waits with sigwaitinfo(2).
    /// A process that has just begun may not be so far yet: it gets up to a second.
    /// </summary>
    private static bool Handles(ContainerRecord record, ContainerState state, int signal, int milliseconds)
    {
        if (!IsFirst(state.Process.Pid))
        {
            return true;
        }
        long patience = milliseconds < 0 ? 1000 : Math.Min(1000, milliseconds);
        TimeSpan age = TimeProvider.System.GetUtcNow() - (state.StartedAt ?? DateTimeOffset.MinValue);
        long until = Environment.TickCount64 + Math.Max(0, patience - (long)Math.Min(age.TotalMilliseconds, patience));
        while (true)
        {
            string? status = Files.TryReadText($"/proc/{state.Process.Pid}/status", out _);
            if (status is null || ((Mask(status, "SigCgt:") | Mask(status, "SigBlk:")) & (1UL << (signal - 1))) != 0)
            {
                return true;
            }
            if (Environment.TickCount64 >= until)
            {
                return false;
            }
            Thread.Sleep(10);
        }
    }

    private static bool IsFirst(int pid)
    {
        string? status = Files.TryReadText($"/proc/{pid}/status", out _);
        int at = status?.IndexOf("NSpid:", StringComparison.Ordinal) ?? -1;
        if (at < 0)
        {
            return true;
        }
        int end = status!.IndexOf('\n', at);
        string[] pids = status[at..end].Split('\t');
        return pids.Length > 2 && pids[^1] == "1";
    }

    internal static ulong Mask(string status, string key)
    {
        int at = status.IndexOf(key, StringComparison.Ordinal);
        if (at < 0)
        {
            return 0;
        }
        int end = status.IndexOf('\n', at);
        return ulong.TryParse(
            status.AsSpan(at + key.Length, end - at - key.Length).Trim(),
            NumberStyles.HexNumber,
            CultureInfo.InvariantCulture,
            out ulong mask
        )
            ? mask
            : 0;
    }
}
