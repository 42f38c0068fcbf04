using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Xunit;

namespace Skiff.Tests.Containers;

public sealed class ContainerEndTests
{
    private static readonly ContainerState s_killed = new()
    {
        Status = ContainerStatus.Exited,
        ExitCode = 137,
        Signal = 9,
        Reason = "killed by signal 9 (SIGKILL)",
    };

    private static readonly ContainerState s_oom = s_killed with { OomKilled = true, Reason = "out of memory" };

    [Fact]
    public void The_end_says_who_sent_the_signal()
    {
        ContainerState recorded = new()
        {
            Signalled = 9,
            SignalledBy = "skiff kill",
            StoppedByUser = true,
            Health = HealthState.Starting,
        };
        ContainerState end = s_killed.EndOf(recorded);
        Assert.Equal("killed by SIGKILL, sent by skiff kill", end.Reason);
        Assert.True(end.StoppedByUser);
        Assert.Same(recorded.Health, end.Health);
        Assert.Equal(end.ToJson(), ContainerState.Parse(end.ToJson()).ToJson());
    }

    [Fact]
    public void Another_signal_or_none_of_ours_is_not_blamed_on_us()
    {
        Assert.Equal(s_killed.Reason, s_killed.EndOf(new ContainerState()).Reason);
        Assert.Equal(s_killed.Reason, s_killed.EndOf(new ContainerState { Signalled = 10, SignalledBy = "skiff kill" }).Reason);
        ContainerState exited = new() { Status = ContainerStatus.Exited, ExitCode = 3 };
        Assert.Equal("", exited.EndOf(new ContainerState { Signalled = 10, SignalledBy = "skiff kill" }).Reason);
        Assert.Equal(
            "ended after SIGTERM, sent by skiff stop",
            exited
                .EndOf(
                    new ContainerState
                    {
                        Signalled = 15,
                        SignalledBy = "skiff stop",
                        StoppedByUser = true,
                    }
                )
                .Reason
        );
    }

    [Fact]
    public void Out_of_memory_is_the_reason_unless_we_killed_it()
    {
        Assert.Equal(
            (true, "out of memory"),
            Reason(
                s_oom.EndOf(
                    new ContainerState
                    {
                        Signalled = 15,
                        SignalledBy = "skiff stop",
                        StoppedByUser = true,
                    }
                )
            )
        );
        Assert.Equal(
            (false, "killed by SIGKILL, sent by skiff kill"),
            Reason(s_oom.EndOf(new ContainerState { Signalled = 9, SignalledBy = "skiff kill" }))
        );

        static (bool, string) Reason(ContainerState state) => (state.OomKilled, state.Reason);
    }

    [Theory]
    [InlineData(RestartMode.Always, true, 0, true)]
    [InlineData(RestartMode.UnlessStopped, true, 0, false)]
    [InlineData(RestartMode.UnlessStopped, false, 0, true)]
    [InlineData(RestartMode.OnFailure, false, 255, true)]
    [InlineData(RestartMode.OnFailure, false, 0, false)]
    [InlineData(RestartMode.OnFailure, true, 137, false)]
    [InlineData(RestartMode.No, false, 255, false)]
    public void A_reboot_starts_what_dockers_daemon_would(RestartMode mode, bool stopped, int exitCode, bool starts)
    {
        ContainerRecord record = new()
        {
            Id = new string('a', 64),
            Name = "x",
            Created = DateTimeOffset.UnixEpoch,
            RestartPolicy = new RestartPolicy(mode),
        };
        ContainerState state = new()
        {
            Status = ContainerStatus.Exited,
            StartedAt = DateTimeOffset.UnixEpoch,
            StoppedByUser = stopped,
            ExitCode = exitCode,
        };
        Assert.Equal(starts, BootPolicy.Starts(record, state));
        Assert.False(BootPolicy.Starts(record, state with { StartedAt = null }));
        Assert.False(BootPolicy.Starts(record, state with { Status = ContainerStatus.Running }));
    }
}
