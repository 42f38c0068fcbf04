namespace Skiff.Compose.Planning;

/// <summary>What <c>up</c> and <c>create</c> were asked for, and what is there.</summary>
public sealed record UpRequest
{
    /// <summary>The whole project.</summary>
    public required Project Project { get; init; }

    /// <summary>The services that were named; empty for all.</summary>
    public IReadOnlyList<string> Named { get; init; } = [];

    /// <summary>The project's containers.</summary>
    public required IReadOnlyList<ObservedContainer> Containers { get; init; }

    /// <summary>The names of the networks that are there.</summary>
    public required IReadOnlySet<string> Networks { get; init; }

    /// <summary>The names of the volumes that are there.</summary>
    public required IReadOnlySet<string> Volumes { get; init; }

    /// <summary>The id of an image, or null where it is not here.</summary>
    public required Func<string, string?> ImageId { get; init; }

    /// <summary><c>--scale</c>.</summary>
    public IReadOnlyDictionary<string, int> Scale { get; init; } = new Dictionary<string, int>();

    /// <summary><c>--force-recreate</c>.</summary>
    public bool ForceRecreate { get; init; }

    /// <summary><c>--no-recreate</c>.</summary>
    public bool NoRecreate { get; init; }

    /// <summary><c>--always-recreate-deps</c>.</summary>
    public bool AlwaysRecreateDependencies { get; init; }

    /// <summary><c>--no-deps</c>.</summary>
    public bool NoDependencies { get; init; }

    /// <summary><c>--remove-orphans</c>.</summary>
    public bool RemoveOrphans { get; init; }

    /// <summary><c>--build</c>.</summary>
    public bool Build { get; init; }

    /// <summary><c>--pull</c>; null for what the services say.</summary>
    public string? Pull { get; init; }

    /// <summary>False for <c>create</c> and <c>--no-start</c>.</summary>
    public bool Starts { get; init; } = true;
}
