using System.Globalization;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The monitor of a container killed at any moment: what is said afterwards is true, and nothing is left.</summary>
public sealed class MonitorTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    private string Inspect(string name, string what) => host.Run("inspect", "-f", what, name).Succeeded().Text;

    /// <summary>A command that starts a container does not wait until its monitor is one.</summary>
    private static int? Monitor(string id)
    {
        int? pid = null;
        Wait.Until(
            () =>
                (
                    pid = ProcessTable
                        .WithCommandLine($"monitor {id}")
                        .Select(l => (int?)int.Parse(l.Split(' ')[0], CultureInfo.InvariantCulture))
                        .FirstOrDefault()
                )
                    is not null,
            10,
            () => $"{id} has no monitor"
        );
        return pid;
    }

    private static void Kill(int pid)
    {
        _ = Native.kill(pid, Native.SIGKILL);
        Wait.Until(() => ProcessTable.Read($"/proc/{pid}/cmdline").Length == 0, 10, () => $"{pid} lives");
    }

    [Fact]
    public void LIFE_07_Without_its_monitor_a_container_runs_on_and_every_verb_still_works()
    {
        const string Script = "trap 'exit 3' TERM; echo before; while :; do sleep 0.05; done";
        string id = host.Run("run", "-d", "-i", "--name", "left", "--network", "none", Busybox, "sh", "-c", Script).Succeeded().Text;
        Wait.Until(() => host.Run("logs", "left").Text == "before", 10, () => "it did not get ready");
        Kill(Monitor(id)!.Value);
        Assert.Equal("running", Inspect("left", "{{.State.Status}}"));
        Assert.Equal("before", host.Run("logs", "left").Succeeded().Text);
        Assert.Equal("inside", host.Run("exec", "left", "echo", "inside").Succeeded().Text);
        host.Run("pause", "left").Succeeded();
        host.Run("unpause", "left").Succeeded();
        host.Run("stop", "left").Succeeded();
        Assert.Equal("exited 3", Inspect("left", "{{.State.Status}} {{.State.ExitCode}}"));
        host.Run("start", "left").Succeeded();
        Assert.Equal("running", Inspect("left", "{{.State.Status}}"));
        host.Run("rm", "-f", "left").Succeeded();
        AssertNothingLeft();
    }

    [Fact]
    public void LIFE_07_The_next_command_gives_a_container_a_new_monitor_that_goes_on_with_log_and_policy()
    {
        const string Script =
            "trap '' PIPE; echo first; i=0; while [ ! -e /tmp/go ]; do i=$((i+1)); echo line $i; echo error $i >&2; sleep 0.05; done; rm /tmp/go; exit 9";
        string id = host.Run(
                "run",
                "-d",
                "--name",
                "taken",
                "--network",
                "none",
                "--restart",
                "on-failure:1",
                "--health-cmd",
                "true",
                "--health-interval",
                "100ms",
                Busybox,
                "sh",
                "-c",
                Script
            )
            .Succeeded()
            .Text;
        Wait.Until(() => host.Run("logs", "taken").Text.Contains("line", StringComparison.Ordinal), 10, () => "it did not get ready");
        int first = Monitor(id)!.Value;
        Kill(first);
        Assert.Equal("running", host.Run("ps", "--filter", "name=taken", "--format", "{{.State}}").Succeeded().Text);
        int second = Monitor(id)!.Value;
        Assert.NotEqual(first, second);
        host.Run("inspect", "taken").Succeeded();
        Assert.Equal(second, Monitor(id)); // and no third
        int before = host.Run("logs", "taken").Succeeded().Lines.Length;
        Wait.Until(() => host.Run("logs", "taken").Lines.Length > before + 5, 10, () => "its output is not logged");
        Wait.Until(
            () => host.Run("logs", "taken").Error.Contains("error", StringComparison.Ordinal),
            10,
            () => "its errors are not logged"
        );
        string checks = Inspect("taken", "{{len .State.Health.Log}}");
        Assert.NotEqual("0", checks);
        using (RunningCommand attached = host.Start("attach", "--no-stdin", "--sig-proxy=false", "taken"))
        {
            attached.WaitForOutput("line");
            host.Run("exec", "taken", "touch", "/tmp/go").Succeeded();
            Assert.Equal(9, attached.WaitForExit().ExitCode);
        }
        Wait.Until(() => Inspect("taken", "{{.State.Status}} {{.RestartCount}}") == "running 1", 20, () => "its policy is not applied");
        host.Run("exec", "taken", "touch", "/tmp/go").Succeeded();
        Wait.Until(
            () => Inspect("taken", "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}") == "exited 9 1",
            20,
            () => "it goes on"
        );
        string[] codes = host.Run(
                "events",
                "--since",
                "1h",
                "--until",
                "0s",
                "--filter",
                "container=taken",
                "--filter",
                "event=die",
                "--format",
                "{{.Actor.Attributes.exitCode}}"
            )
            .Succeeded()
            .Lines;
        Assert.Equal(["9", "9"], codes);
        host.Run("rm", "taken").Succeeded();
        AssertNothingLeft();
    }

    /// <summary>A process that is killed does not die at once: whoever looks in between must not take the word of a monitor that is dying, or has not come to write the end down.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void LIFE_14_What_has_been_killed_does_not_run(bool both)
    {
        for (int i = 0; i < 8; i++)
        {
            string id = host.Run("run", "-d", "--name", "struck", "--network", "none", Busybox, "sleep", "1000").Succeeded().Text;
            int process = int.Parse(Inspect("struck", "{{.State.Pid}}"), CultureInfo.InvariantCulture);
            int monitor = ProcessTable.Parent(process);
            _ = Native.kill(process, Native.SIGKILL);
            if (both)
            {
                _ = Native.kill(monitor, Native.SIGKILL);
            }
            Wait.Until(() => ProcessTable.IsDead(process), 10, () => "it does not die");
            Assert.Equal("exited", host.Run("ps", "-a", "--filter", $"id={id}", "--format", "{{.State}}").Succeeded().Text);
            host.Run("rm", "struck").Succeeded();
        }
        AssertNothingLeft();
    }

    [Fact]
    public void LIFE_07_Twenty_commands_at_once_give_a_container_one_new_monitor()
    {
        string id = host.Run("run", "-d", "--name", "alone", "--network", "none", Busybox, "sleep", "1000").Succeeded().Text;
        Kill(Monitor(id)!.Value);
        RunningCommand[] commands = [.. Enumerable.Range(0, 20).Select(i => host.Start(i % 2 == 0 ? "inspect" : "logs", "alone"))];
        foreach (RunningCommand command in commands)
        {
            using (command)
            {
                command.WaitForExit().Succeeded();
            }
        }
        Assert.Single(ProcessTable.WithCommandLine($"--runroot {host.Runroot} monitor {id}"));
        Assert.Equal("137", Killed());
        AssertNothingLeft();

        string Killed()
        {
            host.Run("kill", "alone").Succeeded();
            string code = Inspect("alone", "{{.State.ExitCode}}");
            host.Run("rm", "alone").Succeeded();
            return code;
        }
    }

    /// <summary>The command launches the container, its monitor is the parent: whichever moment the command is killed in, there is a watched container or none.</summary>
    [Fact]
    public void LIFE_07_A_command_that_was_killed_while_it_started_a_container_left_a_watched_one_or_none()
    {
        int watched = 0;
        for (int i = 0; i < 40; i++)
        {
            string network = i % 2 == 0 ? "none" : "bridge";
            using RunningCommand command = host.Start(
                "run",
                "-d",
                "--name",
                "cut",
                "--network",
                network,
                Busybox,
                "sh",
                "-c",
                "echo out; sleep 1000"
            );
            Thread.Sleep(i);
            command.Signal(Native.SIGKILL);
            command.WaitForExit();
            string state = host.Run("ps", "-a", "--filter", "name=cut", "--format", "{{.State}}").Succeeded().Text;
            if (state == "running")
            {
                // It may have been on its way: then it has not run.
                Wait.Until(
                    () => (state = Inspect("cut", "{{.State.Status}}")) != "running" || host.Run("logs", "cut").Text == "out",
                    10,
                    () => $"killed after {i} ms: nothing is logged"
                );
            }
            if (state == "running")
            {
                watched++;
                string id = Inspect("cut", "{{.Id}}");
                Assert.NotNull(Monitor(id));
                Assert.Single(ProcessTable.WithCommandLine($"monitor {id}"));
                host.Run("kill", "cut").Succeeded();
                Assert.Equal("137", host.Run("wait", "cut").Succeeded().Text);
            }
            host.Run("rm", "-f", "cut");
            Wait.Until(() => host.Processes().Length == 0, 10, () => $"killed after {i} ms: {string.Join('\n', host.Processes())}");
        }
        Assert.True(watched > 0, "no command got far enough");
        AssertNothingLeft();
    }

    [Fact]
    public void LIFE_14_The_end_of_a_container_without_monitor_is_recorded_by_the_next_command()
    {
        string id = host.Run(
                "run",
                "-d",
                "--rm",
                "--name",
                "brief",
                "--network",
                "none",
                Busybox,
                "sh",
                "-c",
                "while [ ! -e /tmp/go ]; do sleep 0.02; done"
            )
            .Succeeded()
            .Text;
        Kill(Monitor(id)!.Value);
        using RunningCommand waiting = host.Start("wait", "brief");
        host.Run("exec", "brief", "touch", "/tmp/go").Succeeded();
        waiting.WaitForExit();
        Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text);
        AssertNothingLeft();
    }

    [Fact]
    public void An_attached_command_is_told_that_the_monitor_was_killed()
    {
        using Pty pty = host.StartOnTerminal(
            24,
            80,
            "run",
            "-it",
            "--name",
            "told",
            "--network",
            "none",
            Busybox,
            "sh",
            "-c",
            "trap '' HUP; echo up; while :; do sleep 1; done"
        );
        pty.WaitFor("up");
        Kill(Monitor(Inspect("told", "{{.Id}}"))!.Value);
        Assert.Equal(125, pty.WaitForExit());
        Assert.Contains("was killed", pty.Screen, StringComparison.Ordinal);
        host.Run("rm", "-f", "told").Succeeded();
        AssertNothingLeft();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LIFE_07_A_monitor_killed_at_any_moment_of_a_start_leaves_a_true_state(bool remove)
    {
        string image = Busybox;
        for (int i = 0; i < 20; i++)
        {
            string name = $"m{i}-{remove}";
            string[] flags = remove ? ["--rm"] : [];
            using RunningCommand run = host.Start([
                "run",
                "-d",
                "--name",
                name,
                "--network",
                "none",
                .. flags,
                image,
                "sleep",
                $"4646.{Environment.ProcessId}",
            ]);
            int? monitor = null;
            Wait.Until(
                () =>
                    (
                        monitor = ProcessTable
                            .WithCommandLine($"{host.Root} --runroot {host.Runroot} monitor ")
                            .Select(l => (int?)int.Parse(l.Split(' ')[0], CultureInfo.InvariantCulture))
                            .FirstOrDefault()
                    )
                        is not null
                    || run.HasExited,
                10,
                () => "no monitor"
            );
            Thread.SpinWait(i * 20_000);
            if (monitor is { } pid)
            {
                _ = Native.kill(pid, Native.SIGKILL);
            }
            CommandResult result = run.WaitForExit();
            string state = host.Run("ps", "-a", "--filter", $"name={name}", "--format", "{{.State}}").Succeeded().Text;
            if (result.ExitCode != 0)
            {
                result.ExitedWith(125).Complained("monitor");
                // Nothing that was not reported may run, once a command has looked.
                Wait.Until(
                    () =>
                        host.Run("ps", "-q").Succeeded().Text.Length == 0
                        && !ProcessTable.WithCommandLine($"sleep 4646.{Environment.ProcessId}").Any(),
                    10,
                    () =>
                        $"it runs unseen: {result}\n{host.Run("ps", "-a", "--no-trunc")}\n{string.Join('\n', ProcessTable.WithCommandLine($"sleep 4646.{Environment.ProcessId}"))}"
                );
            }
            else
            {
                Assert.Equal("running", state);
                Wait.Until(() => ProcessTable.WithCommandLine($"sleep 4646.{Environment.ProcessId}").Any(), 10, () => "it does not run");
            }
            host.Run("rm", "-f", name);
            Assert.False(ProcessTable.WithCommandLine($"sleep 4646.{Environment.ProcessId}").Any(), $"{name} lives");
        }
        AssertNothingLeft();
    }

    [Fact]
    public void LIFE_07_A_monitor_killed_between_two_lives_leaves_the_last_end()
    {
        string id = host.Run("run", "-d", "--name", "between", "--network", "none", "--restart", "always", Busybox, "sh", "-c", "exit 6")
            .Succeeded()
            .Text;
        // The fifth pause is 1.6 seconds long.
        Wait.Until(() => Inspect("between", "{{.RestartCount}} {{.State.Status}}") == "5 restarting", 30, () => "it does not restart");
        Kill(Monitor(id)!.Value);
        Assert.Equal("exited 6", Inspect("between", "{{.State.Status}} {{.State.ExitCode}}"));
        host.Run("rm", "between").Succeeded();
        AssertNothingLeft();
    }

    [Fact]
    public void A_timeout_ends_a_detached_container()
    {
        host.Run("run", "-d", "--name", "timed", "--network", "none", "--timeout", "1", Busybox, "sleep", "1000").Succeeded();
        Assert.Equal("137", host.Run("wait", "timed").Succeeded().Text);
        host.Run("rm", "timed").Succeeded();
    }

    private void AssertNothingLeft()
    {
        Assert.Empty(host.Mounts());
        Assert.Empty(Directory.EnumerateFileSystemEntries($"{host.Root}/containers"));
        Assert.Empty(Directory.EnumerateFileSystemEntries($"{host.Root}/names"));
        // Made by the first monitor that gets so far.
        foreach (string directory in (string[])["attach", "sessions"])
        {
            string path = $"{host.Runroot}/{directory}";
            Assert.Empty(Directory.Exists(path) ? Directory.EnumerateFileSystemEntries(path) : []);
        }
    }
}
