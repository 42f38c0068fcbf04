using Skiff.Engine.Containers;
using Skiff.Engine.Health;
using Skiff.Engine.Spec;
using Skiff.Images;
using Xunit;

namespace Skiff.Tests.Health;

public sealed class HealthRulesTests
{
    private static readonly HealthCheck s_check = new(
        ["CMD", "x"],
        TimeSpan.FromSeconds(30),
        TimeSpan.FromSeconds(30),
        TimeSpan.FromSeconds(60),
        TimeSpan.FromSeconds(5),
        2
    );

    private static HealthResult Result(int code) => new(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, code, "");

    private static HealthState After(HealthState health, TimeSpan since, params int[] codes)
    {
        foreach (int code in codes)
        {
            health = HealthRules.Next(health, Result(code), s_check, since);
        }
        return health;
    }

    [Theory]
    [InlineData("starting", 0, 10)]
    [InlineData("starting", 0, 10, 1, 1, 1)]
    [InlineData("healthy", 0, 10, 1, 0)]
    [InlineData("healthy", 1, 10, 0, 1)]
    [InlineData("unhealthy", 2, 10, 0, 1, 1)]
    [InlineData("starting", 1, 61, 1)]
    [InlineData("unhealthy", 2, 61, 1, -1)]
    [InlineData("unhealthy", 3, 61, 1, 2, 1)]
    [InlineData("healthy", 0, 61, 1, 1, 0)]
    public void The_state_follows_the_results(string status, int streak, int seconds, params int[] codes)
    {
        HealthState health = After(HealthState.Starting, TimeSpan.FromSeconds(seconds), codes);
        Assert.Equal((status, streak), (health.Status, health.FailingStreak));
        Assert.Equal(codes.TakeLast(5), health.Log.Select(r => r.ExitCode));
    }

    [Fact]
    public void The_pause_is_the_start_interval_until_it_was_healthy_once()
    {
        TimeSpan soon = TimeSpan.FromSeconds(10);
        Assert.Equal(s_check.StartInterval, HealthRules.Pause(HealthState.Starting, s_check, soon));
        Assert.Equal(s_check.Interval, HealthRules.Pause(After(HealthState.Starting, soon, 0), s_check, soon));
        Assert.Equal(s_check.Interval, HealthRules.Pause(HealthState.Starting, s_check, TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void Flags_stand_above_the_image_and_defaults_below_it()
    {
        ImageConfig image = new()
        {
            Healthcheck = new Healthcheck(["CMD-SHELL", "a"], 7_000_000_000, 0, 0, 0, 9),
            Shell = ["/bin/ash", "-ec"],
        };
        HealthCheck own = HealthConfig.Of(new RunOptions(), image)!;
        Assert.Equal(["/bin/ash", "-ec", "a"], HealthConfig.Command(own));
        Assert.Equal(
            (7, 30, 0, 5, 9),
            (
                (int)own.Interval.TotalSeconds,
                (int)own.Timeout.TotalSeconds,
                (int)own.StartPeriod.TotalSeconds,
                (int)own.StartInterval.TotalSeconds,
                own.Retries
            )
        );
        HealthCheck flags = HealthConfig.Of(
            new RunOptions
            {
                HealthCommand = "b",
                HealthRetries = 1,
                HealthTimeout = TimeSpan.FromSeconds(2),
            },
            image
        )!;
        Assert.Equal(
            ("b", 7, 2, 1),
            (HealthConfig.Command(flags)[^1], (int)flags.Interval.TotalSeconds, (int)flags.Timeout.TotalSeconds, flags.Retries)
        );
        Assert.Null(HealthConfig.Of(new RunOptions { NoHealthcheck = true }, image));
        Assert.Null(HealthConfig.Of(new RunOptions(), new ImageConfig { Healthcheck = new Healthcheck(["NONE"], 0, 0, 0, 0, 0) }));
        Assert.Null(HealthConfig.Of(new RunOptions { HealthInterval = TimeSpan.FromSeconds(1) }, null));
        Assert.Equal(["/bin/sh", "-c", "b"], HealthConfig.Command(HealthConfig.Of(new RunOptions { HealthCommand = "b" }, null)!));
    }
}
