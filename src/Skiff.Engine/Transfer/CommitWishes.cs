using Skiff.Images;

namespace Skiff.Engine.Transfer;

/// <summary>What <c>commit</c> asks for.</summary>
public sealed record CommitWishes
{
    /// <summary>The new image's name; null for none.</summary>
    public Reference? Name { get; init; }

    /// <summary><c>-a</c>.</summary>
    public string Author { get; init; } = "";

    /// <summary><c>-m</c>.</summary>
    public string Message { get; init; } = "";

    /// <summary><c>-c</c>: Dockerfile instructions.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];

    /// <summary>Freeze a running container while its files are copied.</summary>
    public bool Pause { get; init; } = true;

    /// <summary>Takes a sentence for what is left out.</summary>
    public required Action<string> Remark { get; init; }

    /// <summary>Ends it.</summary>
    public CancellationToken Cancel { get; init; }
}
