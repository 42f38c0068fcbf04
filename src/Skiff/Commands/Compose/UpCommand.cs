using System.Globalization;
using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Compose;
using Skiff.Compose.Planning;
using Skiff.Engine;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary><c>skiff compose up</c>, <c>create</c> and <c>scale</c>.</summary>
internal static class UpCommand
{
    public static Command Define() =>
        new()
        {
            Name = "up",
            Summary = "Create and start the services",
            Usage = "[OPTIONS] [SERVICE...]",
            Description =
                "What is as the files want it stays; what has changed is made anew, and said why by 'skiff explain compose up'. "
                + "Without -d the output of all services is shown, and Ctrl-C stops them; a second one kills them.",
            Flags = UpFlags.Up(),
            Completes = [Completion.Service],
            Run = static invocation => Up(invocation, starts: !invocation.Is("no-start")),
        };

    public static Command DefineCreate() =>
        new()
        {
            Name = "create",
            Summary = "Create the containers of the services without starting them",
            Usage = "[OPTIONS] [SERVICE...]",
            Flags = UpFlags.Create(),
            Completes = [Completion.Service],
            Run = static invocation => Up(invocation, starts: false),
        };

    public static Command DefineScale() =>
        new()
        {
            Name = "scale",
            Summary = "Change how many containers services have",
            Usage = "[OPTIONS] SERVICE=NUMBER...",
            Flags = [ComposeGroup.OwnDryRun, Flag.Bool("no-deps", "Do not start what the services depend on")],
            MinArguments = 1,
            Completes = [Completion.Service],
            Run = Scale,
        };

    /// <summary><c>explain compose up</c>.</summary>
    public static Command DefineExplain() =>
        new()
        {
            Name = "up",
            Summary = "Show what 'compose up' would do, in which order and why",
            Usage = "[OPTIONS] [SERVICE...]",
            Flags = UpFlags.Up(),
            Completes = [Completion.Service],
            Run = Explain,
        };

    /// <summary>What is asked and what is there.</summary>
    internal static UpRequest Request(
        Invocation invocation,
        SkiffEngine engine,
        Project project,
        IReadOnlyList<string> named,
        bool starts
    ) =>
        new()
        {
            Project = project,
            Named = named,
            Containers = ComposeAccess.Containers(engine, project.Name),
            Networks = Networks(engine, project),
            Volumes = engine.Volumes.List().Select(static v => v.Name).ToHashSet(),
            ImageId = name => engine.Images.Find(name)?.Id.ToString(),
            Scale = Scales(invocation.Values("scale"), project),
            ForceRecreate = invocation.Is("force-recreate"),
            NoRecreate = invocation.Is("no-recreate"),
            AlwaysRecreateDependencies = invocation.Is("always-recreate-deps"),
            NoDependencies = invocation.Is("no-deps"),
            RemoveOrphans =
                invocation.Is("remove-orphans") || Environment.GetEnvironmentVariable("COMPOSE_REMOVE_ORPHANS") is "1" or "true",
            Build = invocation.Is("build"),
            Pull = invocation.Value("pull"),
            Starts = starts,
        };

    /// <summary>The networks that need not be made.</summary>
    private static HashSet<string> Networks(SkiffEngine engine, Project project)
    {
        HashSet<string> names = [.. engine.Networks.List().Select(static n => n.Name)];
        if (RootlessProject.Replaced(project) is { } replaced)
        {
            names.Add(replaced);
        }
        return names;
    }

    private static int Up(Invocation invocation, bool starts)
    {
        UpFlags.Check(invocation);
        IReadOnlyList<string> named = invocation.Arguments;
        Project project = ComposeAccess.LoadToRun(invocation, named, !invocation.Is("no-deps"));
        SkiffEngine engine = ContainerAccess.Open(invocation);
        if (invocation.Is("dry-run"))
        {
            PlanText.Show(invocation, Request(invocation, engine, project, named, starts));
            return 0;
        }
        bool detached = invocation.Is("detach") || invocation.Is("wait") || !starts;
        if (!detached)
        {
            return new ForegroundUp(invocation, engine, project).Run(Request(invocation, engine, project, named, starts));
        }
        IReadOnlyList<Step> steps = Execute(invocation, engine, project, Request(invocation, engine, project, named, starts));
        if (invocation.Is("wait"))
        {
            Wait(invocation, engine, project, steps);
        }
        return 0;
    }

    /// <summary>Fetches and builds images, makes what is to be made, starts what is to be started.</summary>
    /// <param name="invocation">The command line.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="project">The project.</param>
    /// <param name="request">What is asked and what is there.</param>
    /// <param name="started">Told of each step that was done.</param>
    internal static IReadOnlyList<Step> Execute(
        Invocation invocation,
        SkiffEngine engine,
        Project project,
        UpRequest request,
        Action<Step>? started = null
    )
    {
        Project part = ProjectSelection.With(project, request.Named, !request.NoDependencies);
        ProjectResources.RequireExternal(engine, part);
        ComposeProgress progress = new(invocation);
        ServiceImages.Get(invocation, engine, project, UpPlanner.Images(request), progress);
        IReadOnlyList<Step> steps = UpPlanner.Plan(request);
        ContainerMaker maker = new(invocation, project, request.Containers)
        {
            RenewsVolumes = invocation.Is("renew-anon-volumes"),
            Starts = request.Starts,
            Timeout = invocation.Has("timeout") ? invocation.Number("timeout") : null,
        };
        // What is wrong with a service is said before anything is done.
        foreach (Step step in steps.Where(static s => s.Kind is StepKind.Create or StepKind.Recreate))
        {
            _ = maker.Options(engine, step);
        }
        ProjectResources.WriteFiles(engine, part);
        Orphans(invocation, request);
        StepRunner runner = new(
            invocation,
            (own, step) =>
            {
                switch (step.Kind)
                {
                    case StepKind.CreateNetwork or StepKind.CreateVolume:
                        ProjectResources.Create(own, project, step);
                        break;
                    case StepKind.AwaitHealthy:
                        ServiceWait.Healthy(own, project.Name, step.Subject, progress);
                        break;
                    case StepKind.AwaitCompleted:
                        ServiceWait.Completed(own, project.Name, step.Subject, progress);
                        break;
                    default:
                        maker.Do(own, step);
                        break;
                }
            },
            step =>
            {
                progress.Done(step.Kind is StepKind.Create or StepKind.Recreate && !request.Starts ? step with { Number = -1 } : step);
                started?.Invoke(step);
            }
        );
        runner.Run(engine, steps);
        return steps;
    }

    private static void Orphans(Invocation invocation, UpRequest request)
    {
        if (request.RemoveOrphans || Environment.GetEnvironmentVariable("COMPOSE_IGNORE_ORPHANS") is "1" or "true")
        {
            return;
        }
        string names = string.Join(", ", UpPlanner.OrphansOf(request.Project, request.Containers).Select(static c => c.Record.Name));
        if (names.Length > 0)
        {
            invocation.Output.Warn(
                $"containers of services that the project {request.Project.Name} has no more: {names}; --remove-orphans removes them"
            );
        }
    }

    private static void Wait(Invocation invocation, SkiffEngine engine, Project project, IReadOnlyList<Step> steps)
    {
        HashSet<string> services = [.. steps.Where(static s => s.Service is not null).Select(static s => s.Service!.Name)];
        foreach (
            ObservedContainer container in ComposeAccess
                .Containers(engine, project.Name)
                .Where(c => !c.IsOneOff && services.Contains(c.Service))
        )
        {
            ServiceWait.Ready(engine, container, invocation.Number("wait-timeout"));
        }
    }

    private static int Scale(Invocation invocation)
    {
        Project project = ComposeAccess.LoadToRun(invocation, [.. invocation.Arguments.Select(static a => a.Split('=')[0])]);
        SkiffEngine engine = ContainerAccess.Open(invocation);
        Dictionary<string, int> scale = Scales(invocation.Arguments, project);
        UpRequest request = Request(invocation, engine, project, [.. scale.Keys], starts: true) with { Scale = scale, NoRecreate = true };
        if (invocation.Is("dry-run"))
        {
            PlanText.Show(invocation, request);
            return 0;
        }
        _ = Execute(invocation, engine, project, request);
        return 0;
    }

    private static int Explain(Invocation invocation)
    {
        Project project = ComposeAccess.LoadToRun(invocation, invocation.Arguments, !invocation.Is("no-deps"));
        SkiffEngine engine = ContainerAccess.Open(invocation);
        PlanText.Show(invocation, Request(invocation, engine, project, invocation.Arguments, !invocation.Is("no-start")));
        return 0;
    }

    private static Dictionary<string, int> Scales(IReadOnlyList<string> asked, Project project)
    {
        Dictionary<string, int> scales = [];
        foreach (string text in asked)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? text : text[..equals];
            if (equals < 0 || !int.TryParse(text[(equals + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                throw new SkiffException($"invalid scale specifier {text}: SERVICE=NUMBER is expected");
            }
            ComposeService service = project.Find(name) ?? throw ProjectSelection.Missing(project, name);
            scales[name] =
                number > 1 && service.ContainerName is { } fixedName
                    ? throw new SkiffException($"services.{name}: {number} containers cannot all be called {fixedName} (container_name)")
                    : number;
        }
        return scales;
    }
}
