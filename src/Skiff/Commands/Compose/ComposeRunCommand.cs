using System.Globalization;
using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Commands.Run;
using Skiff.Compose;
using Skiff.Compose.Planning;
using Skiff.Compose.Running;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Compose;

/// <summary><c>skiff compose run</c>: a container of a service for one command.</summary>
internal static class ComposeRunCommand
{
    public static Command Define() =>
        new()
        {
            Name = "run",
            Summary = "Run a command in a new container of a service",
            Usage = "[OPTIONS] SERVICE [COMMAND] [ARG...]",
            Flags =
            [
                Flag.Bool("build", "Build the image first"),
                Flag.List("cap-add", "Add a capability"),
                Flag.List("cap-drop", "Drop a capability"),
                Flag.Bool("detach", "Run in the background and print the container's name", 'd'),
                Flag.Text("entrypoint", "Another entry point"),
                Flag.List("env", "Set an environment variable: NAME=value or NAME", 'e'),
                Flag.Bool("interactive", "Keep stdin open", 'i') with
                {
                    Default = "true",
                },
                Flag.List("label", "Add a label", 'l'),
                Flag.Text("name", "Name of the container"),
                Flag.Bool("no-deps", "Do not start what the service depends on"),
                Flag.Bool("no-TTY", "No pseudo-terminal; without a terminal there is none anyway", 'T'),
                Flag.List("publish", "Publish a port to the host", 'p'),
                Flag.Text("pull", "When to pull the image") with
                {
                    Choices = ["always", "missing", "never"],
                },
                Flag.Bool("quiet", "Say nothing of what is started", 'q'),
                Flag.Bool("quiet-pull", "Show no progress of pulls"),
                Flag.Bool("remove-orphans", "Remove containers of services that the file has no more"),
                Flag.Bool("rm", "Remove the container when it exits"),
                Flag.Bool("service-ports", "Publish the service's ports", 'P'),
                Flag.Bool("use-aliases", "Let others find it by the service's name"),
                Flag.Text("user", "User and group: name|uid[:group|gid]", 'u'),
                Flag.List("volume", "Mount a directory or volume", 'v'),
                Flag.Text("workdir", "Working directory in the container", 'w'),
            ],
            StopAtFirstPositional = true,
            MinArguments = 1,
            Completes = [Completion.Service],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        string name = invocation.Arguments[0];
        Project project = ComposeAccess.LoadToRun(invocation, [name]);
        ComposeService service = project.Find(name) ?? throw ProjectSelection.Missing(project, name);
        SkiffEngine engine = ContainerAccess.Open(invocation);
        UpRequest request = UpCommand.Request(invocation, engine, project, [name], starts: true);
        Dependencies(invocation, engine, project, service, request);
        ContainerMaker maker = new(invocation, project, request.Containers);
        bool detached = invocation.Is("detach");
        RunOptions options = maker.Options(engine, service, Wishes(invocation, project, service, maker, detached));
        if (detached)
        {
            invocation.Output.Line(maker.Run(engine, options));
            return 0;
        }
        return Attached(invocation, engine, options with { Detach = false });
    }

    /// <summary>What the service depends on is started, its image fetched, its network and volumes made.</summary>
    private static void Dependencies(Invocation invocation, SkiffEngine engine, Project project, ComposeService service, UpRequest request)
    {
        bool alone = invocation.Is("no-deps");
        Project part = ProjectSelection.With(project, [service.Name], !alone);
        ProjectResources.RequireExternal(engine, part);
        ComposeProgress progress = new(invocation);
        UpRequest own = request with
        {
            NoDependencies = true,
            Scale = new Dictionary<string, int> { [service.Name] = 0 },
        };
        ServiceImages.Get(invocation, engine, project, UpPlanner.Images(own), progress);
        string[] others = [.. service.DependsOn.Select(static d => d.Service).Where(d => project.Find(d) is not null)];
        if (!alone && others.Length > 0)
        {
            _ = UpCommand.Execute(invocation, engine, project, request with { Named = others, NoRecreate = true });
        }
        foreach (Step step in UpPlanner.Plan(own).Where(static s => s.Kind is StepKind.CreateNetwork or StepKind.CreateVolume))
        {
            if (
                step.Kind == StepKind.CreateNetwork
                    ? engine.Networks.TryFind(step.Subject) is null
                    : engine.Volumes.TryFind(step.Subject) is null
            )
            {
                ProjectResources.Create(engine, project, step);
                progress.Done(step);
            }
        }
        ProjectResources.WriteFiles(engine, part);
        if (request.RemoveOrphans)
        {
            ServiceVerbs.RemoveOrphans(invocation, engine, project, ComposeAccess.Containers(engine, project.Name));
        }
        foreach (Dependency dependency in alone ? [] : service.DependsOn)
        {
            if (project.Find(dependency.Service) is null)
            {
                continue;
            }
            if (dependency.Condition == DependencyCondition.Healthy)
            {
                ServiceWait.Healthy(engine, project.Name, dependency.Service, progress);
            }
            else if (dependency.Condition == DependencyCondition.Completed)
            {
                ServiceWait.Completed(engine, project.Name, dependency.Service, progress);
            }
        }
    }

    private static ContainerWishes Wishes(
        Invocation invocation,
        Project project,
        ComposeService service,
        ContainerMaker maker,
        bool detached
    )
    {
        bool terminal = !detached && !invocation.Is("no-TTY") && Tty.IsTerminal(0) && Tty.IsTerminal(1);
        List<(string, string)> flags =
        [
            ("detach", "false"),
            ("restart", "no"),
            ("rm", invocation.Is("rm") ? "true" : "false"),
            ("interactive", !detached && invocation.Is("interactive", true) ? "true" : "false"),
            ("tty", terminal ? "true" : "false"),
        ];
        foreach ((Flag flag, string value) in invocation.Given)
        {
            switch (flag.Name)
            {
                case "env":
                    // Here a name alone takes the caller's value, as with skiff run.
                    string? own =
                        value.Contains('=', StringComparison.Ordinal) ? value
                        : project.Variable(value) is { } known ? $"{value}={known}"
                        : value;
                    flags.Add(("env", own));
                    break;
                case "cap-add" or "cap-drop" or "label" or "publish" or "user" or "volume" or "workdir":
                    flags.Add((flag.Name, value));
                    break;
                case "entrypoint":
                    flags.Add(("entrypoint", value));
                    break;
                default:
                    break;
            }
        }
        string[] words = [.. invocation.Arguments.Skip(1)];
        string random = RandomBytes.Hex(6);
        return new ContainerWishes
        {
            Name = invocation.Value("name") ?? string.Create(CultureInfo.InvariantCulture, $"{project.Name}-{service.Name}-run-{random}"),
            IsOneOff = true,
            ContainerOf = maker.ContainerOf,
            Command =
                words.Length > 0 ? words
                : invocation.Has("entrypoint") ? []
                : null,
            PublishesPorts = invocation.Is("service-ports"),
            HasAliases = invocation.Is("use-aliases"),
            Flags = flags,
        };
    }

    /// <summary>The way of <c>skiff run</c> in the foreground, with a log if it is watched.</summary>
    private static int Attached(Invocation invocation, SkiffEngine engine, RunOptions options)
    {
        string id = ContainerStore.NewId();
        using FileLock? hold = RunCommand.Hold(engine);
        Image image = engine.Images.Find(options.Image!) ?? throw new SkiffException($"No such image: {options.Image}", 125);
        bool watched = AttachedRun.IsNeeded(options, image);
        using RunStart start = RunStart.Make(engine, id, options, watched, traced: false);
        return watched
            ? AttachedRun.Run(engine, id, options, image, hold, start, invocation)
            : ForegroundRun.Run(engine, id, options, image, hold, start.Session, start.Foreground!, start.Signals!.Use(), invocation);
    }
}
