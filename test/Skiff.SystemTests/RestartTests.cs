using System.Globalization;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Restart policies, and <c>restart</c>.</summary>
public sealed class RestartTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    private string Inspect(string name, string format) => host.Run("inspect", "-f", format, name).Succeeded().Text;

    private int Count(string name) => int.Parse(Inspect(name, "{{.RestartCount}}"), CultureInfo.InvariantCulture);

    private void AwaitState(string name, string state) =>
        Wait.Until(() => Inspect(name, "{{.State.Status}}") == state, 20, () => host.Run("inspect", "-f", "{{json .State}}", name).Output);

    [Fact]
    public void On_failure_gives_up_after_the_given_number_and_not_after_success()
    {
        host.Run("run", "-d", "--name", "fails", "--network", "none", "--restart", "on-failure:2", Busybox, "sh", "-c", "echo life; exit 9")
            .Succeeded();
        Wait.Until(
            () => Inspect("fails", "{{.State.Status}} {{.RestartCount}}") == "exited 2",
            20,
            () => host.Run("inspect", "fails").Output
        );
        Assert.Equal("9", Inspect("fails", "{{.State.ExitCode}}"));
        Assert.Equal(["life", "life", "life"], host.Run("logs", "fails").Succeeded().Lines);
        host.Run("run", "-d", "--name", "works", "--network", "none", "--restart", "on-failure", Busybox, "true").Succeeded();
        AwaitState("works", "exited");
        Assert.Equal(0, Count("works"));
        host.Run("rm", "fails", "works").Succeeded();
    }

    [Fact]
    public void Always_starts_again_until_it_is_stopped_by_hand()
    {
        host.Run("run", "-d", "--name", "always", "--network", "none", "--restart", "always", Busybox, "sh", "-c", "sleep 0.05; exit 4")
            .Succeeded();
        Wait.Until(() => Count("always") >= 3, 20, () => host.Run("inspect", "always").Output);
        // The pauses double, so that after a few lives it is mostly between two of them.
        Wait.Until(
            () =>
                host.Run("ps", "-a", "--filter", "name=always", "--format", "{{.Status}}")
                    .Text.StartsWith("Restarting (4) ", StringComparison.Ordinal),
            20,
            () => host.Run("ps", "-a").Output
        );
        Wait.Until(
            () => Inspect("always", "{{.State.Status}} {{.State.Running}} {{.State.Restarting}}") == "restarting true true",
            20,
            () => host.Run("inspect", "always").Output
        );
        Wait.Until(
            () =>
            {
                string[] shown = host.Run("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}").Succeeded().Lines;
                return shown.Contains("always 0");
            },
            20,
            () => host.Run("stats", "--no-stream").Output
        );
        Wait.Until(
            () => host.Run("exec", "always", "true").Error.Contains("between two lives", StringComparison.Ordinal),
            20,
            () => host.Run("exec", "always", "true").Error
        );
        host.Run("kill", "-s", "HUP", "always").ExitedWith(1);
        host.Run("kill", "always").Succeeded();
        Assert.Equal("exited", Inspect("always", "{{.State.Status}}"));
        host.Run("start", "always").Succeeded();
        Wait.Until(() => Count("always") >= 2, 20, () => host.Run("inspect", "always").Output);
        host.Run("rm", "always").ExitedWith(1);
        host.Run("stop", "always").Succeeded();
        Assert.Equal("exited", Inspect("always", "{{.State.Status}}"));
        int count = Count("always");
        host.Run("start", "always").Succeeded();
        Assert.True(Count("always") < count, "a start by hand begins to count anew");
        host.Run("rm", "-f", "always").Succeeded();
    }

    [Fact]
    public void A_killed_container_stays_down_and_one_that_crashes_does_not()
    {
        string id = host.Run("run", "-d", "--name", "crash", "--network", "none", "--restart", "unless-stopped", Busybox, "sleep", "1000")
            .Succeeded()
            .Text;
        int pid = int.Parse(Inspect("crash", "{{.State.Pid}}"), CultureInfo.InvariantCulture);
        _ = Native.kill(pid, 9);
        Wait.Until(
            () => Inspect("crash", "{{.RestartCount}} {{.State.Status}}") == "1 running",
            20,
            () => host.Run("inspect", "crash").Output
        );
        host.Run("kill", "crash").Succeeded();
        Assert.Equal("exited 137", Inspect("crash", "{{.State.Status}} {{.State.ExitCode}}"));
        Assert.Equal(1, Count("crash"));
        Assert.Equal(id, Inspect("crash", "{{.Id}}"));
        host.Run("rm", "crash").Succeeded();
    }

    [Fact]
    public void Restart_stops_and_starts_what_runs_and_starts_what_does_not()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "again",
                "--network",
                "none",
                Busybox,
                "sh",
                "-c",
                "echo life; trap 'exit 0' TERM; while :; do sleep 0.05; done"
            )
            .Succeeded();
        string before = Inspect("again", "{{.State.Pid}}");
        host.Run("restart", "again").Succeeded();
        Assert.NotEqual(before, Inspect("again", "{{.State.Pid}}"));
        host.Run("stop", "again").Succeeded();
        host.Run("restart", "again").Succeeded();
        Assert.Equal("running 0", Inspect("again", "{{.State.Status}} {{.RestartCount}}"));
        Wait.Until(() => host.Run("logs", "again").Lines.Length == 3, 10, () => host.Run("logs", "again").Output);
        host.Run("rm", "-f", "again").Succeeded();
    }

    [Fact]
    public void A_policy_that_update_sets_counts_from_now_on()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "changed",
                "--network",
                "none",
                "--restart",
                "always",
                Busybox,
                "sh",
                "-c",
                "trap 'exit 5' USR1; echo ready; while :; do sleep 0.05; done"
            )
            .Succeeded();
        Wait.Until(() => host.Run("logs", "changed").Text == "ready", 10, () => "not ready");
        host.Run("update", "--restart", "no", "changed").Succeeded();
        host.Run("kill", "-s", "USR1", "changed").Succeeded();
        AwaitState("changed", "exited");
        Assert.Equal("5 0", Inspect("changed", "{{.State.ExitCode}} {{.RestartCount}}"));
        host.Run("rm", "changed").Succeeded();
    }

    [Fact]
    public void A_policy_contradicts_rm_and_unknown_policies_are_refused()
    {
        host.Run("run", "--rm", "--restart", "always", Busybox, "true").ExitedWith(125).Complained("--restart");
        host.Run("run", "--restart", "sometimes", Busybox, "true").ExitedWith(125).Complained("sometimes");
        host.Run("run", "--restart", "always:3", Busybox, "true").ExitedWith(125);
    }

    [Fact]
    public void What_a_killed_monitor_leaves_is_seen_explained_and_startable()
    {
        host.Run("run", "-d", "--name", "orphan", "--network", "none", "--restart", "always", Busybox, "sleep", "1000").Succeeded();
        int pid = int.Parse(Inspect("orphan", "{{.State.Pid}}"), CultureInfo.InvariantCulture);
        int monitor = ProcessTable.Parent(pid);
        _ = Native.kill(monitor, 9);
        Wait.Until(() => !Directory.Exists($"/proc/{monitor}") || ProcessTable.Parent(pid) != monitor, 10, () => "the monitor lives");
        if (Inspect("orphan", "{{.State.Status}}") == "running")
        {
            host.Run("stop", "-t", "0", "orphan").Succeeded();
        }
        Assert.Equal("exited", Inspect("orphan", "{{.State.Status}}"));
        Assert.NotEqual("", Inspect("orphan", "{{.State.Reason}}"));
        host.Run("start", "orphan").Succeeded();
        Assert.Equal("running", Inspect("orphan", "{{.State.Status}}"));
        host.Run("rm", "-f", "orphan").Succeeded();
    }

    [Fact]
    public void A_monitor_that_is_asked_to_end_stops_its_container_and_does_not_start_it_again()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "shutdown",
                "--network",
                "none",
                "--restart",
                "always",
                Busybox,
                "sh",
                "-c",
                "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done"
            )
            .Succeeded();
        Wait.Until(() => host.Run("logs", "shutdown").Text == "ready", 10, () => "not ready");
        int monitor = ProcessTable.Parent(int.Parse(Inspect("shutdown", "{{.State.Pid}}"), CultureInfo.InvariantCulture));
        _ = Native.kill(monitor, 15);
        AwaitState("shutdown", "exited");
        Assert.Equal("0 0", Inspect("shutdown", "{{.State.ExitCode}} {{.RestartCount}}"));
        Assert.Equal("shutdown", host.Run("system", "boot", "start").Succeeded().Text);
        host.Run("rm", "-f", "shutdown").Succeeded();
    }
}
