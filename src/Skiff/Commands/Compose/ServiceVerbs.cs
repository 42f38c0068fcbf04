using System.Globalization;
using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Compose;
using Skiff.Compose.Planning;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>The verbs that do one thing with the containers of services: start, stop, restart, kill, rm, pause, unpause, wait.</summary>
internal static class ServiceVerbs
{
    private static readonly Flag s_timeout = Flag.Number("timeout", "Seconds to wait before SIGKILL", 't');

    public static Command DefineStart() =>
        Verb(
            "start",
            "Start the containers of services",
            Start,
            [
                Flag.Bool("wait", "Wait until they run, or are healthy where they have a health check"),
                Flag.Number("wait-timeout", "Seconds to wait at most"),
            ]
        );

    public static Command DefineStop() => Verb("stop", "Stop the containers of services", Stop, [s_timeout]);

    public static Command DefineRestart() =>
        Verb(
            "restart",
            "Stop the containers of services and start them again",
            Restart,
            [Flag.Bool("no-deps", "Leave those alone that are to be restarted with them"), s_timeout]
        );

    public static Command DefineKill() =>
        Verb(
            "kill",
            "Send a signal to the containers of services",
            Kill,
            [
                Flag.Bool("remove-orphans", "Remove containers of services that the file has no more"),
                Flag.Text("signal", "Signal to send", 's') with
                {
                    Default = "KILL",
                },
            ]
        );

    public static Command DefineRemove() =>
        Verb(
            "rm",
            "Remove the containers of services that do not run",
            Remove,
            [
                Flag.Bool("force", "Do not ask", 'f'),
                Flag.Bool("stop", "Stop them first", 's'),
                Flag.Bool("volumes", "Remove their anonymous volumes too", 'v'),
            ]
        );

    public static Command DefinePause() => Verb("pause", "Freeze the containers of services", static i => Pause(i, pause: true), []);

    public static Command DefineUnpause() =>
        Verb("unpause", "Let the containers of services go on", static i => Pause(i, pause: false), []);

    public static Command DefineWait() =>
        Verb(
            "wait",
            "Wait until the containers of services have ended and print their exit codes",
            Wait,
            [Flag.Bool("down-project", "Remove the project when the first one has ended")]
        ) with
        {
            MinArguments = 1,
        };

    private static Command Verb(string name, string summary, Func<Invocation, int> run, IReadOnlyList<Flag> flags) =>
        new()
        {
            Name = name,
            Summary = summary,
            Usage = "[OPTIONS] [SERVICE...]",
            Flags = [ComposeGroup.OwnDryRun, .. flags],
            Completes = [Completion.Service],
            Run = run,
        };

    private static int Start(Invocation invocation)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        List<ObservedContainer> containers = [.. observed.Of(invocation.Arguments, invocation).Where(static c => !c.State.IsUp)];
        if (observed.Containers.Count == 0)
        {
            throw new SkiffException(
                $"the project {observed.Name} has no container to start: make them with 'skiff compose up' or 'create'"
            );
        }
        Run(invocation, observed, Forward(containers, StepKind.Start), (engine, step) => StartOne(invocation, engine, step.Old!));
        foreach (ObservedContainer container in invocation.Is("wait") ? observed.Of(invocation.Arguments, invocation) : [])
        {
            ServiceWait.Ready(observed.Engine, container, invocation.Number("wait-timeout"));
        }
        return 0;
    }

    private static int Stop(Invocation invocation)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        List<ObservedContainer> containers = [.. observed.Of(invocation.Arguments, invocation).Where(Runs)];
        Run(
            invocation,
            observed,
            DownPlanner.Plan(containers, StepKind.Stop, static _ => ""),
            (engine, step) => StopOne(invocation, engine, step.Old!)
        );
        return 0;
    }

    private static int Restart(Invocation invocation)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        List<ObservedContainer> containers = [.. observed.Of(invocation.Arguments, invocation)];
        if (!invocation.Is("no-deps") && invocation.Arguments.Count > 0)
        {
            HashSet<string> services = [.. invocation.Arguments];
            containers.AddRange(
                observed.Containers.Where(c => !services.Contains(c.Service) && !c.IsOneOff && RestartsWith(c).Any(services.Contains))
            );
        }
        Run(
            invocation,
            observed,
            Forward(containers, StepKind.Restart),
            (engine, step) =>
            {
                StopOne(invocation, engine, step.Old!);
                engine.Events.Container(StartOne(invocation, engine, step.Old!), "restart");
            }
        );
        return 0;
    }

    private static int Kill(Invocation invocation)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        int signal = Signals.Parse(invocation.Value("signal") ?? "KILL");
        Run(
            invocation,
            observed,
            Each(observed.Of(invocation.Arguments, invocation).Where(static c => c.State.IsUp), StepKind.Kill),
            (engine, step) =>
            {
                ObservedContainer container = step.Old!;
                bool stops = signal == Signals.SIGKILL || signal == ContainerStop.SignalOf(container.Record);
                ContainerStop.Signal(engine, container.Record, container.State, signal, "skiff compose kill", stops);
                if (signal == Signals.SIGKILL)
                {
                    ContainerStop.AwaitEnd(engine, container.Record, container.State, 10_000);
                }
            }
        );
        if (invocation.Is("remove-orphans"))
        {
            RemoveOrphans(invocation, observed.Engine, ComposeAccess.Load(invocation), observed.Containers);
        }
        return 0;
    }

    private static int Remove(Invocation invocation)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        bool stops = invocation.Is("stop");
        List<ObservedContainer> containers = [.. observed.Of(invocation.Arguments, invocation, oneOff: true).Where(c => stops || !Runs(c))];
        if (containers.Count == 0)
        {
            invocation.Output.ErrorLine("No stopped containers");
            return 0;
        }
        string names = string.Join(", ", containers.Select(static c => c.Record.Name));
        if (invocation.Is("force"))
        {
            invocation.Output.Line($"Going to remove {names}");
        }
        else if (!Display.Prompt.Confirm(invocation.Output, $"Going to remove {names}"))
        {
            return 0;
        }
        bool volumes = invocation.Is("volumes");
        Run(
            invocation,
            observed,
            DownPlanner.Plan(containers, StepKind.Remove, static _ => ""),
            (engine, step) =>
            {
                if (stops)
                {
                    StopOne(invocation, engine, step.Old!);
                }
                ContainerMaker.Remove(engine, step.Old!, volumes);
            }
        );
        return 0;
    }

    private static int Pause(Invocation invocation, bool pause)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        ContainerStatus wanted = pause ? ContainerStatus.Running : ContainerStatus.Paused;
        Run(
            invocation,
            observed,
            Each(
                observed.Of(invocation.Arguments, invocation).Where(c => c.State.Status == wanted),
                pause ? StepKind.Pause : StepKind.Unpause
            ),
            (engine, step) => PauseCommand.Freeze(engine, step.Old!.Record, pause)
        );
        return 0;
    }

    private static int Wait(Invocation invocation)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        IReadOnlyList<ObservedContainer> containers = observed.Of(invocation.Arguments, invocation);
        if (!containers.Any(Runs))
        {
            throw new SkiffException($"no container of {string.Join(", ", invocation.Arguments)} runs");
        }
        int code = 0;
        foreach (ObservedContainer container in containers)
        {
            int own = WaitCommand.Wait(observed.Engine, container.Record.Id);
            code = code == 0 ? own : code;
            invocation.Output.Line(
                string.Create(CultureInfo.InvariantCulture, $"container \"{container.Record.Id}\" exited with status code {own}")
            );
            if (invocation.Is("down-project"))
            {
                _ = ComposeAccess.Delegate(invocation, ["compose", "-p", observed.Name, "down"]);
                return own;
            }
        }
        return code;
    }

    /// <summary>Removes the containers of services that the file has no more.</summary>
    internal static void RemoveOrphans(
        Invocation invocation,
        Engine.SkiffEngine engine,
        Project project,
        IReadOnlyList<ObservedContainer> containers
    )
    {
        Run(
            invocation,
            new ObservedProject(engine, project.Name, containers),
            Each(UpPlanner.OrphansOf(project, containers), StepKind.Remove),
            (own, step) =>
            {
                StopOne(invocation, own, step.Old!);
                ContainerMaker.Remove(own, step.Old!, volumes: false);
            }
        );
    }

    /// <summary>One step for each container, all at once.</summary>
    private static List<Step> Each(IEnumerable<ObservedContainer> containers, StepKind kind)
    {
        List<Step> steps = [];
        foreach (ObservedContainer container in containers)
        {
            steps.Add(new Step(steps.Count, kind, container.Record.Name, "", []) { Old = container, Number = container.Number });
        }
        return steps;
    }

    private static bool Runs(ObservedContainer container) => container.State.IsUp || container.State.Status == ContainerStatus.Restarting;

    private static IEnumerable<string> RestartsWith(ObservedContainer container) =>
        container
            .Label(Labels.DependsOn)
            .Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(static d => d.Split(':'))
            .Where(static d => d is [_, _, "true"])
            .Select(static d => d[0]);

    private static ContainerRecord StartOne(Invocation invocation, Engine.SkiffEngine engine, ObservedContainer container)
    {
        ContainerRecord record = engine.Containers.Find(container.Record.Id);
        StartCommand.Detached(engine, record, invocation.Output);
        return record;
    }

    private static void StopOne(Invocation invocation, Engine.SkiffEngine engine, ObservedContainer container)
    {
        if (engine.Containers.TryLoad(container.Record.Id) is { } record && engine.Reconciler.Check(record) is { } state)
        {
            ContainerStop.Run(
                engine,
                record,
                state,
                new StopWishes
                {
                    By = "skiff compose " + invocation.Command.Name,
                    TimeoutSeconds = invocation.Has("timeout") ? invocation.Number("timeout") : null,
                    Notice = text => invocation.Output.ErrorLine("skiff: " + text),
                }
            );
        }
    }

    private static void Run(
        Invocation invocation,
        ObservedProject observed,
        IReadOnlyList<Step> steps,
        Action<Engine.SkiffEngine, Step> work
    )
    {
        ComposeProgress progress = new(invocation);
        if (invocation.Is("dry-run"))
        {
            foreach (Step step in steps)
            {
                progress.Done(step);
            }
            return;
        }
        new StepRunner(invocation, work, progress.Done).Run(observed.Engine, steps);
    }

    /// <summary>The order of a start: the reverse of that of an end.</summary>
    private static List<Step> Forward(IReadOnlyList<ObservedContainer> containers, StepKind kind)
    {
        IReadOnlyList<Step> backward = DownPlanner.Plan(containers, kind, static _ => "");
        List<Step> forward = [];
        for (int i = backward.Count - 1; i >= 0; i--)
        {
            ObservedContainer container = backward[i].Old!;
            List<int> after =
            [
                .. forward
                    .Where(s => container.DependsOn.Contains(s.Old!.Service) && s.Old!.Service != container.Service)
                    .Select(static s => s.Index),
            ];
            forward.Add(new Step(forward.Count, kind, container.Record.Name, "", after) { Old = container, Number = container.Number });
        }
        return forward;
    }
}
