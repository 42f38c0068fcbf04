using System.Security.Cryptography;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Commands attached to a container's monitor: terminals, detaching, several at once, slow ones.</summary>
public sealed class AttachTests(SkiffHost host) : IClassFixture<SkiffHost>, IDisposable
{
    private const string Detach = "\u0010\u0011";

    // Answers every line that is typed, and ends with the code of "end N".
    private const string Echo = "stty -echo; echo ready; while read -r w n; do [ \"$w\" = end ] && exit $n; echo \"got $w\"; done";

    private string Busybox => host.Image(TestImages.Busybox);

    private string Status(string name) => host.Run("inspect", "-f", "{{.State.Status}}", name).Text;

    private Pty OnTerminal(params string[] words) => host.StartOnTerminal(24, 80, words);

    private void Remove(string name) => host.Run("rm", "-f", name).Succeeded();

    public void Dispose() => host.EndTest();

    [Fact]
    public void The_detach_keys_leave_the_container_running_and_attach_goes_on_with_it()
    {
        using (Pty first = OnTerminal("run", "-it", "--name", "left", "--network", "none", Busybox, "sh", "-c", Echo))
        {
            first.WaitFor("ready");
            first.Type("one\n");
            first.WaitFor("got one");
            first.Type(Detach);
            Assert.Equal(0, first.WaitForExit());
            Assert.Contains("read escape sequence", first.Screen, StringComparison.Ordinal);
        }
        Assert.Equal("running", Status("left"));
        using (Pty second = OnTerminal("attach", "left"))
        {
            second.Type("two\n");
            second.WaitFor("got two");
            second.Type(Detach);
            Assert.Equal(1, second.WaitForExit());
        }
        using (Pty third = OnTerminal("attach", "left"))
        {
            third.Type("end 7\n");
            Assert.Equal(7, third.WaitForExit());
        }
        Assert.Equal("exited", Status("left"));
        string log = host.Run("logs", "left").Succeeded().Output;
        Assert.Contains("got one", log, StringComparison.Ordinal);
        Assert.Contains("got two", log, StringComparison.Ordinal);
        Remove("left");
    }

    [Fact]
    public void Other_detach_keys_are_taken_from_the_flag_and_only_the_whole_sequence_counts()
    {
        using Pty pty = OnTerminal(
            "run",
            "-it",
            "--rm",
            "--name",
            "keys",
            "--detach-keys",
            "ctrl-x,q",
            "--network",
            "none",
            Busybox,
            "cat"
        );
        pty.Type("a\u0018b\n");
        pty.WaitFor("b");
        pty.Type(Detach + "\n");
        pty.Type("\u0018q");
        Assert.Equal(0, pty.WaitForExit());
        Assert.Equal("running", Status("keys"));
        Remove("keys");
    }

    [Fact]
    public void A_container_that_was_left_is_removed_at_its_end_with_rm()
    {
        using (Pty pty = OnTerminal("run", "-it", "--rm", "--name", "gone", "--network", "none", Busybox, "sh", "-c", Echo))
        {
            pty.WaitFor("ready");
            pty.Type(Detach);
            Assert.Equal(0, pty.WaitForExit());
        }
        using (Pty pty = OnTerminal("attach", "gone"))
        {
            pty.Type("end 5\n");
            Assert.Equal(5, pty.WaitForExit());
        }
        Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text);
    }

    [Fact]
    public void RUN_21_A_monitored_terminal_has_its_size_from_the_start_and_follows_the_attached_one()
    {
        const string Script = "stty size; trap 'stty size' WINCH; echo ready; while :; do read -r w; [ \"$w\" = end ] && exit 3; done";
        using (Pty pty = host.StartOnTerminal(31, 97, "run", "-it", "--name", "sized", "--network", "none", Busybox, "sh", "-c", Script))
        {
            pty.WaitFor("31 97");
            pty.WaitFor("ready");
            pty.Resize(40, 120);
            pty.WaitFor("40 120");
            pty.Type(Detach);
            Assert.Equal(0, pty.WaitForExit());
        }
        using (Pty other = host.StartOnTerminal(20, 60, "attach", "sized"))
        {
            other.WaitFor("20 60");
            other.Type("end\n");
            Assert.Equal(3, other.WaitForExit());
        }
        Remove("sized");
    }

    [Fact]
    public void Several_commands_see_the_same_output_and_all_get_the_exit_code()
    {
        host.Run(
                "run",
                "-d",
                "-i",
                "--name",
                "many",
                "--network",
                "none",
                Busybox,
                "sh",
                "-c",
                "read -r go; echo out; echo err >&2; exit 9"
            )
            .Succeeded();
        using RunningCommand one = host.Start("attach", "--no-stdin", "many");
        using RunningCommand two = host.Start("attach", "--no-stdin", "many");
        using RunningCommand three = host.Start("attach", "many");
        Wait.Until(() => IsAttached(one.Pid) && IsAttached(two.Pid) && IsAttached(three.Pid), 10, () => "not attached");
        three.Write("go\n");
        foreach (RunningCommand command in (RunningCommand[])[one, two, three])
        {
            CommandResult result = command.WaitForExit().ExitedWith(9);
            Assert.Equal("out\n", result.Output);
            Assert.Equal("err\n", result.Error);
        }
        Remove("many");
    }

    [Fact]
    public void RUN_18_Twenty_megabytes_go_through_start_ai_whole_and_the_input_ends()
    {
        byte[] input = RandomNumberGenerator.GetBytes(20_000_000);
        host.Run("create", "-i", "--name", "through", "--network", "none", "--log-driver", "none", Busybox, "cat").Succeeded();
        CommandResult result = host.RunWithInput(input, "start", "-ai", "through").Succeeded();
        Assert.Equal(Blob.DigestOf(input), Blob.DigestOf(result.OutputBytes));
        Remove("through");
    }

    [Fact]
    public void A_command_that_is_stopped_neither_holds_the_container_up_for_ever_nor_costs_the_log_a_byte()
    {
        const string Script =
            "read -r go; i=0; while [ $i -lt 40000 ]; do echo \"line $i of the output that nobody reads\"; i=$((i+1)); done";
        host.Run("run", "-d", "-i", "--name", "slow", "--network", "none", Busybox, "sh", "-c", Script).Succeeded();
        using RunningCommand stopped = host.Start("attach", "--no-stdin", "slow");
        using RunningCommand reader = host.Start("attach", "slow");
        Wait.Until(() => stopped.Pid > 0 && IsAttached(stopped.Pid) && IsAttached(reader.Pid), 10, () => "not attached");
        stopped.Signal(Native.SIGSTOP);
        reader.Write("go\n");
        CommandResult all = reader.WaitForExit().Succeeded();
        Assert.Equal(40000, all.Lines.Length);
        Assert.Equal(all.Output, host.Run("logs", "slow").Succeeded().Output);
        stopped.Signal(Native.SIGCONT);
        stopped.WaitForExit();
        Remove("slow");
    }

    [Theory]
    [InlineData(Native.SIGTERM)]
    [InlineData(Native.SIGHUP)]
    [InlineData(Native.SIGINT)]
    public void The_terminal_is_given_back_when_a_signal_ends_attach_and_the_container_goes_on(int signal)
    {
        string name = $"signalled{signal}";
        host.Run("run", "-d", "-it", "--name", name, "--network", "none", Busybox, "sh", "-c", Echo).Succeeded();
        string attach = string.Join(' ', host.CommandLine("attach", name).Select(w => $"'{w}'"));
        using Pty pty = Pty.Start(["/bin/sh", "-c", $"a=$(stty -g); {attach}; echo code $?; [ \"$a\" = \"$(stty -g)\" ] && echo restored"]);
        int pid = 0;
        Wait.Until(
            () =>
                ProcessTable.WithCommandLine($"attach {name}").FirstOrDefault() is { } line
                && IsAttached(pid = int.Parse(line.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture)),
            10,
            () => pty.Screen
        );
        _ = Native.kill(pid, signal);
        pty.WaitFor("restored");
        Assert.Contains($"code {128 + signal}", pty.Screen, StringComparison.Ordinal);
        Assert.Equal("running", Status(name));
        Remove(name);
    }

    [Fact]
    public void A_run_with_a_terminal_whose_command_is_killed_goes_on_and_is_removed_at_its_end()
    {
        using (Pty pty = OnTerminal("run", "-it", "--rm", "--name", "orphan", "--network", "none", Busybox, "sh", "-c", Echo))
        {
            pty.WaitFor("ready");
            pty.Signal(Native.SIGKILL);
            Assert.Equal(137, pty.WaitForExit());
        }
        Assert.Equal("running", Status("orphan"));
        using (Pty pty = OnTerminal("attach", "orphan"))
        {
            pty.Type("here\n");
            pty.WaitFor("got here");
            pty.Type("end 0\n");
            Assert.Equal(0, pty.WaitForExit());
        }
        Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text);
    }

    [Fact]
    public void RUN_14_Signals_to_start_a_reach_the_process_and_without_sig_proxy_only_the_command_ends()
    {
        const string Script = "trap 'echo term; exit 4' TERM; echo ready; while :; do sleep 0.05; done";
        host.Run("create", "--name", "proxied", "--network", "none", Busybox, "sh", "-c", Script).Succeeded();
        using (RunningCommand started = host.Start("start", "-a", "proxied"))
        {
            started.WaitForOutput("ready");
            using RunningCommand other = host.Start("attach", "--sig-proxy=false", "proxied");
            Wait.Until(() => IsAttached(other.Pid), 10, () => "not attached");
            other.Signal(Native.SIGTERM);
            other.WaitForExit().ExitedWith(143);
            Assert.Equal("running", Status("proxied"));
            started.Signal(Native.SIGTERM);
            started.WaitForExit().ExitedWith(4);
        }
        Remove("proxied");
    }

    [Fact]
    public void Only_the_streams_that_are_named_are_attached_and_the_log_has_all()
    {
        string[] words = ["--name", "streams", "--network", "none", Busybox, "sh", "-c", "echo out; echo err >&2"];
        CommandResult result = host.Run(["run", "-a", "stdout", .. words]).Succeeded();
        Assert.Equal("out\n", result.Output);
        Assert.Equal("", result.Error);
        CommandResult log = host.Run("logs", "streams").Succeeded();
        Assert.Equal("out\n", log.Output);
        Assert.Equal("err\n", log.Error);
        Remove("streams");
        host.Run(["run", "-d", "-a", "stdout", .. words]).ExitedWith(125).Complained("--attach");
    }

    [Fact]
    public void What_cannot_be_attached_to_is_said_in_a_sentence()
    {
        host.Run("create", "--name", "still", "--network", "none", Busybox, "true").Succeeded();
        host.Run("attach", "still").ExitedWith(1).Complained("not running");
        Remove("still");
        host.Run("attach", "nobody").ExitedWith(1).Complained("No such container");
        using RunningCommand running = host.Start(
            "run",
            "--rm",
            "--name",
            "front",
            "--network",
            "none",
            Busybox,
            "sh",
            "-c",
            "echo up; exec sleep 1000"
        );
        running.WaitForOutput("up");
        host.Run("attach", "front").ExitedWith(1).Complained("foreground");
        host.Run("kill", "front").Succeeded();
        running.WaitForExit().ExitedWith(137);
        host.Run("run", "-d", "-t", "--name", "needs", "--network", "none", Busybox, "sleep", "1000").Succeeded();
        host.Run("attach", "needs").ExitedWith(1).Complained("terminal");
        host.Run("pause", "needs").Succeeded();
        host.Run("attach", "--no-stdin", "needs").ExitedWith(1).Complained("paused");
        Remove("needs");
    }

    [Fact]
    public void A_health_check_is_run_for_an_attached_container_too()
    {
        string[] check = ["--health-cmd", "test -e /tmp/well", "--health-interval", "50ms"];
        const string Script = "echo up; while [ ! -e /tmp/end ]; do sleep 0.05; done; exit 6";
        using RunningCommand running = host.Start(["run", "--name", "checked", "--network", "none", .. check, Busybox, "sh", "-c", Script]);
        running.WaitForOutput("up");
        host.Run("exec", "checked", "touch", "/tmp/well").Succeeded();
        Wait.Until(
            () => host.Run("inspect", "-f", "{{.State.Health.Status}}", "checked").Text == "healthy",
            10,
            () => host.Run("inspect", "checked").Output
        );
        host.Run("exec", "checked", "touch", "/tmp/end").Succeeded();
        running.WaitForExit().ExitedWith(6);
        Remove("checked");
    }

    [Fact]
    public void A_start_that_fails_is_told_to_the_attached_command()
    {
        using Pty pty = OnTerminal("run", "-it", "--rm", "--network", "none", Busybox, "/nothing");
        Assert.Equal(127, pty.WaitForExit());
        Assert.Contains("/nothing", pty.Screen, StringComparison.Ordinal);
        Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text);
    }

    /// <summary>Whether a process waits in poll(2), which attach does only once it is attached.</summary>
    private static bool IsAttached(int pid)
    {
        string[] fields = ProcessTable.Read($"/proc/{pid}/syscall").Split(' ');
        return ProcessTable.Read($"/proc/{pid}/cmdline").Contains("skiff\0", StringComparison.Ordinal)
            && fields.Length > 1
            && fields[0] is "7" or "73" or "271";
    }
}
