using System.Text.Json;
using System.Text.Json.Nodes;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Health checks: who runs them, what they lead to, what is shown.</summary>
public sealed class HealthTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    /// <summary>An image whose HEALTHCHECK looks for a file.</summary>
    private static TestImage Checked { get; } =
        new(
            "checked",
            "1",
            () =>
                new ImageBuilder()
                    .Layer(TestImages.BusyboxFiles)
                    .Set("Cmd", TestImages.Words("sleep", "1000"))
                    .Set("Env", TestImages.Words("PATH=/usr/local/bin:/usr/bin:/bin", "FILE=/well"))
                    .Set(
                        "Healthcheck",
                        new JsonObject
                        {
                            ["Test"] = TestImages.Words("CMD-SHELL", "echo looked for $FILE; test -e $FILE"),
                            ["Interval"] = 100_000_000,
                            ["Retries"] = 2,
                        }
                    )
                    .Build()
        );

    private string Busybox => host.Image(TestImages.Busybox);

    private string Health(string name) => host.Run("inspect", "-f", "{{with .State.Health}}{{.Status}}{{end}}", name).Succeeded().Text;

    private void Await(string name, string status) =>
        Wait.Until(
            () => Health(name) == status,
            30,
            () => $"{name} did not become {status}\n{host.Run("inspect", "-f", "{{json .State}}", name)}"
        );

    [Theory]
    [InlineData("kill")]
    [InlineData("restart")]
    [InlineData("stop")]
    public void An_action_without_a_check_is_refused(string action)
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "unchecked",
                "--network",
                "none",
                "--health-on-failure",
                action,
                host.Image(TestImages.Busybox),
                "true"
            )
            .ExitedWith(125)
            .Complained("no health check");
        host.Run("inspect", "unchecked").ExitedWith(1);
        host.Run("create", "--name", "unchecked", "--network", "none", "--health-on-failure", action, host.Image(Checked), "true")
            .Succeeded();
        host.Run("rm", "unchecked").Succeeded();
    }

    [Fact]
    public void The_images_check_runs_in_the_background_and_its_states_are_dockers()
    {
        host.Run("run", "-d", "--name", "image", "--network", "none", host.Image(Checked)).Succeeded();
        Await("image", "unhealthy");
        Assert.Contains(
            "(unhealthy)",
            host.Run("ps", "--filter", "name=image", "--format", "{{.Status}}").Succeeded().Text,
            StringComparison.Ordinal
        );
        using JsonDocument state = JsonDocument.Parse(host.Run("inspect", "-f", "{{json .State.Health}}", "image").Succeeded().Text);
        Assert.True(state.RootElement.GetProperty("FailingStreak").GetInt32() >= 2);
        JsonElement last = state.RootElement.GetProperty("Log").EnumerateArray().Last();
        Assert.Equal("looked for /well\n", last.GetProperty("Output").GetString());
        Assert.Equal(1, last.GetProperty("ExitCode").GetInt32());
        Assert.True(last.GetProperty("End").GetDateTimeOffset() >= last.GetProperty("Start").GetDateTimeOffset());
        host.Run("exec", "image", "touch", "/well").Succeeded();
        Await("image", "healthy");
        Assert.Equal("image", host.Run("ps", "--filter", "health=healthy", "--format", "{{.Names}}").Succeeded().Text);
        Assert.Equal("0", host.Run("inspect", "-f", "{{.State.Health.FailingStreak}}", "image").Succeeded().Text);
        Wait.Until(
            () => int.Parse(host.Run("inspect", "-f", "{{len .State.Health.Log}}", "image").Text) == 5,
            20,
            () => "five results were expected"
        );
        host.Run("rm", "-f", "image").Succeeded();
        string[] told = host.Run(
                "events",
                "--since",
                "0",
                "--until",
                "0s",
                "--filter",
                "container=image",
                "--filter",
                "event=health_status",
                "--format",
                "{{.Action}}"
            )
            .Succeeded()
            .Lines;
        Assert.Equal(["health_status: unhealthy", "health_status: healthy"], told);
    }

    [Fact]
    public void Flags_replace_the_images_check_or_switch_it_off()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "flags",
                "--network",
                "none",
                "--health-cmd",
                "true",
                "--health-interval",
                "50ms",
                host.Image(Checked)
            )
            .Succeeded();
        host.Run("run", "-d", "--name", "off", "--network", "none", "--no-healthcheck", host.Image(Checked)).Succeeded();
        Await("flags", "healthy");
        Assert.Equal("", Health("off"));
        Assert.Equal(
            "[CMD-SHELL true] 50000000 2",
            host.Run("inspect", "-f", "{{with .Config.Healthcheck}}{{.Test}} {{.Interval}} {{.Retries}}{{end}}", "flags").Succeeded().Text
        );
        host.Run("create", "--name", "bare", "--health-cmd", "true", "--health-start-interval", "7s", Busybox, "true").Succeeded();
        Assert.Equal(
            "{\"Test\":[\"CMD-SHELL\",\"true\"],\"StartInterval\":7000000000}",
            host.Run("inspect", "-f", "{{json .Config.Healthcheck}}", "bare").Succeeded().Text
        );
        host.Run("rm", "bare").Succeeded();
        Assert.Equal("off", host.Run("ps", "--filter", "health=none", "--format", "{{.Names}}").Succeeded().Text);
        host.Run("rm", "-f", "flags", "off").Succeeded();
        host.Run("create", "--no-healthcheck", "--health-cmd", "true", Busybox).ExitedWith(125).Complained("exclude");
    }

    [Fact]
    public void Failures_in_the_start_period_do_not_count()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "slow",
                "--network",
                "none",
                "--health-cmd",
                "test -e /ready",
                "--health-start-period",
                "1h",
                "--health-start-interval",
                "50ms",
                "--health-interval",
                "1h",
                "--health-retries",
                "1",
                Busybox,
                "sleep",
                "1000"
            )
            .Succeeded();
        Wait.Until(
            () => host.Run("inspect", "-f", "{{len .State.Health.Log}}", "slow").Text == "5",
            20,
            () => "no checks in the start period"
        );
        Assert.Equal(
            "starting 0",
            host.Run("inspect", "-f", "{{.State.Health.Status}} {{.State.Health.FailingStreak}}", "slow").Succeeded().Text
        );
        Assert.Contains(
            "(health: starting)",
            host.Run("ps", "--filter", "name=slow", "--format", "{{.Status}}").Succeeded().Text,
            StringComparison.Ordinal
        );
        host.Run("exec", "slow", "touch", "/ready").Succeeded();
        Await("slow", "healthy");
        host.Run("rm", "-f", "slow").Succeeded();
    }

    [Fact]
    public void A_check_that_takes_too_long_is_killed_with_its_children_and_holds_up_no_output()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "hangs",
                "--network",
                "none",
                "--health-cmd",
                "echo begun; sleep 7777 & sleep 7777",
                "--health-interval",
                "50ms",
                "--health-timeout",
                "300ms",
                "--health-retries",
                "1",
                Busybox,
                "sh",
                "-c",
                "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done"
            )
            .Succeeded();
        Await("hangs", "unhealthy");
        string output = host.Run(
                "inspect",
                "-f",
                "{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}",
                "hangs"
            )
            .Succeeded()
            .Text;
        Assert.Equal("-1 Health check exceeded timeout (300ms): begun", output.TrimEnd());
        string[] lines = host.Run("logs", "hangs").Succeeded().Lines;
        Assert.True(lines.Length > 5, "the output was held up");
        host.Run("pause", "hangs").Succeeded();
        Wait.Until(
            () => host.Run("top", "hangs", "-eo", "args").Lines.Count(l => l.Contains("7777", StringComparison.Ordinal)) <= 2,
            10,
            () => host.Run("top", "hangs").Output
        );
        host.Run("rm", "-f", "hangs").Succeeded();
    }

    [Fact]
    public void Long_output_is_cut_and_a_missing_command_is_an_unhealthy_sentence()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "long",
                "--network",
                "none",
                "--health-cmd",
                "yes 0123456789 | head -c 100000",
                "--health-interval",
                "50ms",
                Busybox,
                "sleep",
                "1000"
            )
            .Succeeded();
        Await("long", "healthy");
        string output = host.Run("inspect", "-f", "{{(index .State.Health.Log 0).Output}}", "long").Succeeded().Output.TrimEnd('\n');
        Assert.Equal(4096 + 3, output.Length);
        Assert.EndsWith("...", output, StringComparison.Ordinal);
        host.Run("rm", "-f", "long").Succeeded();
        TestImage missing = new(
            "checkedmissing",
            "1",
            () =>
                new ImageBuilder()
                    .Layer(TestImages.BusyboxFiles)
                    .Set("Cmd", TestImages.Words("sleep", "1000"))
                    .Set("Env", TestImages.Words("PATH=/bin"))
                    .Set(
                        "Healthcheck",
                        new JsonObject
                        {
                            ["Test"] = TestImages.Words("CMD", "nosuch"),
                            ["Interval"] = 50_000_000,
                            ["Retries"] = 1,
                        }
                    )
                    .Build()
        );
        host.Run("run", "-d", "--name", "missing", "--network", "none", host.Image(missing)).Succeeded();
        Await("missing", "unhealthy");
        Assert.Contains(
            "no command nosuch",
            host.Run("inspect", "-f", "{{(index .State.Health.Log 0).Output}}", "missing").Succeeded().Text,
            StringComparison.Ordinal
        );
        host.Run("rm", "-f", "missing").Succeeded();
    }

    [Fact]
    public void A_paused_container_is_not_checked()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "still",
                "--network",
                "none",
                "--health-cmd",
                "true",
                "--health-interval",
                "50ms",
                Busybox,
                "sleep",
                "1000"
            )
            .Succeeded();
        Await("still", "healthy");
        host.Run("pause", "still").Succeeded();
        string Last() => host.Run("inspect", "-f", "{{range .State.Health.Log}}{{.End}} {{end}}", "still").Succeeded().Text.Split(' ')[^2];
        string frozen = Last();
        host.Run("exec", "still", "true").ExitedWith(1);
        Assert.Equal("paused", host.Run("inspect", "-f", "{{.State.Status}}", "still").Succeeded().Text);
        Assert.Equal(frozen, Last());
        host.Run("unpause", "still").Succeeded();
        Wait.Until(() => Last() != frozen, 20, () => "the checks did not go on");
        host.Run("rm", "-f", "still").Succeeded();
    }

    [Fact]
    public void A_check_that_is_frozen_with_its_container_does_not_count()
    {
        const int Timeout = 300;
        host.Run(
                "run",
                "-d",
                "--name",
                "caught",
                "--network",
                "none",
                "--health-cmd",
                "echo > /began; sleep 1000",
                "--health-interval",
                "10ms",
                "--health-retries",
                "1000",
                "--health-timeout",
                $"{Timeout}ms",
                Busybox,
                "sleep",
                "1000"
            )
            .Succeeded();
        string Failures() => host.Run("inspect", "-f", "{{.State.Health.FailingStreak}}", "caught").Succeeded().Text;
        Wait.Until(() => host.Run("exec", "caught", "test", "-e", "/began").ExitCode == 0, 20, () => "no check began");
        host.Run("pause", "caught").Succeeded();
        string before = Failures();
        Thread.Sleep(Timeout * 2); // that nothing happens when its time is over
        Assert.Equal(before, Failures());
        host.Run("unpause", "caught").Succeeded();
        Wait.Until(() => Failures() != before, 20, () => "the checks did not go on");
        host.Run("rm", "-f", "caught").Succeeded();
    }

    [Theory]
    [InlineData("kill", "exited 137")]
    [InlineData("stop", "exited 3")]
    public void An_unhealthy_container_is_ended_where_that_was_asked_for(string action, string expected)
    {
        string name = "acts-" + action;
        host.Run(
                "run",
                "-d",
                "--name",
                name,
                "--network",
                "none",
                "--health-cmd",
                "test ! -e /ill",
                "--health-interval",
                "50ms",
                "--health-retries",
                "1",
                "--health-on-failure",
                action,
                Busybox,
                "sh",
                "-c",
                "trap 'exit 3' TERM; while :; do sleep 0.05; done"
            )
            .Succeeded();
        Await(name, "healthy");
        host.Run("exec", name, "touch", "/ill").Succeeded();
        host.Run("wait", name).Succeeded();
        Assert.Equal(expected, host.Run("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name).Succeeded().Text);
        Assert.Contains(
            "the health check",
            host.Run("inspect", "-f", "{{.State.Reason}}", name).Succeeded().Text,
            StringComparison.Ordinal
        );
        Assert.Equal("unhealthy", Health(name));
        host.Run("rm", name).Succeeded();
    }

    [Fact]
    public void An_unhealthy_container_is_started_again_where_that_was_asked_for()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "heals",
                "--network",
                "none",
                "--health-cmd",
                "test ! -e /tmp/ill",
                "--health-interval",
                "50ms",
                "--health-retries",
                "1",
                "--health-on-failure",
                "restart",
                Busybox,
                "sh",
                "-c",
                "rm -f /tmp/ill; trap 'exit 0' TERM; while :; do sleep 0.05; done"
            )
            .Succeeded();
        Await("heals", "healthy");
        host.Run("exec", "heals", "touch", "/tmp/ill").Succeeded();
        Wait.Until(
            () => host.Run("inspect", "-f", "{{.RestartCount}}", "heals").Text == "1",
            20,
            () => host.Run("inspect", "heals").Output
        );
        Await("heals", "healthy");
        host.Run("rm", "-f", "heals").Succeeded();
    }

    [Fact]
    public void A_container_in_the_foreground_is_checked_too()
    {
        using RunningCommand run = host.Start(
            "run",
            "--rm",
            "--name",
            "front",
            "--network",
            "none",
            "--health-cmd",
            "echo checked",
            "--health-interval",
            "50ms",
            Busybox,
            "sh",
            "-c",
            "echo ready; exec sleep 1000"
        );
        run.WaitForOutput("ready");
        Await("front", "healthy");
        host.Run("kill", "front").Succeeded();
        run.WaitForExit().ExitedWith(137);
        Assert.Equal("", host.Run("ps", "-aq", "--filter", "name=front").Succeeded().Text);
    }
}
