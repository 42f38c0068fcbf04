using Skiff.CommandLine;
using Skiff.Commands.Run;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Linux;
using Skiff.Linux.Terminal;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Commands.Containers;

/// <summary>The ways to a container's monitor: start a container and stay attached, or attach to one that runs. And what an attachment's end means for the command.</summary>
internal static class Attachment
{
    /// <summary>Starts the container with its monitor, attached from its first byte on; <paramref name="started"/> is called when its command runs. Returns the exit code of this command.
    /// The caller's signals may be in <paramref name="caught"/> already.</summary>
    internal static int Start(
        SkiffEngine engine,
        ContainerRecord record,
        AttachWishes wishes,
        Invocation invocation,
        WaitingMonitor? monitor = null,
        PreparedContainer? made = null,
        SignalPipe? caught = null,
        Action? started = null
    )
    {
        using SignalPipe? own = caught is null ? SignalPipe.OpenAlone(ForwardedSignals.All) : null;
        SignalPipe signals = caught ?? own!;
        (SafeFd ours, SafeFd its) = PacketSocket.Pair();
        using (ours)
        {
            using (its)
            {
                _ = PacketSocket.TrySend(ours, AttachSession.Hello(wishes, redraw: false));
                List<string> warnings = [];
                bool mine = MonitorStart.Start(engine, record, its, monitor, made, warnings);
                foreach (string warning in warnings)
                {
                    invocation.Output.Warn(warning);
                }
                if (!mine)
                {
                    // Another command was quicker: this one attaches to what runs.
                    (ContainerRecord now, ContainerState state) = ContainerAccess.Find(engine, record.Id);
                    return Join(engine, now, state, wishes, invocation, detached: 0);
                }
            }
            started?.Invoke();
            AttachOutcome outcome = Session(engine, record, ours, wishes, invocation).Serve(signals);
            return Code(engine, record, outcome, invocation, detached: 0);
        }
    }

    /// <summary>Attaches to a container that runs; returns the exit code of the command.</summary>
    internal static int Join(
        SkiffEngine engine,
        ContainerRecord record,
        ContainerState state,
        AttachWishes wishes,
        Invocation invocation,
        int detached
    )
    {
        using SignalPipe signals = SignalPipe.OpenAlone(ForwardedSignals.All);
        using SafeFd socket = Connect(engine, record, state);
        _ = PacketSocket.TrySend(socket, AttachSession.Hello(wishes, wishes.Terminal));
        AttachOutcome outcome = Session(engine, record, socket, wishes, invocation).Serve(signals);
        return Code(engine, record, outcome, invocation, detached);
    }

    /// <summary>docker's check: a terminal in the container needs one here, unless only output is wanted.</summary>
    internal static void RequireTerminal(bool tty, bool input)
    {
        if (tty && input && !Tty.IsTerminal(0))
        {
            throw new SkiffException("the input is not a terminal: leave out -t, or run it from a terminal") { IsUsage = true };
        }
    }

    private static AttachSession Session(
        SkiffEngine engine,
        ContainerRecord record,
        SafeFd socket,
        AttachWishes wishes,
        Invocation invocation
    )
    {
        engine.Events.Container(record, "attach");
        return new AttachSession(
            socket,
            wishes,
            signal =>
            {
                ContainerState state = engine.Containers.LoadState(record.Id);
                bool stops = signal == ContainerStop.SignalOf(record);
                ContainerStop.Signal(engine, record, state, signal, $"skiff {invocation.Path}", stops);
            }
        );
    }

    /// <summary>A monitor listens from a moment after its container has started.</summary>
    private static SafeFd Connect(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        long until = Environment.TickCount64 + 5000;
        while (true)
        {
            SafeFd? socket = AttachSocket.TryConnect(engine.Paths, record.Id, out int errno);
            if (socket is not null)
            {
                return socket;
            }
            if (!engine.Reconciler.Liveness.IsAlive(state.Monitor))
            {
                throw new SkiffException(
                    $"the streams of the container {record.Name} are lost: the process that served them (pid {state.Monitor.Pid}) was killed; exec gives a shell in the container, a restart gives it new streams"
                );
            }
            if (Environment.TickCount64 > until)
            {
                throw new SkiffException(
                    $"the monitor of the container {record.Name} (pid {state.Monitor.Pid}) does not answer: {Errno.Describe(errno)}"
                );
            }
            MonitorSleep.End(engine, state);
            Thread.Sleep(5);
        }
    }

    private static int Code(SkiffEngine engine, ContainerRecord record, AttachOutcome outcome, Invocation invocation, int detached)
    {
        switch (outcome.End)
        {
            case AttachEnd.Exited:
                if (outcome.Sentence.Length > 0)
                {
                    invocation.Output.ErrorLine($"skiff: {outcome.Sentence}");
                }
                return outcome.Code;
            case AttachEnd.Detached:
                engine.Events.Container(record, "detach");
                invocation.Output.ErrorLine("read escape sequence");
                return detached;
            case AttachEnd.Signalled:
                return 128 + outcome.Code;
            case AttachEnd.InputEnded:
                return 0;
            case AttachEnd.OutputClosed:
                return 128 + Signals.SIGPIPE;
            default:
                return Lost(engine, record);
        }
    }

    private static int Lost(SkiffEngine engine, ContainerRecord record)
    {
        ContainerState? now = engine.Containers.TryLoad(record.Id) is { } still ? engine.Reconciler.Check(still) : null;
        if (now is { IsUp: true })
        {
            throw new SkiffException(
                $"the process that served the streams of the container {record.Name} was killed: the container goes on, but its output is lost",
                125
            );
        }
        throw new SkiffException(
            $"the process that watched the container {record.Name} was killed, and the container has ended: its exit code is unknown",
            125
        );
    }
}
