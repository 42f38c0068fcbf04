namespace Skiff.Engine.Volumes;

/// <summary>A volume: a directory that outlives containers, with what was said when it was made. Kept in volumes/&lt;name&gt;/volume.json.</summary>
public sealed partial record Volume
{
    /// <summary>The label by which docker knows volumes that nobody named.</summary>
    public const string AnonymousLabel = "com.docker.volume.anonymous";

    /// <summary>Its name, at least two of <c>[a-zA-Z0-9][a-zA-Z0-9_.-]</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The driver; there is one, <c>local</c>.</summary>
    public string Driver { get; init; } = "local";

    /// <summary>Options of the driver: <c>type</c>, <c>device</c>, <c>o</c>; empty for a plain directory.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>When it was made, UTC.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>Made with a generated name, for one container or by <c>volume create</c> without a name.</summary>
    public bool IsAnonymous => Labels.ContainsKey(AnonymousLabel);
}
