using System.Globalization;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>A monitor with nothing to do is no runtime yet but a few pages that wait; whatever needs it finds it.</summary>
public sealed class MonitorSleepTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    private string Inspect(string name, string what) => host.Run("inspect", "-f", what, name).Succeeded().Text;

    private static int Monitor(string id)
    {
        string line = Assert.Single(ProcessTable.WithCommandLine($" monitor {id}"));
        return int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private static bool IsAsleep(int pid) =>
        File.ResolveLinkTarget($"/proc/{pid}/exe", returnFinalTarget: false)?.FullName.Contains("skiff-exec", StringComparison.Ordinal)
        == true;

    /// <summary>A container whose monitor sleeps.</summary>
    private (string Id, int Monitor) Start(string name, params string[] command)
    {
        string id = host.Run(["run", "-d", "-i", "--name", name, "--network", "none", Busybox, .. command]).Succeeded().Text;
        AwaitSleep(id);
        return (id, Monitor(id));
    }

    private static void AwaitSleep(string id) =>
        Wait.Until(() => ProcessTable.WithCommandLine($" monitor {id}").Any() && IsAsleep(Monitor(id)), 10, () => "it does not sleep");

    /// <summary>The same, for a command that makes /tmp/ready when it is.</summary>
    private int StartReady(string name, string script)
    {
        (_, int monitor) = Start(name, "sh", "-c", script);
        Wait.Until(() => host.Run("exec", name, "test", "-e", "/tmp/ready").ExitCode == 0, 10, () => "it is not ready");
        Assert.True(IsAsleep(monitor));
        return monitor;
    }

    private void Remove(string name, int monitor)
    {
        host.Run("rm", "-f", name).Succeeded();
        Assert.Equal("", ProcessTable.Read($"/proc/{monitor}/cmdline")); // at most a zombie of the host's init
    }

    [Fact]
    public void It_costs_a_few_pages_and_holds_nothing_that_others_wait_for()
    {
        (string id, int monitor) = Start("quiet", "sleep", "1000");
        string pss = File.ReadLines($"/proc/{monitor}/smaps_rollup")
            .First(static line => line.StartsWith("Pss:", StringComparison.Ordinal));
        Assert.InRange(int.Parse(pss.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture), 1, 64);
        foreach (string verb in (string[])["inspect", "logs", "top", "port", "pause", "unpause"])
        {
            host.Run(verb, "quiet").Succeeded();
        }
        host.Run("rename", "quiet", "quieter").Succeeded();
        host.Run("stats", "--no-stream", "quieter").Succeeded();
        Assert.Equal("inside", host.Run("exec", "quieter", "echo", "inside").Succeeded().Text);
        Assert.True(IsAsleep(monitor), "one of them disturbed it");
        Assert.Equal(monitor, Monitor(id));
        Remove("quieter", monitor);
    }

    [Theory]
    [InlineData("echo out > /proc/1/fd/1", "out", "")]
    [InlineData("echo err > /proc/1/fd/2", "", "err")]
    public void Output_brings_it_to_life(string write, string output, string error)
    {
        (_, int monitor) = Start("says", "sleep", "1000");
        host.Run("exec", "says", "sh", "-c", write).Succeeded();
        Wait.Until(() => host.Run("logs", "says") is { } logs && logs.Text == output && logs.Error.Trim() == error, 10, () => "not logged");
        Assert.False(IsAsleep(monitor));
        Remove("says", monitor);
    }

    [Fact]
    public void The_containers_end_brings_it_to_life_and_the_restart_policy_holds()
    {
        string id = host.Run("run", "-d", "--name", "ends", "--network", "none", "--restart", "on-failure:1", Busybox, "sh", "-c", Ends)
            .Succeeded()
            .Text;
        AwaitSleep(id);
        host.Run("exec", "ends", "touch", "/tmp/go").Succeeded();
        Wait.Until(() => Inspect("ends", "{{.State.Status}} {{.RestartCount}}") == "running 1", 20, () => "its policy is not applied");
        host.Run("exec", "ends", "touch", "/tmp/go").Succeeded();
        Assert.Equal("7", host.Run("wait", "ends").Succeeded().Text);
        host.Run("rm", "ends").Succeeded();
    }

    private const string Ends = "while [ ! -e /tmp/go ]; do sleep 0.02; done; rm /tmp/go; exit 7";

    [Fact]
    public void Stop_and_a_signal_to_the_monitor_end_the_container()
    {
        int monitor = StartReady("stops", "trap 'exit 4' TERM; touch /tmp/ready; while :; do sleep 0.02; done");
        host.Run("stop", "stops").Succeeded();
        Assert.Equal("exited 4", Inspect("stops", "{{.State.Status}} {{.State.ExitCode}}"));
        Remove("stops", monitor);
        monitor = StartReady("stops", "trap 'exit 5' TERM; touch /tmp/ready; while :; do sleep 0.02; done");
        _ = Native.kill(monitor, 15);
        Assert.Equal("5", host.Run("wait", "stops").Succeeded().Text);
        Remove("stops", monitor);
    }

    [Fact]
    public void A_command_that_attaches_brings_it_to_life()
    {
        (_, int monitor) = Start("joined", "cat");
        using RunningCommand attached = host.Start("attach", "joined");
        attached.Write("there and back\n");
        attached.WaitForOutput("there and back");
        Assert.False(IsAsleep(monitor));
        attached.Signal(Native.SIGKILL);
        Remove("joined", monitor);
    }

    [Fact]
    public void Killed_in_its_sleep_it_is_replaced()
    {
        (string id, int monitor) = Start("orphan", "sleep", "1000");
        _ = Native.kill(monitor, Native.SIGKILL);
        Wait.Until(() => !ProcessTable.WithCommandLine($" monitor {id}").Any(), 10, () => "it lives");
        Assert.Equal("running", Inspect("orphan", "{{.State.Status}}"));
        Wait.Until(() => ProcessTable.WithCommandLine($" monitor {id}").Any(), 10, () => "no other one came");
        Assert.NotEqual(monitor, Monitor(id));
        host.Run("exec", "orphan", "sh", "-c", "echo heard > /proc/1/fd/1").Succeeded();
        Wait.Until(() => host.Run("logs", "orphan").Text == "heard", 10, () => "not logged");
        Remove("orphan", Monitor(id));
    }

    [Theory]
    [InlineData("-t")]
    [InlineData("--health-cmd=true")]
    [InlineData("--timeout=1000")]
    [InlineData("--memory=64m")]
    public void With_something_to_do_it_does_not_sleep(string flag)
    {
        string id = host.Run("run", "-d", "--name", "busy", "--network", "none", flag, Busybox, "sleep", "1000").Succeeded().Text;
        // It listens for commands as soon as it is one.
        Wait.Until(() => File.Exists($"{host.Runroot}/attach/{id}"), 10, () => "it sleeps");
        Remove("busy", Monitor(id));
    }

    [Fact]
    public void A_limit_that_comes_later_is_watched()
    {
        (string id, int monitor) = Start("limited", "sleep", "1000");
        host.Run("update", "--memory", "32m", "limited").Succeeded();
        Wait.Until(() => File.Exists($"{host.Runroot}/attach/{id}"), 10, () => "it sleeps on");
        Remove("limited", monitor);
    }
}
