using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Commands.Run;
using Skiff.Compose;
using Skiff.Compose.Planning;
using Skiff.Compose.Running;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>Makes, replaces, starts and stops the containers of a project by the code of <c>run -d</c>, <c>create</c>, <c>start</c>, <c>stop</c> and <c>rm</c>.</summary>
/// <param name="invocation">The command line.</param>
/// <param name="project">The project.</param>
/// <param name="observed">Its containers before.</param>
internal sealed class ContainerMaker(Invocation invocation, Project project, IReadOnlyList<ObservedContainer> observed)
{
    private readonly List<string> _said = [];

    /// <summary>Old anonymous volumes are not taken over.</summary>
    public bool RenewsVolumes { get; init; }

    /// <summary>Containers are started.</summary>
    public bool Starts { get; init; } = true;

    /// <summary>Seconds until SIGKILL; null for each container's own.</summary>
    public long? Timeout { get; init; }

    /// <summary>The options of a container, for a check before anything is done.</summary>
    public RunOptions Options(SkiffEngine engine, Step step) => Options(engine, step.Service!, Wishes(step));

    /// <summary>The options of a container.</summary>
    public RunOptions Options(SkiffEngine engine, ComposeService service, ContainerWishes wishes) =>
        RootlessProject.Adapt(
            project,
            service,
            ServiceOptions.Of(project, service, wishes, engine.Images.Find(service.Image)?.Id.ToString() ?? ""),
            Warn
        );

    /// <summary>Does a step with a container.</summary>
    public void Do(SkiffEngine engine, Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Create when Starts:
                StartHooks.Run(engine, step.Service!, Run(engine, Options(engine, step)));
                break;
            case StepKind.Create:
                _ = Create(engine, Options(engine, step));
                break;
            case StepKind.Recreate:
                Recreate(engine, step);
                break;
            case StepKind.Start:
                Start(engine, step.Service!, step.Old!.Record.Id);
                break;
            case StepKind.Restart:
                Stop(engine, step.Old!);
                Start(engine, step.Service!, step.Old!.Record.Id);
                break;
            case StepKind.Stop:
                Stop(engine, step.Old!);
                break;
            case StepKind.Remove:
                Stop(engine, step.Old!);
                Remove(engine, step.Old!, volumes: false);
                break;
            default:
                break;
        }
    }

    /// <summary>The name of a container of a service: for namespaces and volumes that are shared.</summary>
    public string ContainerOf(string service)
    {
        ObservedContainer? there = observed.FirstOrDefault(c => c.Service == service && !c.IsOneOff);
        return there?.Record.Name ?? project.Find(service)?.NameOf(1) ?? service;
    }

    /// <summary><c>run -d</c>; the container's id.</summary>
    public string Run(SkiffEngine engine, RunOptions options)
    {
        string id = ContainerStore.NewId();
        using FileLock? hold = RunCommand.Hold(engine);
        Image image = ImageOf(engine, options);
        using RunStart start = RunStart.Make(engine, id, options);
        PreparedContainer container = CreateCommand.Make(engine, id, options, image, invocation, start.Monitor);
        hold?.Dispose();
        StartCommand.Detached(engine, container.Record, invocation.Output, start.Monitor, container);
        return id;
    }

    /// <summary><c>create</c>; the container.</summary>
    public PreparedContainer Create(SkiffEngine engine, RunOptions options)
    {
        string id = ContainerStore.NewId();
        using FileLock? hold = RunCommand.Hold(engine);
        Image image = ImageOf(engine, options);
        using FileLock session = Session.Begin(engine.Paths, id);
        try
        {
            return CreateCommand.Make(engine, id, options, image, invocation);
        }
        finally
        {
            Session.Remove(engine.Paths, id);
        }
    }

    /// <summary>Stops a container, if it runs.</summary>
    public void Stop(SkiffEngine engine, ObservedContainer container)
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
                    TimeoutSeconds = Timeout,
                    Notice = text => invocation.Output.ErrorLine("skiff: " + text),
                }
            );
        }
    }

    /// <summary>Removes a container.</summary>
    public static void Remove(SkiffEngine engine, ObservedContainer container, bool volumes)
    {
        if (engine.Containers.TryLoad(container.Record.Id) is { } record)
        {
            ContainerRemoval.Remove(engine, record, force: true, volumes);
        }
    }

    /// <summary>The options of a container are made more than once; a sentence about them is said once.</summary>
    private void Warn(string sentence)
    {
        lock (_said)
        {
            if (_said.Contains(sentence))
            {
                return;
            }
            _said.Add(sentence);
        }
        invocation.Output.Warn(sentence);
    }

    private static Image ImageOf(SkiffEngine engine, RunOptions options) =>
        engine.Images.Find(options.Image!) ?? throw new SkiffException($"No such image: {options.Image}", 125);

    private void Start(SkiffEngine engine, ComposeService service, string id)
    {
        if (Starts)
        {
            StartCommand.Detached(engine, engine.Containers.Find(id), invocation.Output);
            StartHooks.Run(engine, service, id);
        }
    }

    /// <summary>The new container is there before the old one ends, so that one that cannot be made leaves the old one as it was.</summary>
    private void Recreate(SkiffEngine engine, Step step)
    {
        ObservedContainer old = step.Old!;
        ContainerWishes wishes = Wishes(step);
        RunOptions options = Options(engine, step.Service!, wishes with { Name = $"{old.Record.ShortId}_{wishes.Name}" });
        PreparedContainer made = Create(engine, options);
        ContainerRecord record = made.Record;
        if (wishes.Inherited.Count > 0)
        {
            record = record with { AnonymousVolumes = [.. record.AnonymousVolumes, .. wishes.Inherited.Select(static i => i.Volume)] };
            engine.Containers.SaveRecord(record);
        }
        try
        {
            Stop(engine, old);
            Remove(engine, old, volumes: RenewsVolumes);
            using FileLock? gate = engine.Containers.Lock(record.Id);
            record = engine.Containers.Rename(engine.Containers.Find(record.Id), wishes.Name);
        }
        catch
        {
            ContainerRemoval.Remove(engine, record with { AnonymousVolumes = made.Record.AnonymousVolumes }, force: true, volumes: false);
            throw;
        }
        Start(engine, step.Service!, record.Id);
    }

    private ContainerWishes Wishes(Step step) =>
        new()
        {
            Name = step.Service!.NameOf(step.Number),
            Number = step.Number,
            ContainerOf = ContainerOf,
            Inherited = step.Old is { } old && !RenewsVolumes ? Anonymous(old.Record) : [],
        };

    private static List<(string, string)> Anonymous(ContainerRecord record)
    {
        List<(string, string)> volumes = [];
        foreach (MountRecord mount in record.Mounts)
        {
            if (mount.Type == "volume" && record.AnonymousVolumes.Contains(mount.Name))
            {
                volumes.Add((mount.Name, mount.Destination));
            }
        }
        return volumes;
    }
}
