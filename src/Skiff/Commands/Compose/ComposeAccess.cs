using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Compose;
using Skiff.Compose.Loading;
using Skiff.Compose.Planning;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>What every verb of <c>compose</c> begins with.</summary>
internal static class ComposeAccess
{
    /// <summary>What the flags before the verb ask for.</summary>
    public static LoadRequest Request(Invocation invocation) =>
        new()
        {
            Directory = Path.GetFullPath("."),
            Variable = Environment.GetEnvironmentVariable,
            ReadFile = static path => Files.TryReadAll(path == "-" ? "/dev/stdin" : path, out _),
            Files = invocation.Values("file"),
            Name = invocation.Value("project-name"),
            ProjectDirectory = invocation.Value("project-directory"),
            EnvFiles = invocation.Values("env-file"),
            Profiles = invocation.Values("profile"),
            KeepsUnused = invocation.Is("all-resources"),
        };

    /// <summary>The project, its warnings shown.</summary>
    /// <param name="invocation">The command line.</param>
    /// <param name="named">Services that it names.</param>
    public static Project Load(Invocation invocation, IReadOnlyList<string>? named = null)
    {
        Project project = ProjectLoader.Load(Request(invocation) with { Named = named ?? [] });
        foreach (string warning in project.Warnings)
        {
            invocation.Output.Warn(warning);
        }
        return project;
    }

    /// <summary>The project for doing something with it: what cannot be had is refused.</summary>
    public static Project LoadToRun(Invocation invocation, IReadOnlyList<string> named, bool dependencies = true)
    {
        Project project = Load(invocation, named);
        Project part = ProjectSelection.With(project, named, dependencies);
        foreach (string note in Support.Check(part))
        {
            invocation.Output.Warn(note);
        }
        RootlessProject.Check(part, invocation.Output.Warn);
        return project;
    }

    /// <summary>The engine, and the containers of the project as they are. Of the compose files only the name is read: this works without them too, with <c>-p</c>.</summary>
    public static ObservedProject Observe(Invocation invocation, string? name = null)
    {
        name ??= ProjectLoader.NameOf(Request(invocation));
        SkiffEngine engine = ContainerAccess.Open(invocation);
        return new ObservedProject(engine, name, Containers(engine, name));
    }

    /// <summary>The services of a command line that is being typed, with their images.</summary>
    public static IEnumerable<(string, string)> ServicesFor(IReadOnlyList<string> words)
    {
        List<string> files = [];
        string? directory = null;
        for (int i = 0; i < words.Count - 1; i++)
        {
            if (words[i] is "-f" or "--file" && !words.Take(i).Any(static w => w is "logs" or "rm"))
            {
                files.Add(words[i + 1]);
            }
            directory = words[i] == "--project-directory" ? words[i + 1] : directory;
        }
        LoadRequest request = new()
        {
            Directory = Path.GetFullPath("."),
            Variable = Environment.GetEnvironmentVariable,
            ReadFile = static path => path == "-" ? null : Files.TryReadAll(path, out _),
            Files = files,
            ProjectDirectory = directory,
            Profiles = ["*"],
        };
        return ProjectLoader.Load(request).Services.Select(static s => (s.Name, s.Image));
    }

    /// <summary>The containers of a project, or of all.</summary>
    public static IReadOnlyList<ObservedContainer> Containers(SkiffEngine engine, string? name) =>
        ObservedContainer.Of(
            new ContainerListing(engine.Containers, engine.Reconciler, (record, state) => MonitorAdoption.Ensure(engine, record, state)),
            name
        );

    /// <summary>Runs another verb of skiff in this process, with the same stores.</summary>
    public static int Delegate(Invocation invocation, params IReadOnlyList<string> words)
    {
        List<string> line = [];
        if (invocation.Globals.Root is { } root)
        {
            line.AddRange(["--root", root]);
        }
        if (invocation.Globals.Runroot is { } runroot)
        {
            line.AddRange(["--runroot", runroot]);
        }
        line.AddRange(words);
        Invocation other = CommandParser.Parse(line, CommandTable.Root(), invocation.Output);
        return other.Command.Run!(other);
    }
}

/// <summary>A project as it is.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Name">Its name.</param>
/// <param name="Containers">Its containers, by service and number.</param>
internal sealed record ObservedProject(SkiffEngine Engine, string Name, IReadOnlyList<ObservedContainer> Containers)
{
    /// <summary>The containers of some services, of all for no name; those of <c>compose run</c> only if asked for.</summary>
    /// <param name="services">The names.</param>
    /// <param name="invocation">To look into the compose files for a service that has no container.</param>
    /// <param name="oneOff">Those of <c>compose run</c> too.</param>
    public IReadOnlyList<ObservedContainer> Of(IReadOnlyList<string> services, Invocation invocation, bool oneOff = false)
    {
        Project? project = null;
        foreach (string service in services)
        {
            if (!Containers.Any(c => c.Service == service))
            {
                project ??= ProjectLoader.Load(ComposeAccess.Request(invocation) with { Profiles = ["*"] });
                _ = project.Find(service) ?? throw ProjectSelection.Missing(project, service);
            }
        }
        return [.. Containers.Where(c => (oneOff || !c.IsOneOff) && (services.Count == 0 || services.Contains(c.Service)))];
    }

    /// <summary>One container of a service that runs.</summary>
    public ObservedContainer Running(string service, int index, Invocation invocation)
    {
        IReadOnlyList<ObservedContainer> found = [.. Of([service], invocation).Where(static c => c.State.IsUp)];
        return found.FirstOrDefault(c => index == 0 || c.Number == index)
            ?? throw new SkiffException(
                index == 0 ? $"service \"{service}\" is not running" : $"service \"{service}\" is not running container #{index}"
            );
    }
}
