namespace Skiff.Engine.Secrets;

/// <summary>What is known of a secret beside its content. Kept as the first line of its file, before the content.</summary>
public sealed partial record Secret
{
    /// <summary>The largest content, podman's: less than this many bytes.</summary>
    public const int ContentLimit = 512_000;

    /// <summary>25 hexadecimal digits; new whenever the content is replaced.</summary>
    public required string Id { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>When a secret of this name was made first, UTC.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>When the content was last replaced, UTC.</summary>
    public DateTimeOffset Updated { get; init; }
}
