namespace Skiff.Engine.Containers;

/// <summary>docker's <c>State.Health</c>.</summary>
/// <param name="Status"><c>starting</c>, <c>healthy</c> or <c>unhealthy</c>.</param>
/// <param name="FailingStreak">Failures in a row.</param>
/// <param name="Log">The last results, oldest first, at most <see cref="MaximumLog"/>.</param>
public sealed record HealthState(string Status, int FailingStreak, IReadOnlyList<HealthResult> Log)
{
    /// <summary>docker keeps five results.</summary>
    public const int MaximumLog = 5;

    /// <summary>docker keeps 4096 bytes of each output.</summary>
    public const int MaximumOutput = 4096;

    /// <summary>Before the first check.</summary>
    public static HealthState Starting { get; } = new("starting", 0, []);
}

/// <summary>The result of one health check.</summary>
/// <param name="Start">When it began.</param>
/// <param name="End">When it ended.</param>
/// <param name="ExitCode">0 healthy, 1 unhealthy, −1 when it timed out or could not start.</param>
/// <param name="Output">The first bytes of its output.</param>
public sealed record HealthResult(DateTimeOffset Start, DateTimeOffset End, int ExitCode, string Output);
