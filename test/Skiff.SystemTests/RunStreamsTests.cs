using System.Security.Cryptography;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Standard streams, terminals and signals of a foreground container.</summary>
public sealed class RunStreamsTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string[] InBusybox(params string[] words) => ["run", "--rm", "--network", "none", .. words];

    private string Busybox => host.Image(TestImages.Busybox);

    [Fact]
    public void RUN_18_Without_i_standard_input_is_at_its_end()
    {
        using RunningCommand running = host.Start(InBusybox(Busybox, "cat"));
        running.Write("unread");
        Assert.Equal("", running.WaitForExit().Succeeded().Output);
    }

    [Fact]
    public void RUN_18_Twenty_megabytes_go_through_whole()
    {
        byte[] input = RandomNumberGenerator.GetBytes(20_000_000);
        CommandResult result = host.RunWithInput(input, InBusybox("-i", Busybox, "cat")).Succeeded();
        Assert.Equal(Blob.DigestOf(input), Blob.DigestOf(result.OutputBytes));
    }

    /// <summary>Whoever closes a stream gives its number away: what is printed would be written into the next file that the engine opens, its records among them.</summary>
    [Theory]
    [InlineData("<&-")]
    [InlineData(">&-")]
    [InlineData("2>&-")]
    [InlineData("<&- >&- 2>&-")]
    public void RUN_18_A_closed_stream_is_nothing_for_the_container_and_no_file_of_the_engine(string closed)
    {
        string shared = Workspace.NewDirectory("closed");
        const string Script = "for n in 0 1 2; do [ -e /proc/$$/fd/$n ] && echo $n; done >/s/";
        Closed(InBusybox("-v", shared + ":/s", Busybox, "sh", "-c", Script + "run"));
        Closed("run", "-d", "--name", "closed", "--network", "none", "-v", shared + ":/s", Busybox, "sleep", "1000");
        Closed("exec", "closed", "sh", "-c", Script + "exec");
        Assert.Equal(["0", "1", "2"], File.ReadAllLines(shared + "/run"));
        Assert.Equal(["0", "1", "2"], File.ReadAllLines(shared + "/exec"));
        Closed("ps");
        Closed("nonsense");
        // The records are whole: whatever was printed was printed into nothing.
        Assert.Equal("closed", host.Run("ps", "--format", "{{.Names}}").Succeeded().Text);
        Assert.Equal("running", host.Run("inspect", "-f", "{{.State.Status}}", "closed").Succeeded().Text);
        host.Run("rm", "-f", "closed").Succeeded();
        Assert.Empty(host.Run("ps", "-aq").Succeeded().Text);

        void Closed(params string[] words) => Tool.Try(["sh", "-c", $"exec \"$@\" {closed}", "sh", .. host.CommandLine(words)]);
    }

    [Fact]
    public void RUN_19_All_output_arrives_and_the_streams_stay_apart()
    {
        CommandResult result = host.RunShell("head -c 10000000 /dev/zero | tr '\\0' x; echo aside >&2").Succeeded();
        Assert.Equal(10_000_000, result.OutputBytes.Length);
        Assert.Equal("aside\n", result.Error);
    }

    [Fact]
    public void RUN_21_A_terminal_has_its_size_from_the_start_and_follows_changes()
    {
        using Pty pty = host.StartOnTerminal(
            31,
            97,
            InBusybox(
                "-it",
                "-u",
                "sailor",
                Busybox,
                "sh",
                "-c",
                "stty size; tty; stat -c 'owner %u' /dev/pts/0; trap 'stty size' WINCH; echo ready; while :; do read -r w; [ \"$w\" = end ] && exit 3; [ -n \"$w\" ] && echo \"got $w\"; done"
            )
        );
        pty.WaitFor("31 97");
        pty.WaitFor("/dev/pts/0");
        pty.WaitFor("owner 1000");
        pty.WaitFor("ready");
        pty.Resize(40, 120);
        pty.WaitFor("40 120");
        pty.Type("word\n");
        pty.WaitFor("got word");
        pty.Type("end\n");
        Assert.Equal(3, pty.WaitForExit());
    }

    [Fact]
    public void RUN_21_A_terminal_asked_for_without_one_is_refused() =>
        Assert.NotEqual(0, host.Run(InBusybox("-it", Busybox, "true")).Complained("terminal").ExitCode);

    [Fact]
    public void RUN_21_The_callers_terminal_is_as_it_was()
    {
        string command = string.Join(
            ' ',
            host.CommandLine(InBusybox("-it", Busybox, "sh", "-c", "stty -a | grep -c opost; exit 4")).Select(w => $"'{w}'")
        );
        using Pty pty = Pty.Start([
            "/bin/sh",
            "-c",
            $"a=$(stty -g); {command}; echo code $?; [ \"$a\" = \"$(stty -g)\" ] && echo restored",
        ]);
        pty.WaitFor("code 4");
        pty.WaitFor("restored");
        Assert.Equal(0, pty.WaitForExit());
    }

    // docker and podman pass on all of these; STKFLT, XCPU … by number, as the shell of busybox knows no names for some.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(18)]
    [InlineData(24)]
    [InlineData(25)]
    [InlineData(26)]
    [InlineData(27)]
    [InlineData(28)]
    [InlineData(29)]
    [InlineData(30)]
    [InlineData(35)]
    [InlineData(64)]
    public void RUN_14_Signals_to_the_command_reach_the_first_process(int number)
    {
        string script = $"trap 'echo got {number}; exit 33' {number}; echo ready; while :; do sleep 0.05; done";
        foreach (string[] flags in new[] { [], new[] { "--log-driver", "json-file" } })
        {
            using RunningCommand running = host.Start(["run", "--rm", "--network", "none", .. flags, Busybox, "sh", "-c", script]);
            running.WaitForOutput("ready");
            running.Signal(number);
            CommandResult result = running.WaitForExit().ExitedWith(33);
            Assert.Contains($"got {number}", result.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void RUN_14_A_changed_window_ends_nothing_without_proxy()
    {
        string script = "trap 'echo got' WINCH; echo ready; sleep 0.5; echo end";
        using (RunningCommand running = host.Start(["run", "--rm", "--network", "none", "--sig-proxy=false", Busybox, "sh", "-c", script]))
        {
            running.WaitForOutput("ready");
            running.Signal(28);
            Assert.Equal("ready\nend\n", running.WaitForExit().ExitedWith(0).Output);
        }
    }

    [Fact]
    public void An_init_reaps_what_others_leave()
    {
        string text = host.RunShell(
                "(sleep 0.1 &); (sleep 0.1 &); sleep 0.5; grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l",
                "--init"
            )
            .Succeeded()
            .Text;
        Assert.Equal("0", text);
    }

    [Fact]
    public void The_time_limit_ends_a_container()
    {
        CommandResult result = host.RunShell("sleep 60", "--timeout", "1");
        Assert.NotEqual(0, result.ExitCode);
    }
}
