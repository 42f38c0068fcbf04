using Skiff.Engine.Containers;

namespace Skiff.Engine.Health;

/// <summary>docker's state machine of a container's health: starting → healthy ⇄ unhealthy.</summary>
public static class HealthRules
{
    public const string Starting = "starting";
    public const string Healthy = "healthy";
    public const string Unhealthy = "unhealthy";

    /// <summary>The health after one more result.</summary>
    /// <param name="health">Before.</param>
    /// <param name="result">What the check gave.</param>
    /// <param name="check">The check.</param>
    /// <param name="sinceStart">How long the container ran when the check began: failures in the start period do not count until it was healthy once.</param>
    public static HealthState Next(HealthState health, HealthResult result, HealthCheck check, TimeSpan sinceStart)
    {
        List<HealthResult> log = [.. health.Log.TakeLast(HealthState.MaximumLog - 1), result];
        if (result.ExitCode == 0)
        {
            return new HealthState(Healthy, 0, log);
        }
        if (health.Status == Starting && sinceStart < check.StartPeriod)
        {
            return health with { Log = log };
        }
        int streak = health.FailingStreak + 1;
        return new HealthState(streak >= check.Retries ? Unhealthy : health.Status, streak, log);
    }

    /// <summary>The time from the end of one check, or from the start, to the next check.</summary>
    public static TimeSpan Pause(HealthState health, HealthCheck check, TimeSpan sinceStart) =>
        sinceStart < check.StartPeriod && health.Status == Starting ? check.StartInterval : check.Interval;
}
