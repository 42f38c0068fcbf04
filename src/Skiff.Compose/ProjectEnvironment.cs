using System.Collections;

namespace Skiff.Compose;

/// <summary>The variables of a project.</summary>
public static class ProjectEnvironment
{
    /// <summary><c>NAME=value</c>, sorted: the caller's and those of the project's files.</summary>
    public static IEnumerable<string> All(Project project)
    {
        SortedSet<string> names = new(StringComparer.Ordinal) { "COMPOSE_PROJECT_NAME" };
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            names.Add((string)entry.Key);
        }
        names.UnionWith(project.FileVariables);
        return names.Where(n => project.Variable(n) is not null).Select(n => $"{n}={project.Variable(n)}");
    }
}
