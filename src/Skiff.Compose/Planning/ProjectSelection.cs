using Skiff.Compose.Loading;
using Skiff.Compose.Yaml;
using Skiff.Linux;

namespace Skiff.Compose.Planning;

/// <summary>A part of a project: some services, with what they depend on or without.</summary>
public static class ProjectSelection
{
    /// <summary>The project with these services only; all of them for no name.</summary>
    /// <exception cref="SkiffException">There is no service of that name.</exception>
    public static Project With(Project project, IReadOnlyList<string> names, bool dependencies)
    {
        if (names.Count == 0)
        {
            return project;
        }
        HashSet<string> wanted = [];
        foreach (string name in names)
        {
            Take(project.Find(name) ?? throw Missing(project, name));
        }
        Node root = project.Root.Clone();
        foreach ((string name, _) in root.EntriesOf("services").ToArray())
        {
            if (!wanted.Contains(name))
            {
                root["services"]!.Remove(name);
            }
        }
        Project part = new(root)
        {
            Name = project.Name,
            Directory = project.Directory,
            Files = project.Files,
            EnvFiles = project.EnvFiles,
            Variable = project.Variable,
            Services =
            [
                .. root.EntriesOf("services")
                    .Select(e => new ComposeService(e.Key, e.Value, project.Name))
                    .OrderBy(static s => s.Name, StringComparer.Ordinal),
            ],
            Disabled = project.Disabled,
        };
        ModelCheck.Prune(part);
        return part;

        void Take(ComposeService service)
        {
            if (!wanted.Add(service.Name) || !dependencies)
            {
                return;
            }
            foreach (Dependency dependency in service.DependsOn)
            {
                if (project.Find(dependency.Service) is { } other)
                {
                    Take(other);
                }
            }
        }
    }

    /// <summary>The error for a service that is not in the project.</summary>
    public static SkiffException Missing(Project project, string name) =>
        new($"no such service: {name}{ComposeError.Near(name, project.Services.Select(static s => s.Name))}");
}
