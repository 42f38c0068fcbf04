using Skiff.Engine.Monitoring;
using Skiff.Engine.Spec;
using Xunit;

namespace Skiff.Tests.Monitoring;

public sealed class RestartDecisionTests
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(10);

    [Fact]
    public void The_pause_doubles_from_100_ms_to_a_minute_and_is_forgotten_after_ten_seconds_of_life()
    {
        RestartDecision decision = new();
        RestartPolicy always = new(RestartMode.Always);
        double[] pauses = [.. Enumerable.Range(0, 12).Select(_ => decision.Next(always, 0, s_moment, false)!.Value.TotalMilliseconds)];
        Assert.Equal([100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000], pauses);
        Assert.Equal(100, decision.Next(always, 0, TimeSpan.FromSeconds(10), false)!.Value.TotalMilliseconds);
        Assert.Equal(13, decision.Count);
        Assert.Equal(TimeSpan.Zero, decision.AtOnce());
        Assert.Equal(14, decision.Count);
    }

    [Theory]
    [InlineData(RestartMode.No, 1, false, false)]
    [InlineData(RestartMode.Always, 0, false, true)]
    [InlineData(RestartMode.Always, 0, true, false)]
    [InlineData(RestartMode.UnlessStopped, 137, false, true)]
    [InlineData(RestartMode.UnlessStopped, 137, true, false)]
    [InlineData(RestartMode.OnFailure, 0, false, false)]
    [InlineData(RestartMode.OnFailure, 1, false, true)]
    [InlineData(RestartMode.OnFailure, 1, true, false)]
    public void The_policy_decides(RestartMode mode, int exitCode, bool stopped, bool again) =>
        Assert.Equal(again, new RestartDecision().Next(new RestartPolicy(mode), exitCode, s_moment, stopped) is not null);

    [Fact]
    public void On_failure_counts_to_its_maximum()
    {
        RestartDecision decision = new();
        RestartPolicy twice = new(RestartMode.OnFailure, 2);
        Assert.NotNull(decision.Next(twice, 1, s_moment, false));
        Assert.NotNull(decision.Next(twice, 1, s_moment, false));
        Assert.Null(decision.Next(twice, 1, s_moment, false));
    }
}
