using Skiff.Compose.Yaml;

namespace Skiff.Compose;

/// <summary>A loaded project: the model in its long form with every default, and what is to be known beside it.</summary>
/// <param name="root">The tree.</param>
public sealed class Project(Node root)
{
    /// <summary>The whole model.</summary>
    public Node Root { get; } = root;

    /// <summary>The project's name.</summary>
    public required string Name { get; init; }

    /// <summary>The project's directory.</summary>
    public required string Directory { get; init; }

    /// <summary>The compose files.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>The files of variables.</summary>
    public required IReadOnlyList<string> EnvFiles { get; init; }

    /// <summary>The project's variables.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>The names of the variables that the files of variables set.</summary>
    public IReadOnlyCollection<string> FileVariables { get; init; } = [];

    /// <summary>What the user should know and what stops nothing.</summary>
    public IReadOnlyList<string> Warnings { get; internal set; } = [];

    /// <summary>The services that are active, by name.</summary>
    public IReadOnlyList<ComposeService> Services { get; internal set; } = [];

    /// <summary>Services whose profiles are not active.</summary>
    public IReadOnlyList<ComposeService> Disabled { get; internal set; } = [];

    /// <summary>The service of that name, or null.</summary>
    public ComposeService? Find(string name)
    {
        foreach (ComposeService service in Services)
        {
            if (service.Name == name)
            {
                return service;
            }
        }
        return null;
    }
}
