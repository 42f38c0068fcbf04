namespace Skiff.Compose.Running;

/// <summary>What a container is made for, beside its service: its place in it, or the words of <c>compose run</c>.</summary>
public sealed record ContainerWishes
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The name of a container of another service, for namespaces and volumes that are shared.</summary>
    public required Func<string, string> ContainerOf { get; init; }

    /// <summary>Its number.</summary>
    public int Number { get; init; } = 1;

    /// <summary>It belongs to <c>compose run</c>.</summary>
    public bool IsOneOff { get; init; }

    /// <summary>The command instead of the service's; null for that.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Ports are published.</summary>
    public bool PublishesPorts { get; init; } = true;

    /// <summary>Others find it by the service's name.</summary>
    public bool HasAliases { get; init; } = true;

    /// <summary>Flags of <c>run</c> that come after the service's, and count more.</summary>
    public IReadOnlyList<(string Flag, string Value)> Flags { get; init; } = [];

    /// <summary>Volumes that an older container had at these paths, and nobody named.</summary>
    public IReadOnlyList<(string Volume, string Target)> Inherited { get; init; } = [];
}
