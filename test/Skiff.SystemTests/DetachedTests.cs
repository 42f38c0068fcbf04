using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Containers that live on after the command that started them.</summary>
public sealed class DetachedTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    [Fact]
    public void A_detached_container_is_listed_inspected_entered_and_removed()
    {
        host.Run("run", "-d", "--name", "lives", "--network", "none", Busybox, "sleep", "1000").Succeeded();
        Assert.Contains("lives", host.Run("ps", "--format", "{{.Names}}").Succeeded().Text, StringComparison.Ordinal);
        Assert.Equal("running", host.Run("inspect", "-f", "{{.State.Status}}", "lives").Succeeded().Text);
        Assert.Equal("inside", host.Run("exec", "-e", "WORD=inside", "lives", "sh", "-c", "echo $WORD").Succeeded().Text);
        host.Run("exec", "lives", "nosuch").ExitedWith(127);
        host.Run("exec", "lives", "sh", "-c", "exit 7").ExitedWith(7);
        host.Run("rm", "lives").ExitedWith(1).Complained("running");
        host.Run("rm", "-f", "lives").Succeeded();
        Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text);
    }

    [Fact]
    public void LIFE_14_What_ends_while_nobody_looks_is_recorded_with_its_output_and_code()
    {
        host.Run("run", "-d", "--name", "ends", "--network", "none", Busybox, "sh", "-c", "echo to out; echo to err >&2; exit 5")
            .Succeeded();
        Assert.Equal("5", host.Run("wait", "ends").Succeeded().Text);
        Assert.Equal("exited 5", host.Run("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "ends").Succeeded().Text);
        CommandResult logs = host.Run("logs", "ends").Succeeded();
        Assert.Equal("to out", logs.Text);
        Assert.Contains("to err", logs.Error, StringComparison.Ordinal);
        host.Run("rm", "ends").Succeeded();
    }

    [Fact]
    public void RUN_13_Stop_sends_the_stop_signal_and_the_container_ends_by_its_own_hand()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "polite",
                "--network",
                "none",
                Busybox,
                "sh",
                "-c",
                "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done"
            )
            .Succeeded();
        Wait.Until(() => host.Run("logs", "polite").Text.Contains("ready", StringComparison.Ordinal), 10, () => "it did not get ready");
        host.Run("stop", "polite").Succeeded();
        Assert.Equal("3", host.Run("inspect", "-f", "{{.State.ExitCode}}", "polite").Succeeded().Text);
        host.Run("rm", "polite").Succeeded();
    }

    [Fact]
    public void A_paused_container_stands_still_until_it_is_unpaused()
    {
        host.Run("run", "-d", "--name", "pauses", "--network", "none", Busybox, "sleep", "1000").Succeeded();
        host.Run("pause", "pauses").Succeeded();
        Assert.Equal("paused", host.Run("inspect", "-f", "{{.State.Status}}", "pauses").Succeeded().Text);
        host.Run("unpause", "pauses").Succeeded();
        Assert.Equal("running", host.Run("inspect", "-f", "{{.State.Status}}", "pauses").Succeeded().Text);
        host.Run("rm", "-f", "pauses").Succeeded();
    }

    [Fact]
    public void A_kept_container_runs_again_with_its_files()
    {
        host.Run("run", "--name", "again", "--network", "none", Busybox, "sh", "-c", "echo once >> /seen; cat /seen").Succeeded();
        Assert.Equal("once\nonce", host.Run("start", "-a", "again").Succeeded().Text);
        host.Run("rm", "again").Succeeded();
    }

    [Fact]
    public void The_command_line_of_a_container_creates_it_again()
    {
        host.Run("run", "-d", "--name", "shown", "--network", "none", "-e", "A=b c", Busybox, "sleep", "1000").Succeeded();
        string line = host.Run("inspect", "--run-command", "shown").Succeeded().Text;
        Assert.StartsWith("skiff run ", line, StringComparison.Ordinal);
        Assert.Contains("'A=b c'", line, StringComparison.Ordinal);
        host.Run("rm", "-f", "shown").Succeeded();
    }
}
