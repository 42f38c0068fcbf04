namespace Skiff.Engine.Launch;

/// <summary>How a container is to be stopped.</summary>
public sealed record StopWishes
{
    /// <summary>Who stops it, for the explanation of its end: <c>skiff stop</c>.</summary>
    public required string By { get; init; }

    /// <summary>The signal; null for the container's own stop signal.</summary>
    public int? Signal { get; init; }

    /// <summary>Seconds until SIGKILL, negative for never; null for the container's own.</summary>
    public long? TimeoutSeconds { get; init; }

    /// <summary>Told what the user should know and what stops nothing.</summary>
    public Action<string>? Notice { get; init; }
}
