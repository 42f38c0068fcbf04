using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff stop</c>, <c>skiff kill</c> and <c>skiff restart</c>.</summary>
internal static class StopCommand
{
    public static Command Define() =>
        new()
        {
            Name = "stop",
            Summary = "Stop containers: the stop signal, then SIGKILL after the timeout",
            Usage = "[OPTIONS] CONTAINER [CONTAINER...]",
            Flags =
            [
                Flag.Text("signal", "Signal to send instead of the container's stop signal", 's') with
                {
                    Completes = Completion.Signal,
                },
                Flag.Number("timeout", "Seconds to wait before SIGKILL; -1 waits for ever", 't') with
                {
                    Alias = "time",
                },
            ],
            MinArguments = 1,
            Completes = [Completion.RunningContainer],
            Run = Stop,
        };

    public static Command DefineKill() =>
        new()
        {
            Name = "kill",
            Summary = "Send a signal to containers",
            Usage = "[OPTIONS] CONTAINER [CONTAINER...]",
            Flags = [Flag.Text("signal", "Signal to send", 's') with { Default = "KILL", Completes = Completion.Signal }],
            MinArguments = 1,
            Completes = [Completion.RunningContainer],
            Run = Kill,
        };

    public static Command DefineRestart() =>
        new()
        {
            Name = "restart",
            Summary = "Stop containers and start them again",
            Usage = "[OPTIONS] CONTAINER [CONTAINER...]",
            Flags =
            [
                Flag.Text("signal", "Signal to send instead of the container's stop signal", 's') with
                {
                    Completes = Completion.Signal,
                },
                Flag.Number("timeout", "Seconds to wait before SIGKILL; -1 waits for ever", 't') with
                {
                    Alias = "time",
                },
            ],
            MinArguments = 1,
            Completes = [Completion.Container],
            Run = Restart,
        };

    private static int Stop(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        return Each.ArgumentAtOnce(
            invocation,
            engine,
            (engine, name) =>
            {
                (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, name);
                ContainerStop.Run(engine, record, state, Wishes(invocation, "skiff stop"));
                return true;
            }
        );
    }

    private static StopWishes Wishes(Invocation invocation, string by) =>
        new()
        {
            By = by,
            Signal = invocation.Value("signal") is { Length: > 0 } signal ? Signals.Parse(signal) : null,
            TimeoutSeconds = invocation.Has("timeout") ? invocation.Number("timeout") : null,
            Notice = text => invocation.Output.ErrorLine("skiff: " + text),
        };

    private static int Kill(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        int signal = Signals.Parse(invocation.Value("signal") is { Length: > 0 } asked ? asked : "KILL");
        return Each.Argument(
            invocation,
            name =>
            {
                (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, name);
                bool stops = signal == Signals.SIGKILL || signal == ContainerStop.SignalOf(record);
                if (state.Status == ContainerStatus.Restarting && stops)
                {
                    // Nothing is there to get the signal, but what it is sent for can be had: it is not started again.
                    ContainerStop.Run(
                        engine,
                        record,
                        state,
                        new StopWishes
                        {
                            By = "skiff kill",
                            Signal = signal,
                            TimeoutSeconds = 0,
                        }
                    );
                    invocation.Output.Line(name);
                    return;
                }
                (record, state) = ContainerAccess.FindRunning(engine, name);
                ContainerStop.Signal(engine, record, state, signal, "skiff kill", stops);
                if (signal == Signals.SIGKILL)
                {
                    ContainerStop.AwaitEnd(engine, record, state, 10_000);
                }
                invocation.Output.Line(name);
            }
        );
    }

    private static int Restart(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        return Each.Argument(
            invocation,
            name =>
            {
                (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, name);
                if (record.Foreground && state.IsUp)
                {
                    throw new SkiffException(
                        $"the container {record.Name} runs in the foreground of another command: stop it there, then start it"
                    );
                }
                ContainerStop.Run(engine, record, state, Wishes(invocation, "skiff restart"));
                StartCommand.Detached(engine, engine.Containers.Find(record.Id), invocation.Output);
                engine.Events.Container(record, "restart");
                invocation.Output.Line(name);
            }
        );
    }
}
