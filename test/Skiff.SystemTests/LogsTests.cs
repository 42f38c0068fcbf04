using System.Globalization;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>What is kept of a container's output, and how it is shown.</summary>
public sealed class LogsTests(SkiffHost host) : IClassFixture<SkiffHost>, IDisposable
{
    private string Busybox => host.Image(TestImages.Busybox);

    private void Ended(string name, string script, params string[] flags)
    {
        host.Run(["run", "-d", "--name", name, "--network", "none", .. flags, Busybox, "sh", "-c", script]).Succeeded();
        host.Run("wait", name).Succeeded();
    }

    private void Remove(string name) => host.Run("rm", "-f", name).Succeeded();

    /// <summary>A test that fails leaves no container to the next.</summary>
    public void Dispose()
    {
        string[] left = host.Run("ps", "-aq").Lines;
        if (left.Length > 0)
        {
            host.Run(["rm", "-f", .. left]);
        }
    }

    private string[] Files(string name) =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(host.Root, "containers", host.Run("inspect", "-f", "{{.Id}}", name).Text), "log.json*")
                .Select(f => Path.GetFileName(f))
                .Order(StringComparer.Ordinal),
        ];

    [Fact]
    public void RUN_19_Ten_megabytes_written_just_before_the_end_are_all_there_and_the_streams_stay_apart()
    {
        Ended(
            "bulk",
            "i=0; while [ $i -lt 160 ]; do echo $i >&2; i=$((i+1)); done; yes 0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnop | head -n 163934"
        );
        CommandResult logs = host.Run("logs", "bulk").Succeeded();
        Assert.Equal(163934, logs.Lines.Length);
        Assert.All(logs.Lines, l => Assert.Equal(62, l.Length));
        Assert.Equal(Enumerable.Range(0, 160).Select(i => i.ToString(CultureInfo.InvariantCulture)), logs.Error.TrimEnd('\n').Split('\n'));
        Remove("bulk");
    }

    [Theory]
    [InlineData("false")]
    [InlineData("true")]
    public void Rotated_files_are_read_in_order_while_they_are_rotated(string compress)
    {
        const string Script = "read -r go; i=0; while [ $i -lt 30000 ]; do echo \"line $i\"; i=$((i+1)); done";
        host.Run(
                "run",
                "-d",
                "-i",
                "--name",
                "turns",
                "--network",
                "none",
                "--log-opt",
                "max-size=100k",
                "--log-opt",
                "max-file=1000",
                "--log-opt",
                "compress=" + compress,
                Busybox,
                "sh",
                "-c",
                Script
            )
            .Succeeded();
        using RunningCommand follow = host.Start("logs", "-f", "turns");
        host.RunWithInput("go\n"u8.ToArray(), "attach", "turns").Succeeded();
        string[] followed = follow.WaitForExit().Succeeded().Lines;
        Assert.Equal(Enumerable.Range(0, 30000).Select(i => $"line {i}"), followed);
        Assert.Equal(followed, host.Run("logs", "turns").Succeeded().Lines);
        Assert.True(Files("turns").Length > 10);
        Wait.Until(
            () =>
                Files("turns").Count(static f => f.EndsWith(".gz", StringComparison.Ordinal))
                == (compress == "true" ? Files("turns").Length - 1 : 0),
            10,
            () => string.Join(' ', Files("turns"))
        );
        Assert.Equal(followed, host.Run("logs", "turns").Succeeded().Lines);
        Assert.Equal(followed[^7000..], host.Run("logs", "-n", "7000", "turns").Succeeded().Lines);
        Assert.Equal(followed, Tool.Run(["prlimit", "--nofile=25:200", .. host.CommandLine("logs", "turns")]).Lines);
        Remove("turns");
    }

    [Fact]
    public void Old_files_are_dropped_and_the_last_lines_are_found_across_files()
    {
        Ended(
            "short",
            "i=0; while [ $i -lt 3000 ]; do echo \"line $i\"; i=$((i+1)); done",
            "--log-opt",
            "max-size=50k",
            "--log-opt",
            "max-file=2"
        );
        Assert.Equal(["log.json", "log.json.1"], Files("short"));
        string[] all = host.Run("logs", "short").Succeeded().Lines;
        Assert.Equal("line 2999", all[^1]);
        Assert.True(all.Length is > 600 and < 2999, $"{all.Length} lines");
        int back = all.Length - 5;
        Assert.Equal(all[^back..], host.Run("logs", "--tail", back.ToString(CultureInfo.InvariantCulture), "short").Succeeded().Lines);
        Assert.Equal(all[^1..], host.Run("logs", "-n", "1", "short").Succeeded().Lines);
        Assert.Equal("", host.Run("logs", "--tail", "0", "short").Succeeded().Output);
        Assert.Equal(all, host.Run("logs", "--tail", "100000", "short").Succeeded().Lines);
        Remove("short");
    }

    [Theory]
    [InlineData("json-file", "--log-opt", "compress=1")]
    [InlineData("local")]
    public void Compressed_files_are_dropped_in_turn_and_a_damaged_one_is_read_as_far_as_it_goes(string driver, params string[] flags)
    {
        Ended(
            "packed",
            "i=0; while [ $i -lt 5000 ]; do echo \"line $i\"; i=$((i+1)); done",
            ["--log-driver", driver, "--log-opt", "max-size=50k", "--log-opt", "max-file=4", .. flags]
        );
        Wait.Until(
            () => Files("packed").Count(static f => f.EndsWith(".gz", StringComparison.Ordinal)) == 3,
            10,
            () => string.Join(' ', Files("packed"))
        );
        Assert.Equal(["log.json", "log.json.1.gz", "log.json.2.gz", "log.json.3.gz"], Files("packed"));
        string directory = Path.Combine(host.Root, "containers", host.Run("inspect", "-f", "{{.Id}}", "packed").Text);
        Tool.Shell($"gzip -t {directory}/*.gz");
        string[] all = host.Run("logs", "packed").Succeeded().Lines;
        Assert.Equal(Enumerable.Range(5000 - all.Length, all.Length).Select(static i => $"line {i}"), all);
        Assert.True(all.Length is > 1500 and < 4999, $"{all.Length} lines");
        Tool.Shell($"cd {directory} && size=$(stat -c %s log.json.3.gz) && truncate -s $((size / 2)) log.json.3.gz");
        string[] rest = host.Run("logs", "packed").Succeeded().Lines;
        Assert.Equal(all[^1000..], rest[^1000..]);
        Assert.True(rest.Length < all.Length);
        Remove("packed");
    }

    [Fact]
    public void Lines_longer_than_a_record_and_without_an_end_are_whole()
    {
        Ended("long", "head -c 50000 /dev/zero | tr '\\0' x; echo; echo next; printf 'no end'");
        string all = host.Run("logs", "long").Succeeded().Output;
        Assert.Equal(new string('x', 50000) + "\nnext\nno end", all);
        Assert.Equal(all, host.Run("logs", "--tail", "3", "long").Succeeded().Output);
        Assert.Equal("next\nno end", host.Run("logs", "--tail", "2", "long").Succeeded().Output);
        Remove("long");
    }

    [Fact]
    public void Bytes_that_need_escapes_come_back()
    {
        Ended("odd", "printf '\\\\n is text, \"quoted\"\\t<tab> & \\033[1mbold\\033[0m é 漢 \\001\\r\\n'; printf 'a\\\\\\\\n'");
        Assert.Equal(
            "\\n is text, \"quoted\"\t<tab> & \u001b[1mbold\u001b[0m é 漢 \u0001\r\na\\\\n",
            host.Run("logs", "odd").Succeeded().Output
        );
        Remove("odd");
    }

    [Fact]
    public void Since_until_and_timestamps_go_by_the_time_of_each_line()
    {
        Ended("timed", "echo first; sleep 0.2; echo second; sleep 0.2; echo third");
        string[] stamped = host.Run("logs", "-t", "timed").Succeeded().Lines;
        Assert.All(stamped, l => Assert.Matches("^20[0-9-]+T[0-9:]+\\.[0-9]{9}Z (first|second|third)$", l));
        string second = stamped[1].Split(' ')[0];
        Assert.Equal(["second", "third"], host.Run("logs", "--since", second, "timed").Succeeded().Lines);
        Assert.Equal(["first", "second"], host.Run("logs", "--until", second, "timed").Succeeded().Lines);
        Assert.Equal("", host.Run("logs", "--since", "1ms", "timed").Succeeded().Output);
        Assert.Equal(3, host.Run("logs", "--since", "10m", "timed").Succeeded().Lines.Length);
        Remove("timed");
    }

    [Fact]
    public void LIFE_14_Following_ends_with_the_container_and_lives_through_its_policys_restarts()
    {
        const string Script = "echo life; n=$(cat /n 2>/dev/null || echo 0); echo $((n+1)) > /n; [ $n -lt 2 ] && exit 1; echo last";
        host.Run("run", "-d", "--name", "lives", "--network", "none", "--restart", "on-failure", Busybox, "sh", "-c", Script).Succeeded();
        Assert.Equal(["life", "life", "life", "last"], host.Run("logs", "-f", "lives").Succeeded().Lines);
        Remove("lives");
    }

    [Fact]
    public void Details_are_the_labels_and_variables_that_the_options_name()
    {
        Ended("detailed", "echo said", "-l", "tier=web one", "-e", "MODE=fast", "--log-opt", "labels=tier", "--log-opt", "env=MODE,NONE");
        Assert.Equal("MODE=fast,tier=web%20one said", host.Run("logs", "--details", "detailed").Succeeded().Text);
        Assert.Equal("said", host.Run("logs", "detailed").Succeeded().Text);
        Ended("tagged", "echo said", "--log-opt", "tag={{.Name}}-x");
        Assert.Equal("tag=tagged-x said", host.Run("logs", "--details", "tagged").Succeeded().Text);
        Remove("tagged");
        Remove("detailed");
    }

    [Theory]
    [InlineData("json-file", "nosuch=1", "unknown log opt 'nosuch'")]
    [InlineData("json-file", "max-size=soon", "max-size")]
    [InlineData("json-file", "max-file=0", "max-file")]
    [InlineData("json-file", "compress=maybe", "true or false")]
    [InlineData("json-file", "compress=true,max-file=1", "at least 2")]
    [InlineData("json-file", "compress=true,max-size=-1", "a max-size")]
    [InlineData("none", "max-size=1m", "unknown log opt 'max-size'")]
    public void Wrong_log_options_are_sentences(string driver, string option, string sentence)
    {
        string[] options = [.. option.Split(',').SelectMany(static o => (string[])["--log-opt", o])];
        host.Run(["run", "-d", "--network", "none", "--log-driver", driver, .. options, Busybox, "true"])
            .ExitedWith(125)
            .Complained(sentence);
        Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text);
    }

    [Fact]
    public void Local_keeps_the_log_too_and_none_keeps_nothing()
    {
        Ended("near", "echo here", "--log-driver", "local", "--log-opt", "max-size=1m");
        Assert.Equal("here", host.Run("logs", "near").Succeeded().Text);
        Remove("near");
        Ended("mute", "echo lost", "--log-driver", "none");
        host.Run("logs", "mute").ExitedWith(1).Complained("does not support reading");
        Assert.Empty(Files("mute"));
        Remove("mute");
    }

    [Fact]
    public void A_foreground_run_that_names_a_log_driver_is_logged()
    {
        Assert.Equal(
            "both",
            host.Run("run", "--name", "kept", "--network", "none", "--log-driver", "json-file", Busybox, "echo", "both").Succeeded().Text
        );
        Assert.Equal("both", host.Run("logs", "kept").Succeeded().Text);
        Remove("kept");
    }

    [Fact]
    public void A_full_disk_costs_lines_of_the_log_and_not_the_container()
    {
        // A store of its own on a file system that is soon full.
        string disk = Path.Combine(host.Directory, "disk");
        Directory.CreateDirectory(disk);
        Tool.Run("mount", "-t", "tmpfs", "-o", "size=24m", "none", disk);
        try
        {
            string tar = Path.Combine(host.Directory, "small.tar");
            Tool.Run("tar", "-C", "/", "-cf", tar, "bin/busybox");
            string[] skiff = [.. host.Net.Prefix, Workspace.Binary, "--root", disk, "--runroot", Path.Combine(host.Directory, "diskrun")];
            Tool.Run([.. skiff, "import", tar, "small"]);
            string[] run =
            [
                "run",
                "-d",
                "--name",
                "full",
                "--network",
                "none",
                "--log-opt",
                "max-size=100m",
                "small",
                "/bin/busybox",
                "sh",
                "-c",
            ];
            Tool.Run([
                .. skiff,
                .. run,
                "/bin/busybox yes 0123456789012345678901234567890123456789 | /bin/busybox head -n 1000000; exit 7",
            ]);
            Assert.Equal("7", Tool.Run([.. skiff, "wait", "full"]).Text);
            Assert.StartsWith("0123456789", Tool.Run([.. skiff, "logs", "-n", "1", "full"]).Text, StringComparison.Ordinal);
            Tool.Run([.. skiff, "rm", "full"]);
        }
        finally
        {
            Tool.Run("umount", disk);
        }
    }

    [Fact]
    public void The_journal_gets_each_line_with_dockers_fields()
    {
        string directory = Path.Combine(host.Directory, "journal");
        Directory.CreateDirectory(directory);
        using var journal = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix,
            System.Net.Sockets.SocketType.Dgram,
            System.Net.Sockets.ProtocolType.Unspecified
        );
        string path = Path.Combine(directory, "socket");
        Assert.True(path.Length < 100, path);
        journal.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
        journal.ReceiveTimeout = 20_000;
        // In a mount namespace of its own, the journal's place is the test's socket.
        string[] run = ["run", "--name", "noted", "--network", "none", "-l", "tier=web", "--log-driver", "journald"];
        string[] command = host.CommandLine([
            .. run,
            "--log-opt",
            "labels=tier",
            "--log-opt",
            "tag={{.Name}}",
            Busybox,
            "sh",
            "-c",
            "echo one; echo two >&2",
        ]);
        string script =
            $"mount -t tmpfs none /run; mkdir -p /run/systemd/journal; mount --bind {directory} /run/systemd/journal; exec "
            + string.Join(' ', command.Skip(host.Net.Prefix.Length).Select(w => $"'{w}'"));
        using (
            RunningCommand running = RunningCommand.Start([
                .. host.Net.Prefix,
                "unshare",
                "-m",
                "--propagation",
                "private",
                "sh",
                "-euc",
                script,
            ])
        )
        {
            running.CloseInput();
            Assert.Equal("one\n", running.WaitForExit().Succeeded().Output);
        }
        byte[] buffer = new byte[65536];
        string[] entries =
        [
            .. Enumerable
                .Range(0, 2)
                .Select(_ => System.Text.Encoding.UTF8.GetString(buffer, 0, journal.Receive(buffer)))
                .Order(StringComparer.Ordinal),
        ];
        Assert.Contains(
            entries,
            e => e.Contains("MESSAGE=one\n", StringComparison.Ordinal) && e.Contains("PRIORITY=6\n", StringComparison.Ordinal)
        );
        Assert.Contains(
            entries,
            e => e.Contains("MESSAGE=two\n", StringComparison.Ordinal) && e.Contains("PRIORITY=3\n", StringComparison.Ordinal)
        );
        Assert.All(entries, e => Assert.Contains("CONTAINER_NAME=noted\n", e, StringComparison.Ordinal));
        Assert.All(entries, e => Assert.Contains("CONTAINER_TAG=noted\n", e, StringComparison.Ordinal));
        Assert.All(entries, e => Assert.Contains("TIER=web\n", e, StringComparison.Ordinal));
        host.Run("logs", "noted").ExitedWith(1).Complained("journalctl");
        Remove("noted");
        if (!File.Exists("/run/systemd/journal/socket"))
        {
            host.Run("run", "--network", "none", "--log-driver", "journald", Busybox, "true").ExitedWith(125).Complained("no journal");
        }
    }
}
