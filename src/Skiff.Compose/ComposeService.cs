using Skiff.Compose.Yaml;

namespace Skiff.Compose;

/// <summary>A service: its part of the model, and what the planning asks of it most.</summary>
/// <param name="name">Its name.</param>
/// <param name="node">Its part of the model.</param>
/// <param name="project">The project's name.</param>
public sealed class ComposeService(string name, Node node, string project)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Its part of the model.</summary>
    public Node Node { get; } = node;

    /// <summary>The image that its containers are made of; of a service that is built without saying a name, the one the build makes.</summary>
    public string Image => Node.TextOf("image") ?? $"{project}-{Name}";

    /// <summary>Whether it has a build section.</summary>
    public bool IsBuilt => Node["build"] is { Kind: NodeKind.Map };

    /// <summary>How many containers it is to have.</summary>
    public int Scale =>
        Node["scale"] is { Kind: NodeKind.Int } scale ? (int)scale.Number
        : Node["deploy"]?["replicas"] is { Kind: NodeKind.Int } replicas ? (int)replicas.Number
        : 1;

    /// <summary>The name of its only container, or null.</summary>
    public string? ContainerName => Node.TextOf("container_name");

    /// <summary>Its profiles.</summary>
    public IReadOnlyList<string> Profiles => [.. Node.ItemsOf("profiles").Select(static p => p.Text)];

    /// <summary>What it depends on.</summary>
    public IReadOnlyList<Dependency> DependsOn =>
        [
            .. Node.EntriesOf("depends_on")
                .Select(static e => new Dependency(
                    e.Key,
                    e.Value.TextOf("condition") switch
                    {
                        "service_healthy" => DependencyCondition.Healthy,
                        "service_completed_successfully" => DependencyCondition.Completed,
                        _ => DependencyCondition.Started,
                    },
                    e.Value["required"] is not { Kind: NodeKind.Bool } required || required.IsTrue,
                    e.Value.Is("restart")
                )),
        ];

    /// <summary>The networks it joins, that with the highest priority first.</summary>
    public IReadOnlyList<KeyValuePair<string, Node>> Networks =>
        [.. Node.EntriesOf("networks").OrderByDescending(static e => e.Value["priority"] is { Kind: NodeKind.Int } p ? p.Number : 0)];

    /// <summary>The name of one of its containers.</summary>
    public string NameOf(int number) => ContainerName ?? $"{project}-{Name}-{number}";
}

/// <summary>When a service that another one depends on is there.</summary>
public enum DependencyCondition
{
    /// <summary>Its containers were started.</summary>
    Started,

    /// <summary>They are healthy.</summary>
    Healthy,

    /// <summary>They have ended with code 0.</summary>
    Completed,
}

/// <summary>One entry of <c>depends_on</c>.</summary>
/// <param name="Service">The other service.</param>
/// <param name="Condition">When it is there.</param>
/// <param name="Required">False: the service starts without it too.</param>
/// <param name="Restart">True: the service is restarted when compose restarts the other one.</param>
public readonly record struct Dependency(string Service, DependencyCondition Condition, bool Required, bool Restart);
