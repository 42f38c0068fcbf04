using System.Diagnostics;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Many commands at once, on one container and on many, and commands that are killed in the middle.</summary>
public sealed class ConcurrencyTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private static readonly string[][] s_verbs =
    [
        ["start", "shared"],
        ["stop", "-t", "0", "shared"],
        ["kill", "shared"],
        ["exec", "shared", "true"],
        ["inspect", "shared"],
        ["rm", "-f", "shared"],
        ["restart", "-t", "0", "shared"],
        ["rm", "shared"],
        ["pause", "shared"],
        ["unpause", "shared"],
        ["diff", "shared"],
        ["commit", "shared", "snapshot:1"],
        ["rename", "shared", "renamed"],
        ["top", "shared"],
        ["cp", "shared:/etc/passwd", "-"],
        ["export", "-o", "/dev/null", "shared"],
        ["update", "--pids-limit", "100", "shared"],
    ];

    private string Busybox => host.Image(TestImages.Busybox);

    [Theory]
    [InlineData("--network", "none")]
    [InlineData("--rm")]
    [InlineData("--restart", "always")]
    public void LIFE_09_Twenty_commands_at_once_on_one_container_answer_sensibly_and_leave_nothing(params string[] flags)
    {
        string image = Busybox;
        HashSet<string> ids = [];
        for (int round = 0; round < 4; round++)
        {
            ids.Add(host.Run(["run", "-d", "--name", "shared", .. flags, image, "sleep", "1000"]).Succeeded().Text);
            var random = new Random(round);
            List<(string[] Words, RunningCommand Command)> running = [];
            for (int i = 0; i < 20; i++)
            {
                string[] words = s_verbs[random.Next(s_verbs.Length)];
                running.Add((words, host.Start(words)));
            }
            foreach ((string[] words, RunningCommand command) in running)
            {
                using (command)
                {
                    CommandResult result = command.WaitForExit(30);
                    // 137: a command of exec that was killed with the container.
                    int[] sensible = words[0] == "exec" ? [0, 1, 125, 126, 137] : [0, 1];
                    Assert.True(sensible.Contains(result.ExitCode), $"{result}");
                    Assert.DoesNotContain("internal error", result.Error, StringComparison.Ordinal);
                    // A sentence says what happened to the container, not which system call noticed it.
                    Assert.DoesNotMatch(@"\(E[A-Z0-9]+\)", result.Error);
                    Assert.True(
                        result.ExitCode != 0 == result.Error.Contains("skiff: ", StringComparison.Ordinal)
                            || words[0] is "exec" or "stop" or "restart" or "rm", // rm -f says that there is none, and succeeds
                        $"a failure needs a sentence\n{result}"
                    );
                }
            }
            string status = host.Run("ps", "-a", "--filter", "name=^shared$", "--format", "{{.State}}").Succeeded().Text;
            Assert.Contains(status, (string[])["", "running", "paused", "exited", "created"]);
            host.Run("rm", "-f", "shared", "renamed").Succeeded();
            Assert.DoesNotContain(
                Directory.EnumerateFileSystemEntries(host.Root + "/names"),
                static name => !name.EndsWith("/.lock", StringComparison.Ordinal)
            );
        }
        AssertNothingLeft(ids);
    }

    [Fact]
    public void LIFE_09_Of_many_starts_of_one_container_one_starts_it()
    {
        string id = host.Run("create", "--name", "once", "--network", "none", Busybox, "sh", "-c", "echo born; exec sleep 1000")
            .Succeeded()
            .Text;
        RunningCommand[] starts = [.. Enumerable.Range(0, 12).Select(_ => host.Start("start", "once"))];
        foreach (RunningCommand start in starts)
        {
            using (start)
            {
                start.WaitForExit(30).Succeeded();
            }
        }
        Assert.Single(ProcessTable.WithCommandLine($"monitor {id}"));
        Wait.Until(() => host.Run("logs", "once").Text == "born", 10, () => $"its log is not one line: {host.Run("logs", "once")}");
        host.Run("rm", "-f", "once").Succeeded();
        AssertNothingLeft([id]);
    }

    [Fact]
    public void LIFE_09_A_container_in_the_foreground_that_another_command_removes_ends_with_137()
    {
        foreach (
            string[] flags in (string[][])
                [
                    ["--rm"],
                    [],
                ]
        )
        {
            using RunningCommand running = host.Start([
                "run",
                .. flags,
                "--name",
                "front",
                "--network",
                "none",
                Busybox,
                "sh",
                "-c",
                "echo up; exec sleep 1000",
            ]);
            running.WaitForOutput("up");
            host.Run("rm", "-f", "front").Succeeded();
            CommandResult end = running.WaitForExit(20).ExitedWith(137);
            Assert.Equal("", end.Error);
            Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text);
        }
    }

    [Fact]
    public void LIFE_09_A_paused_container_is_removed_at_once()
    {
        string id = host.Run("run", "-d", "--name", "frozen", "--network", "none", Busybox, "sleep", "1000").Succeeded().Text;
        host.Run("pause", "frozen").Succeeded();
        long began = Stopwatch.GetTimestamp();
        host.Run("rm", "-f", "frozen").Succeeded();
        Assert.True(Stopwatch.GetElapsedTime(began).TotalSeconds < 4, "it waited for a frozen process to die");
        AssertNothingLeft([id]);
    }

    [Fact]
    public void NET_02_Fifty_containers_started_at_once_have_fifty_addresses()
    {
        string image = Busybox;
        RunningCommand[] runs =
        [
            .. Enumerable.Range(0, 50).Select(i => host.Start("run", "-d", "--name", $"many{i}", image, "sleep", "1000")),
        ];
        foreach (RunningCommand run in runs)
        {
            using (run)
            {
                run.WaitForExit(60).Succeeded();
            }
        }
        string[] names = [.. Enumerable.Range(0, 50).Select(static i => $"many{i}")];
        string[] addresses = host.Run(["inspect", "-f", "{{.NetworkSettings.IPAddress}} {{.NetworkSettings.MacAddress}}", .. names])
            .Succeeded()
            .Lines;
        Assert.Equal(50, addresses.Select(static a => a.Split(' ')[0]).Where(static a => a.Length > 0).Distinct().Count());
        Assert.Equal(50, addresses.Select(static a => a.Split(' ')[1]).Where(static a => a.Length > 0).Distinct().Count());
        Assert.Equal(50, host.Run("ps", "-q").Succeeded().Lines.Length);
        host.Run(["rm", "-f", .. names]).Succeeded();
        Assert.Empty(Directory.EnumerateFileSystemEntries($"{host.Root}/containers"));
    }

    [Fact]
    public void No_command_waits_for_the_lock_of_another_container()
    {
        string image = Busybox;
        string held = host.Run("run", "-d", "--name", "held", "--network", "none", image, "sleep", "1000").Succeeded().Text;
        host.Run("run", "-d", "--name", "free", "--network", "none", image, "sleep", "1000").Succeeded();
        using (
            RunningCommand holder = RunningCommand.Start(["flock", $"{host.Root}/containers/{held}", "sh", "-c", "echo locked; exec cat"])
        )
        {
            holder.WaitForOutput("locked");
            foreach (
                string line in (string[])
                    [
                        "ps -a",
                        "inspect held free",
                        "exec held true",
                        "stats --no-stream",
                        "top held",
                        "pause free",
                        "unpause free",
                        "stop -t 0 free",
                        "start free",
                        "rename free loose",
                        "rm -f loose",
                    ]
            )
            {
                using RunningCommand command = host.Start(line.Split(' '));
                command.WaitForExit(15).Succeeded();
            }
            host.Run("run", "--rm", image, "true").Succeeded();
            host.Run("run", "-d", "--name", "third", image, "sleep", "1000").Succeeded();
            host.Run("rm", "-f", "third").Succeeded();
            holder.CloseInput();
            holder.WaitForExit(10);
        }
        host.Run("rm", "-f", "held").Succeeded();
        AssertNothingLeft([held]);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("start")]
    [InlineData("stop")]
    [InlineData("rm")]
    public void LIFE_07_Commands_and_monitors_killed_at_any_moment_leave_the_truth(string verb)
    {
        string image = Busybox;
        HashSet<string> ids = [];
        for (int i = 0; i < 12; i++)
        {
            string[] words = Prepare(verb, image, $"victim{i}");
            using RunningCommand command = host.Start(words);
            Thread.Sleep(i * 4);
            if (i % 2 == 0)
            {
                command.Signal(Native.SIGKILL);
            }
            else
            {
                KillMonitors();
            }
            command.WaitForExit(30);
            ids.UnionWith(Ids());
            AssertTruth();
        }
        KillMonitors();
        AssertTruth();
        Wait.Until(() => !ProcessTable.WithCommandLine($"{host.Runroot} {verb}").Any(), 10, () => "a command still runs");
        string[] left = host.Run("ps", "-aq", "--no-trunc").Succeeded().Lines;
        // What was killed while it was made is gone, and what is listed is all there is.
        Assert.Equal(left.Order(), Ids().Order());
        if (left.Length > 0)
        {
            host.Run(["rm", "-f", .. left]).Succeeded();
        }
        AssertNothingLeft(ids);
    }

    /// <summary>The command line that is going to be disturbed.</summary>
    private string[] Prepare(string verb, string image, string name)
    {
        switch (verb)
        {
            case "run":
                return ["run", "-d", "--name", name, image, "sleep", "1000"];
            case "start":
                host.Run("create", "--name", name, image, "sleep", "1000").Succeeded();
                return ["start", name];
            default:
                host.Run("run", "-d", "--name", name, image, "sleep", "1000").Succeeded();
                return verb == "stop" ? ["stop", "-t", "0", name] : ["rm", "-f", name];
        }
    }

    private void KillMonitors()
    {
        foreach (string monitor in ProcessTable.WithCommandLine($"{host.Runroot} monitor"))
        {
            _ = Native.kill(int.Parse(monitor.Split(' ')[0]), Native.SIGKILL);
        }
    }

    /// <summary>What ps says is so, once the monitor that outlived its command has done its work: who runs has a living process, and who does not has none.</summary>
    private void AssertTruth()
    {
        string? lie = null;
        Wait.Until(() => (lie = Lie()) is null, 10, () => lie!);
    }

    private string? Lie()
    {
        foreach (string line in host.Run("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.State}}").Succeeded().Lines)
        {
            string[] words = line.Split(' ');
            string found = host.Run("inspect", "-f", "{{.State.Running}} {{.State.Pid}}", words[0]).Text;
            if (
                found.StartsWith("true ", StringComparison.Ordinal)
                    ? !Directory.Exists($"/proc/{found.Split(' ')[1]}")
                    : words[1] is "exited" or "created" && Tasks(words[0]).Any()
            )
            {
                return $"{line}: {found}; its processes: {string.Join(' ', Tasks(words[0]))}";
            }
        }
        return null;
    }

    private string[] Ids() =>
        Directory.Exists($"{host.Root}/containers")
            ? [.. Directory.EnumerateDirectories($"{host.Root}/containers").Select(static d => Path.GetFileName(d)!)]
            : [];

    private static IEnumerable<string> Cgroups(string id) =>
        Directory.EnumerateDirectories("/sys/fs/cgroup").Append("/sys/fs/cgroup").Select(d => $"{d}/skiff/{id}").Where(Directory.Exists);

    private static IEnumerable<string> Tasks(string id) =>
        Cgroups(id)
            .SelectMany(static d => ProcessTable.Read($"{d}/cgroup.procs").Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Distinct();

    private void AssertNothingLeft(IEnumerable<string> ids)
    {
        Wait.Until(() => host.Processes().Length == 0, 10, () => string.Join('\n', host.Processes()));
        Assert.Empty(Directory.EnumerateFileSystemEntries($"{host.Root}/containers"));
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries($"{host.Root}/names"),
            static n => !n.EndsWith("/.lock", StringComparison.Ordinal)
        );
        string leases = $"{host.Runroot}/networks";
        Assert.Empty(
            Directory.Exists(leases)
                ? Directory
                    .EnumerateFiles(leases, "*", SearchOption.AllDirectories)
                    .Where(static f => f.Contains("/leases/", StringComparison.Ordinal))
                : []
        );
        foreach (string id in ids)
        {
            Assert.Empty(Cgroups(id));
        }
    }
}
