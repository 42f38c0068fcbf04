using System.Globalization;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Signals, pauses, ends and their explanations, and errors that name the way out.</summary>
public sealed class LifecycleTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    private string Inspect(string name, string format) => host.Run("inspect", "-f", format, name).Succeeded().Text;

    private void RunShell(string name, string script, params string[] flags)
    {
        host.Run(["run", "-d", "--name", name, "--network", "none", .. flags, Busybox, "sh", "-c", script]).Succeeded();
        if (script.Contains("echo ready", StringComparison.Ordinal))
        {
            Wait.Until(
                () => host.Run("logs", name).Text.Contains("ready", StringComparison.Ordinal),
                20,
                () => $"{name} did not get ready"
            );
        }
    }

    private const string Loop = "echo ready; while :; do sleep 0.05; done";

    [Theory]
    [InlineData("SIGUSR1", "USR1")]
    [InlineData("12", "USR2")]
    [InlineData("SIGRTMIN+3", "37")]
    public void RUN_13_The_stop_signal_is_taken_by_name_number_and_real_time_name(string signal, string trap)
    {
        RunShell("sig", $"trap 'exit 7' {trap}; {Loop}", "--stop-signal", signal);
        host.Run("stop", "sig").Succeeded();
        Assert.Equal("7", Inspect("sig", "{{.State.ExitCode}}"));
        Assert.Matches("^ended after SIG.*, sent by skiff stop$", Inspect("sig", "{{.State.Reason}}"));
        host.Run("rm", "sig").Succeeded();
    }

    [Fact]
    public void RUN_13_What_does_not_end_is_killed_after_the_timeout_and_at_once_with_0()
    {
        RunShell("deaf", $"trap 'echo heard' TERM; {Loop}");
        host.Run("stop", "-t", "1", "deaf").Succeeded();
        Assert.Equal(
            "137 killed by SIGKILL, sent by skiff stop, 1 s after SIGTERM",
            Inspect("deaf", "{{.State.ExitCode}} {{.State.Reason}}")
        );
        Assert.Contains("heard", host.Run("logs", "deaf").Succeeded().Text, StringComparison.Ordinal);
        Assert.Contains(
            "Exited (137)",
            host.Run("ps", "-a", "--filter", "name=deaf", "--format", "{{.Status}}").Text,
            StringComparison.Ordinal
        );
        host.Run("start", "deaf").Succeeded();
        host.Run("stop", "-t", "0", "deaf").Succeeded();
        Assert.Equal("137", Inspect("deaf", "{{.State.ExitCode}}"));
        host.Run("rm", "deaf").Succeeded();
    }

    [Fact]
    public void Several_containers_are_stopped_at_once_and_named_in_the_order_given()
    {
        string[] names = ["slow1", "slow2", "slow3"];
        foreach (string name in names)
        {
            RunShell(name, $"trap 'sleep 0.3; exit' TERM; {Loop}");
        }
        CommandResult stopped = host.Run("stop", "slow3", "nosuch", "slow1", "slow2");
        stopped.ExitedWith(1).Complained("No such container: nosuch");
        Assert.Equal(["slow3", "slow1", "slow2"], stopped.Lines);
        string[] actions = host.Run([
                "events",
                "--since",
                "1h",
                "--until",
                "0s",
                "--format",
                "{{.Action}}",
                "--filter",
                "event=kill",
                "--filter",
                "event=die",
                .. names.SelectMany(static n => (string[])["--filter", $"container={n}"]),
            ])
            .Succeeded()
            .Lines;
        Assert.Equal(["kill", "kill", "kill"], actions[..3]);
        Assert.Equal(["nosuch", .. names], Removed("nosuch", names));
    }

    /// <summary>The names that rm -f complains of and prints.</summary>
    private string[] Removed(string missing, string[] names)
    {
        CommandResult result = host.Run(["rm", "-f", missing, .. names]).Succeeded().Complained($"No such container: {missing}");
        return [missing, .. result.Lines];
    }

    [Fact]
    public void RUN_13_A_timeout_of_minus_1_waits_until_it_ends_by_itself()
    {
        RunShell("patient", $"trap 'sleep 1; exit 8' TERM; {Loop}", "--stop-timeout", "-1");
        host.Run("stop", "patient").Succeeded();
        Assert.Equal("8", Inspect("patient", "{{.State.ExitCode}}"));
        host.Run("rm", "patient").Succeeded();
    }

    [Fact]
    public void RUN_13_Process_1_without_a_handler_is_killed_with_a_sentence()
    {
        RunShell("bare", "exec sleep 1000");
        host.Run("stop", "bare").Succeeded().Complained("no handler for SIGTERM");
        Assert.Equal("137", Inspect("bare", "{{.State.ExitCode}}"));
        Assert.Contains("no handler for SIGTERM", Inspect("bare", "{{.State.Reason}}"), StringComparison.Ordinal);
        host.Run("rm", "bare").Succeeded();
    }

    [Fact]
    public void RUN_13_Process_1_that_waits_for_signals_gets_them()
    {
        // Our init, as tini, blocks all signals and sleeps in sigtimedwait(2): /proc shows neither a handler nor the mask.
        RunShell("waiting", $"trap 'exit 5' TERM; echo ready; {Loop}", "--init");
        Wait.Until(() => host.Run("logs", "waiting").Text.Contains("ready", StringComparison.Ordinal), 10, () => "it did not begin");
        Assert.Equal("", host.Run("stop", "waiting").Succeeded().Error);
        Assert.Equal("5", Inspect("waiting", "{{.State.ExitCode}}"));
        host.Run("rm", "waiting").Succeeded();
    }

    [Fact]
    public void Kill_sends_any_signal_and_says_who_killed_it()
    {
        RunShell("killed", $"trap 'echo got it' USR2; {Loop}");
        host.Run("kill", "-s", "SIGUSR2", "killed").Succeeded();
        Wait.Until(() => host.Run("logs", "killed").Text.Contains("got it", StringComparison.Ordinal), 10, () => "USR2 did not arrive");
        host.Run("kill", "-s", "NOSUCH", "killed").ExitedWith(1).Complained("not a signal");
        host.Run("kill", "killed").Succeeded();
        Assert.Equal("killed by SIGKILL, sent by skiff kill", Inspect("killed", "{{.State.Reason}}"));
        host.Run("kill", "killed").ExitedWith(1).Complained("skiff start killed");
        host.Run("rm", "killed").Succeeded();
    }

    [Fact]
    public void A_signal_from_elsewhere_is_named_without_a_sender()
    {
        RunShell("elsewhere", "exec sleep 1000");
        _ = Native.kill(int.Parse(Inspect("elsewhere", "{{.State.Pid}}"), CultureInfo.InvariantCulture), 9);
        host.Run("wait", "elsewhere").Succeeded();
        Assert.Equal("killed by signal 9 (SIGKILL)", Inspect("elsewhere", "{{.State.Reason}}"));
        host.Run("rm", "elsewhere").Succeeded();
    }

    [Fact]
    public void A_paused_container_is_not_started_and_an_empty_signal_is_the_usual_one()
    {
        host.Run("run", "-d", "--name", "asleep", "--network", "none", host.Image(TestImages.Busybox), "sleep", "1000").Succeeded();
        host.Run("pause", "asleep").Succeeded();
        host.Run("start", "asleep").ExitedWith(1).Complained("unpause");
        host.Run("unpause", "asleep").Succeeded();
        Assert.Equal("asleep", host.Run("start", "asleep").Succeeded().Text);
        host.Run("kill", "-s", "", "asleep").Succeeded();
        Assert.Equal("137", host.Run("wait", "asleep").Succeeded().Text);
        host.Run("rm", "asleep").Succeeded();
    }

    [Fact]
    public void A_paused_container_is_stopped_killed_and_removed()
    {
        RunShell("paused1", $"trap 'exit 5' TERM; {Loop}");
        host.Run("pause", "paused1").Succeeded();
        host.Run("pause", "paused1").ExitedWith(1).Complained("paused already");
        host.Run("rm", "paused1").ExitedWith(1).Complained("paused");
        host.Run("stop", "paused1").Succeeded();
        Assert.Equal("5", Inspect("paused1", "{{.State.ExitCode}}"));
        host.Run("start", "paused1").Succeeded();
        host.Run("pause", "paused1").Succeeded();
        host.Run("kill", "paused1").Succeeded();
        Assert.Equal("exited 137", Inspect("paused1", "{{.State.Status}} {{.State.ExitCode}}"));
        host.Run("start", "paused1").Succeeded();
        host.Run("pause", "paused1").Succeeded();
        host.Run("rm", "-f", "paused1").Succeeded();
        Assert.Equal("", host.Run("ps", "-aq", "--filter", "name=paused1").Text);
    }

    [Fact]
    public void A_stopped_process_is_continued_to_take_its_stop_signal()
    {
        RunShell("sigstop", $"trap 'exit 6' TERM; {Loop}");
        host.Run("kill", "-s", "STOP", "sigstop").Succeeded();
        Assert.Equal("running", Inspect("sigstop", "{{.State.Status}}"));
        host.Run("stop", "-t", "20", "sigstop").Succeeded();
        Assert.Equal("6", Inspect("sigstop", "{{.State.ExitCode}}"));
        host.Run("rm", "sigstop").Succeeded();
    }

    [Fact]
    public void RUN_30_A_container_out_of_memory_says_so_with_limit_and_peak()
    {
        host.Run(
                "run",
                "-d",
                "--name",
                "oom",
                "--network",
                "none",
                "-m",
                "16m",
                "--memory-swap",
                "16m",
                Busybox,
                "sh",
                "-c",
                "x=a; while :; do x=$x$x; done"
            )
            .Succeeded();
        Assert.Equal("137", host.Run("wait", "oom").Succeeded().Text);
        Assert.Equal("true", Inspect("oom", "{{.State.OOMKilled}}"));
        string reason = Inspect("oom", "{{.State.Reason}}");
        Assert.Contains("out of memory: the kernel killed it at the limit of 16 MiB", reason, StringComparison.Ordinal);
        Assert.Contains(reason, host.Run("ps", "-a", "--filter", "name=oom", "--format", "{{.Status}}").Text, StringComparison.Ordinal);
        Assert.Contains(
            "oom",
            host.Run("events", "--since", "0", "--until", "0s", "--filter", "container=oom", "--format", "{{.Action}}").Succeeded().Lines
        );
        host.Run("rm", "oom").Succeeded();
    }

    [Fact]
    public void RUN_30_A_child_out_of_memory_is_told_while_the_container_lives_on()
    {
        RunShell("childoom", $"sh -c 'x=a; while :; do x=$x$x; done'; echo survived; {Loop}", "-m", "16m", "--memory-swap", "16m");
        Wait.Until(
            () =>
                host.Run("events", "--since", "0", "--until", "0s", "--filter", "container=childoom", "--filter", "event=oom").Text.Length
                > 0,
            20,
            () => "no oom event while it runs"
        );
        Assert.Equal("running false", Inspect("childoom", "{{.State.Status}} {{.State.OOMKilled}}"));
        host.Run("kill", "childoom").Succeeded();
        Assert.Equal("false killed by SIGKILL, sent by skiff kill", Inspect("childoom", "{{.State.OOMKilled}} {{.State.Reason}}"));
        host.Run("rm", "childoom").Succeeded();
    }

    [Fact]
    public void A_command_that_cannot_be_executed_is_explained_by_inspect_and_ps()
    {
        host.Run("run", "-d", "--name", "noexec", "--network", "none", Busybox, "nosuch").ExitedWith(127);
        Assert.Contains("nosuch", Inspect("noexec", "{{.State.Error}}"), StringComparison.Ordinal);
        Assert.Equal("127", Inspect("noexec", "{{.State.ExitCode}}"));
        Assert.Contains(
            "nosuch",
            host.Run("ps", "-a", "--filter", "name=noexec", "--format", "{{.Status}}").Text,
            StringComparison.Ordinal
        );
        host.Run("rm", "noexec").Succeeded();
    }

    [Fact]
    public void A_name_in_use_says_by_whom_and_replace_takes_it()
    {
        string old = host.Run("run", "-d", "--name", "taken", "--network", "none", Busybox, "sleep", "1000").Succeeded().Text;
        host.Run("create", "--name", "taken", Busybox, "true").ExitedWith(1).Complained(old[..12]).Complained("--replace");
        string now = host.Run("run", "-d", "--replace", "--name", "taken", "--network", "none", Busybox, "sleep", "1000").Succeeded().Text;
        Assert.Equal(now, Inspect("taken", "{{.Id}}"));
        host.Run("inspect", old).ExitedWith(1);
        host.Run("run", "--rm", "--replace", "--name", "fresh", "--network", "none", Busybox, "true").Succeeded();
        host.Run("create", "--replace", Busybox, "true").ExitedWith(125).Complained("--name");
        host.Run("rm", "-f", "taken").Succeeded();
    }

    [Fact]
    public void A_mistyped_image_is_answered_with_the_right_one()
    {
        string image = host.Image(TestImages.Busybox);
        string mistyped = image.Replace("busybox", "busybux", StringComparison.Ordinal);
        host.Run("run", "--rm", mistyped, "true").ExitedWith(125).Complained($"did you mean {image}, which is here?");
        host.Run("create", "--pull", "never", mistyped, "true").ExitedWith(1).Complained($"did you mean {image}, which is here?");
        host.Run("inspect", mistyped).ExitedWith(1).Complained($"did you mean {image}?");
    }

    [Fact]
    public void A_mistyped_name_is_answered_with_the_right_one()
    {
        host.Run("create", "--name", "webserver", "--network", "none", Busybox, "true").Succeeded();
        host.Run("start", "websever").ExitedWith(1).Complained("No such container: websever; did you mean webserver?");
        host.Run("stop", "zzz").ExitedWith(1).Complained("No such container: zzz");
        host.Run("exec", "webserver", "true").ExitedWith(1).Complained("skiff start webserver");
        host.Run("rm", "webserver").Succeeded();
    }
}
