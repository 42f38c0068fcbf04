using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The engine killed at any moment: the next command leaves nothing behind.</summary>
public sealed class CrashTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    [Fact]
    public void LIFE_07_A_run_that_was_killed_leaves_nothing_after_the_next_command()
    {
        string image = host.Image(TestImages.Busybox);
        for (int i = 0; i < 40; i++)
        {
            using RunningCommand running = host.Start("run", "--rm", "--network", "none", image, "sleep", "60");
            Thread.Sleep(i);
            running.Signal(Native.SIGKILL);
            // In the same instant: it may not be dead yet, or its container not.
            Assert.Equal("", host.Run("ps", "-aq").Succeeded().Text);
            AssertNothingLeft();
            running.WaitForExit();
        }
        Wait.Until(() => host.Processes().Length == 0, 10, () => string.Join('\n', host.Processes()));
    }

    /// <summary>A frozen process keeps its lock although SIGKILL was sent to it, for as long as the test wants.</summary>
    [Fact]
    public void LIFE_07_A_command_waits_for_a_run_that_is_dying()
    {
        const string Freezer = "/sys/fs/cgroup/freezer";
        Assert.SkipUnless(File.Exists(Freezer + "/cgroup.procs"), "without the freezer of cgroup version 1 what is killed dies at once");
        string own = $"{Freezer}/skiff-test-{Environment.ProcessId}";
        using RunningCommand running = host.Start(
            "run",
            "--rm",
            "--network",
            "none",
            host.Image(TestImages.Busybox),
            "sh",
            "-c",
            "echo up; exec sleep 60"
        );
        running.WaitForOutput("up");
        Directory.CreateDirectory(own);
        try
        {
            File.WriteAllText(own + "/cgroup.procs", $"{running.Pid}");
            File.WriteAllText(own + "/freezer.state", "FROZEN");
            Wait.Until(() => File.ReadAllText(own + "/freezer.state") == "FROZEN\n", 10, () => "it does not freeze");
            Assert.NotEqual("", host.Run("ps", "-q").Succeeded().Text); // it lives
            running.Signal(Native.SIGKILL);
            using RunningCommand next = host.Start("ps", "-aq");
            Wait.Until(() => next.HasExited || IsInFlock(next.Pid), 10, () => "it neither ends nor waits");
            File.WriteAllText(own + "/freezer.state", "THAWED");
            Assert.Equal("", next.WaitForExit().Succeeded().Text);
            AssertNothingLeft();
            running.WaitForExit();
        }
        finally
        {
            File.WriteAllText(own + "/freezer.state", "THAWED");
            Wait.Until(() => File.ReadAllText(own + "/cgroup.procs").Length == 0, 10, () => "it does not die");
            Directory.Delete(own);
        }

        // proc_locks(5): who waits stands below the lock, with an arrow.
        static bool IsInFlock(int pid) => File.ReadLines("/proc/locks").Any(l => l.Contains($"-> FLOCK  ADVISORY  WRITE {pid} "));
    }

    [Theory]
    [InlineData(Native.SIGKILL, "-d")]
    [InlineData(Native.SIGTERM, "-d")]
    [InlineData(Native.SIGKILL, "--log-driver=json-file")]
    public void LIFE_07_A_start_in_the_background_that_was_killed_happens_whole_or_not_at_all(int signal, string flag)
    {
        string image = host.Image(TestImages.Busybox);
        for (int i = 0; i < 40; i++)
        {
            using RunningCommand running = host.Start("run", flag, "--rm", "-p", "127.0.0.1:0:80", image, "sleep", "60");
            Thread.Sleep(i / 2);
            running.Signal(signal);
            running.WaitForExit();
        }
        // What had been started runs; the rest is removed by the next command, with address, port and cgroup.
        Wait.Until(Settled, 10, () => host.Run("ps", "-a").Output);
        foreach (string id in host.Run("ps", "-q").Succeeded().Lines)
        {
            host.Run("rm", "-f", id).Succeeded();
        }
        AssertNothingLeft();
        Wait.Until(() => !Directory.EnumerateFileSystemEntries(host.Runroot + "/sessions").Any(), 10, () => "sessions are left");
        Assert.Empty(
            Directory.Exists(host.Runroot + "/networks/bridge/leases")
                ? Directory.EnumerateFiles(host.Runroot + "/networks/bridge/leases")
                : []
        );

        bool Settled()
        {
            host.Run("run", "--rm", "--network", "none", image, "true").Succeeded();
            return host.Run("ps", "-aq", "--filter", "status=created").Succeeded().Lines.Length == 0;
        }
    }

    [Fact]
    public void LIFE_07_The_container_ends_with_the_command()
    {
        using RunningCommand running = host.Start(
            "run",
            "--rm",
            "--network",
            "none",
            host.Image(TestImages.Busybox),
            "sh",
            "-c",
            "echo up; exec sleep 7777"
        );
        running.WaitForOutput("up");
        running.Signal(Native.SIGKILL);
        running.WaitForExit();
        Wait.Until(() => !ProcessTable.WithCommandLine("sleep 7777").Any(), 10, () => "the container's process still runs");
        host.Run("run", "--rm", "--network", "none", host.Image(TestImages.Busybox), "true").Succeeded();
        AssertNothingLeft();
    }

    [Theory]
    [InlineData(Native.SIGTERM)]
    [InlineData(Native.SIGHUP)]
    [InlineData(Native.SIGINT)]
    public void LIFE_07_A_run_that_is_told_to_end_early_cleans_up(int signal)
    {
        string image = host.Image(TestImages.Busybox);
        for (int i = 0; i < 8; i++)
        {
            using RunningCommand running = host.Start("run", "--rm", "--network", "none", "--init", image, "sleep", "60");
            Thread.Sleep(i * 4);
            running.Signal(signal);
            running.WaitForExit(20);
            AssertNothingLeft();
        }
    }

    /// <summary>With its session begun, before and after its first process is there, and so on.</summary>
    [Theory]
    [InlineData("-i")]
    [InlineData("-d")]
    [InlineData("-t")]
    public void LIFE_07_A_start_that_is_told_to_end_at_any_step_happens_whole_or_not_at_all(string flag)
    {
        Tool.Require("strace");
        string image = host.Image(TestImages.Busybox);
        foreach (string call in (string[])["flock", "clone3", "symlinkat"])
        {
            for (int i = 1; i <= 3; i++)
            {
                string[] line = host.CommandLine("run", flag, "--rm", "--network", "none", image, "sleep", flag == "-d" ? "60" : "0.2");
                string[] trace = ["strace", "-o", "/dev/null", "-e", $"trace={call}", "-e", $"inject={call}:signal=TERM:when={i}"];
                Tool.Try([.. host.Net.Prefix, .. trace, .. line[host.Net.Prefix.Length..]]);
                Assert.Empty(Directory.EnumerateFileSystemEntries(host.Runroot + "/sessions"));
                string[] whole = flag == "-d" ? host.Run("ps", "-q").Succeeded().Lines : [];
                if (whole.Length > 0)
                {
                    host.Run(["rm", "-f", .. whole]).Succeeded();
                }
                AssertNothingLeft();
            }
        }
    }

    /// <summary>Nobody would find what an exec leaves in a container that goes on: it is in no record. Its process is held up before it has asked for a signal at our death, and where a change of user has taken that away.</summary>
    [Theory]
    [InlineData("0", "setresuid")]
    [InlineData("65534", "capset")]
    public void LIFE_07_An_exec_that_was_killed_ends_its_command(string user, string call)
    {
        Tool.Require("strace");
        string id = host.Run("run", "-d", "--network", "none", host.Image(TestImages.Busybox), "sleep", "1000").Succeeded().Text;
        string log = Path.Combine(host.Directory, $"exec-{user}.log");
        string[] line = host.CommandLine("exec", "-u", user, id, "sleep", "7778");
        string[] trace = ["strace", "-f", "-o", log, "-e", $"trace=setns,{call}", "-e", $"inject={call}:delay_enter=300ms"];
        using RunningCommand traced = RunningCommand.Start([.. host.Net.Prefix, .. trace, .. line[host.Net.Prefix.Length..]]);
        Wait.Until(() => traced.HasExited || Delayed() > 0, 20, () => "it was not held up");
        int command = ProcessTable
            .WithCommandLine("exec -u")
            .Select(static l => int.Parse(l.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture))
            .Single(p => ProcessTable.Parent(p) == traced.Pid);
        _ = Native.kill(command, Native.SIGKILL);
        traced.WaitForExit(10); // strace ends with the last of them
        Assert.Empty(ProcessTable.WithCommandLine("sleep 7778"));
        host.Run("rm", "-f", id).Succeeded();

        int Delayed() => File.Exists(log) ? File.ReadLines(log).Count(l => l.Contains($" {call}(", StringComparison.Ordinal)) : 0;
    }

    /// <summary>Nothing of the container is there while its image is being downloaded, so that the end of the download can be the end of everything.</summary>
    [Theory]
    [InlineData("--rm")]
    [InlineData("-d")]
    public void A_run_that_is_interrupted_while_it_downloads_leaves_nothing(string mode)
    {
        using RunningCommand silent = RunningCommand.Start([.. host.Net.Prefix, "busybox", "nc", "-l", "-p", "5999"]);
        Wait.Until(
            () =>
                Tool.Run([.. host.Net.Prefix, "cat", "/proc/net/tcp", "/proc/net/tcp6"]).Output.Contains(":176F", StringComparison.Ordinal),
            10,
            () => "nobody listens"
        );
        using RunningCommand running = host.Start("run", mode, "127.0.0.1:5999/never:1");
        Wait.Until(() => running.ErrorSoFar.Contains("Unable to find", StringComparison.Ordinal), 10, () => running.ErrorSoFar);
        Wait.Until(() => host.Processes().Length == 1, 10, () => string.Join('\n', host.Processes()));
        Assert.Empty(Directory.EnumerateFileSystemEntries($"{host.Runroot}/sessions"));
        running.Signal(Native.SIGINT);
        running.WaitForExit();
        Assert.Empty(host.Processes());
        AssertNothingLeft();
    }

    /// <summary>Whoever has filled the disk is listed, gets its exit code, and is removed, which gives the space back; what cannot be made is refused and leaves nothing.</summary>
    [Theory]
    [InlineData("mount -t tmpfs -o size=7m,mode=700 small {0}")]
    [InlineData("truncate -s 16M {0}.disk; mkfs.ext4 -q -m 0 {0}.disk; mount -o loop {0}.disk {0}")]
    public void LIFE_05_A_container_that_has_filled_the_disk_is_listed_and_removed(string mount)
    {
        using var other = new SkiffHost();
        Directory.CreateDirectory(other.Root);
        Tool.Shell(string.Format(System.Globalization.CultureInfo.InvariantCulture, mount, other.Root));
        try
        {
            string image = other.Image(TestImages.Busybox);
            string[] fill =
            [
                "--network",
                "none",
                image,
                "sh",
                "-c",
                "cat /dev/zero >/f 2>/dev/null; for i in 1 2 3 4 5 6 7 8 9; do echo x >/$i; done 2>/dev/null; exit 3",
            ];
            other.Run(["run", "--name", "fat", .. fill]).ExitedWith(3);
            // ext4 keeps blocks back while it writes, and has them afterwards.
            Tool.Shell($"sync; i=0; while head -c 4096 /dev/zero >{other.Root}/more$i 2>/dev/null; do i=$((i+1)); done; true");
            Assert.Equal("fat Exited (3)", other.Run("ps", "-a", "--format", "{{.Names}} {{.Status}}").Succeeded().Text[..14]);
            Assert.Equal("3", other.Run("inspect", "-f", "{{.State.ExitCode}}", "fat").Succeeded().Text);
            other.Run("run", "--network", "none", image, "true").ExitedWith(125).Complained("no space left");
            other.Run("create", "--name", "more", image).ExitedWith(1).Complained("no space left");
            if (mount.Contains("tmpfs", StringComparison.Ordinal)) // ext4 has a block to give now and then
            {
                other.Run("tag", image, "more:1").ExitedWith(1).Complained("no space left");
                other.Run("volume", "create", "more").ExitedWith(1).Complained("no space left");
                Assert.Empty(Directory.EnumerateFileSystemEntries(other.Root + "/volumes"));
                other.Run("save", "-o", other.Root + "/x.tar", image).ExitedWith(1).Complained($"write {other.Root}/x.tar: no space left");
            }
            Assert.Equal("fat", other.Run("ps", "-a", "--format", "{{.Names}}").Succeeded().Text);
            other.Run("rm", "fat").Succeeded();
            Tool.Shell($"rm {other.Root}/more*");
            Assert.Equal("alive", other.Run("run", "--rm", "--network", "none", image, "echo", "alive").Succeeded().Text);
            Assert.Empty(other.Run("ps", "-aq").Succeeded().Text);
            // In the background its monitor writes the end down.
            string id = other.Run(["run", "-d", "--log-driver", "none", .. fill]).Succeeded().Text;
            Assert.Equal("3", other.Run("wait", id).Succeeded().Text);
            other.Run("rm", "-f", id).Succeeded();
            Assert.Empty(other.Run("ps", "-aq").Succeeded().Text);
        }
        finally
        {
            Tool.Run("umount", other.Root);
        }
    }

    private void AssertNothingLeft()
    {
        Assert.Empty(host.Mounts());
        Assert.Empty(Entries($"{host.Root}/containers"));
        Assert.Empty(Entries($"{host.Root}/names"));
        Assert.Empty(Directory.EnumerateFileSystemEntries($"{host.Runroot}/sessions"));
    }

    /// <summary>A command that was ended early enough has not even made the directory.</summary>
    private static string[] Entries(string directory) => Directory.Exists(directory) ? Directory.GetFileSystemEntries(directory) : [];

    /// <summary>A command that dies between freezing a container and thawing it would leave processes that no signal ends.</summary>
    [Fact]
    public void Killing_freezes_nobody_where_the_kernel_kills_a_cgroup_at_once()
    {
        Tool.Require("strace");
        Assert.SkipUnless(
            File.Exists("/sys/fs/cgroup/unified/cgroup.procs") || File.Exists("/sys/fs/cgroup/cgroup.procs"),
            "cgroup version 1 alone has no cgroup.kill"
        );
        host.Run("run", "-d", "--name", "victim", "--network", "none", host.Image(TestImages.Busybox), "sleep", "1000").Succeeded();
        string log = Path.Combine(host.Directory, "kill.log");
        Tool.Run(["strace", "-f", "-o", log, "-e", "trace=write,kill", .. host.CommandLine("rm", "-f", "victim")]);
        Assert.DoesNotContain("FROZEN", File.ReadAllText(log), StringComparison.Ordinal);
        Assert.Empty(host.Run("ps", "-aq").Succeeded().Text);
    }

    /// <summary>A foreground container's record is in its run directory: seen from another one its root looks like what a crash has left.</summary>
    [Fact]
    public void What_runs_for_another_run_directory_is_no_remains()
    {
        using RunningCommand running = host.Start(
            "run",
            "--rm",
            "-i",
            "--network",
            "none",
            host.Image(TestImages.Busybox),
            "sh",
            "-c",
            "echo up; read line; echo $line >/new && cat /new"
        );
        running.WaitForOutput("up");
        string other = Workspace.NewDirectory("other");
        Tool.Run([.. host.Net.Prefix, Workspace.Binary, "--root", host.Root, "--runroot", other, "ps", "-a"]);
        running.Write("go on\n"u8.ToArray());
        running.CloseInput();
        CommandResult result = running.WaitForExit();
        Assert.Equal("up\ngo on", result.Succeeded().Text);
    }
}
