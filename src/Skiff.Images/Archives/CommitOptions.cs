namespace Skiff.Images.Archives;

/// <summary>What <c>commit</c> makes of a container.</summary>
public sealed record CommitOptions
{
    /// <summary>The image that the container was made from.</summary>
    public required Store.Image Base { get; init; }

    /// <summary>How the new image is run; layers, history and time are filled in.</summary>
    public required ImageConfig Config { get; init; }

    /// <summary>The image's name; null for none.</summary>
    public Reference? Name { get; init; }

    /// <summary>Who made it.</summary>
    public string Author { get; init; } = "";

    /// <summary>A remark for the history.</summary>
    public string Message { get; init; } = "";

    /// <summary>The command that ran, for the history.</summary>
    public string CreatedBy { get; init; } = "";

    /// <summary>The time of creation.</summary>
    public required DateTimeOffset Created { get; init; }
}
