using System.Globalization;
using System.Security.Cryptography;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Further commands in a running container.</summary>
public sealed class ExecTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    private string Begin(string name, params string[] flags)
    {
        host.Run(["run", "-d", "--name", name, "--network", "none", .. flags, Busybox, "sleep", "1000"]).Succeeded();
        return name;
    }

    private void Remove(string name) => host.Run("rm", "-f", name).Succeeded();

    private string Shell(string name, string script, params string[] flags) =>
        host.Run(["exec", .. flags, name, "sh", "-c", script]).Succeeded().Text;

    [Fact]
    public void A_command_for_a_container_that_is_ending_says_so()
    {
        for (int i = 0; i < 40; i++)
        {
            string name = $"ending-{i}";
            host.Run("run", "-d", "--name", name, "--network", "none", Busybox, "sleep", $"0.0{i % 10}").Succeeded();
            for (CommandResult exec; (exec = host.Run("exec", name, "true")).ExitCode != 0; )
            {
                if (exec.ExitCode != 137)
                {
                    exec.ExitedWith(1);
                    Assert.Matches("has just ended|is not running", exec.Error);
                }
                if (exec.Error.Contains("is not running", StringComparison.Ordinal))
                {
                    break;
                }
            }
            Remove(name);
        }
    }

    [Fact]
    public void RUN_18_Twenty_megabytes_go_through_exec_i_whole()
    {
        string name = Begin("pipe");
        byte[] input = RandomNumberGenerator.GetBytes(20_000_000);
        CommandResult result = host.RunWithInput(input, "exec", "-i", name, "cat").Succeeded();
        Assert.Equal(Blob.DigestOf(input), Blob.DigestOf(result.OutputBytes));
        Remove(name);
    }

    [Fact]
    public void RUN_21_The_terminal_of_exec_has_its_size_from_the_start_and_follows_changes()
    {
        string name = Begin("screen");
        using Pty pty = host.StartOnTerminal(
            31,
            97,
            "exec",
            "-it",
            name,
            "sh",
            "-c",
            "stty size; trap 'stty size' WINCH; echo ready; while :; do read -r w; [ \"$w\" = end ] && exit 3; done"
        );
        pty.WaitFor("31 97");
        pty.WaitFor("ready");
        pty.Resize(40, 120);
        pty.WaitFor("40 120");
        pty.Type("end\n");
        Assert.Equal(3, pty.WaitForExit());
        host.Run("exec", "-it", name, "true").ExitedWith(1).Complained("terminal");
        Remove(name);
    }

    [Fact]
    public void User_directory_and_environment_are_those_of_the_flags()
    {
        string name = Begin("flags", "-e", "KEPT=1", "-e", "CHANGED=old");
        string file = Path.Combine(host.Directory, "exec.env");
        File.WriteAllText(file, "FROM_FILE=yes\n# a comment\n");
        Assert.Equal("1 new yes", Shell(name, "echo $KEPT $CHANGED $FROM_FILE", "-e", "CHANGED=new", "--env-file", file));
        Assert.Equal("/tmp", Shell(name, "pwd", "-w", "/tmp"));
        Assert.Equal("1000 /home/sailor", Shell(name, "echo $(id -u) $HOME", "-u", "sailor"));
        Assert.Equal("5:6", Shell(name, "echo $(id -u):$(id -g)", "-u", "5:6"));
        Remove(name);
    }

    [Fact]
    public void The_limits_the_filter_and_the_rights_are_the_containers()
    {
        string name = Begin("bounded", "-m", "64m", "--cap-drop", "ALL", "--security-opt", "no-new-privileges");
        const string Script = "cat /proc/self/cgroup; grep -E 'Seccomp:|CapBnd|NoNewPrivs' /proc/self/status";
        string first = Inside(name);
        Assert.Equal(first, Shell(name, Script));
        string[] all = Shell(name, Script, "--privileged").Split('\n');
        Assert.Contains("Seccomp:\t0", all);
        Assert.DoesNotContain("CapBnd:\t0000000000000000", all);
        Assert.Equal("0", Shell(name, "exec 2>/dev/null; mount -t tmpfs none /mnt && echo mounted || echo 0"));
        Remove(name);

        // The same of the container's first process, read from the host.
        string Inside(string of)
        {
            string pid = host.Run("inspect", "-f", "{{.State.Pid}}", of).Succeeded().Text;
            string inside = Shell(of, "cat /proc/1/cgroup");
            IEnumerable<string> status = File.ReadLines($"/proc/{pid}/status")
                .Where(l =>
                    l.StartsWith("Seccomp:", StringComparison.Ordinal)
                    || l.StartsWith("CapBnd", StringComparison.Ordinal)
                    || l.StartsWith("NoNewPrivs", StringComparison.Ordinal)
                );
            return inside + "\n" + string.Join('\n', status);
        }
    }

    [Fact]
    public void A_detached_command_lives_on_and_many_run_at_once()
    {
        string name = Begin("crowd");
        Assert.Equal("", host.Run("exec", "-d", name, "sh", "-c", "echo kept > /tmp/mark; exec sleep 4242").Succeeded().Output);
        Wait.Until(() => Shell(name, "cat /tmp/mark 2>/dev/null || true") == "kept", 10, () => "it did not run");
        Assert.Contains("sleep 4242", Shell(name, "ps -o args"), StringComparison.Ordinal);
        RunningCommand[] crowd = [.. Enumerable.Range(0, 12).Select(i => host.Start("exec", name, "sh", "-c", $"echo {i}; exit {i}"))];
        for (int i = 0; i < crowd.Length; i++)
        {
            Assert.Equal(i.ToString(CultureInfo.InvariantCulture), crowd[i].WaitForExit().ExitedWith(i).Text);
            crowd[i].Dispose();
        }
        // docker's codes: 1 in the background, whatever the reason.
        host.Run("exec", "-d", name, "/nothing").ExitedWith(1).Complained("/nothing");
        host.Run("exec", "-d", "-u", "nosuch", name, "true").ExitedWith(1).Complained("nosuch");
        host.Run("exec", "-d", "-w", "/nosuch", name, "true").ExitedWith(1).Complained("/nosuch");
        Remove(name);
    }

    [Fact]
    public void A_detached_command_has_its_three_events_and_leaves_nobody_behind()
    {
        string name = Begin("told");
        host.Run("exec", "-d", "-e", "A=1", "-w", "/tmp", "-u", "sailor", name, "sh", "-c", "test $A$PWD = 1/tmp && exit 3").Succeeded();
        host.Run("exec", "-d", name, "sh", "-c", "kill -9 $$").Succeeded();
        string[] Died() =>
            host.Run(
                    "events",
                    "--since",
                    "10m",
                    "--until",
                    "0s",
                    "-f",
                    "container=told",
                    "-f",
                    "event=exec_die",
                    "--format",
                    "{{.Actor.Attributes.exitCode}} {{.Actor.Attributes.execID}}"
                )
                .Succeeded()
                .Lines;
        Wait.Until(() => Died().Length == 2, 10, () => string.Join('\n', Died()));
        Assert.Equal(["137", "3"], Died().Select(static l => l.Split(' ')[0]).Order());
        string all = host.Run(
                "events",
                "--since",
                "10m",
                "--until",
                "0s",
                "-f",
                "container=told",
                "--format",
                "{{.Action}} {{.Actor.Attributes.execID}}"
            )
            .Succeeded()
            .Output;
        foreach (string id in Died().Select(static l => l.Split(' ')[1]))
        {
            Assert.Equal(3, all.Split('\n').Count(l => l.EndsWith(id, StringComparison.Ordinal)));
        }
        Wait.Until(
            () => !ProcessTable.WithCommandLine("hold-exec").Any(p => p.Contains(host.Root, StringComparison.Ordinal)),
            10,
            () => "left"
        );
        host.Run("exec", "-d", "-t", name, "sh", "-c", "tty >/tmp/tty; yes | head -c 300000; echo done >>/tmp/tty").Succeeded();
        Wait.Until(
            () => Shell(name, "cat /tmp/tty 2>/dev/null || true").EndsWith("done", StringComparison.Ordinal),
            10,
            () => Shell(name, "cat /tmp/tty")
        );
        Assert.StartsWith("/dev/pts/", Shell(name, "cat /tmp/tty"), StringComparison.Ordinal);
        host.Run("exec", "-d", name, "sleep", "4646").Succeeded();
        Assert.Contains(ProcessTable.WithCommandLine("hold-exec"), p => p.Contains(host.Root, StringComparison.Ordinal));
        Remove(name);
        Wait.Until(
            () => !ProcessTable.WithCommandLine("hold-exec").Any(p => p.Contains(host.Root, StringComparison.Ordinal)),
            10,
            () => "left"
        );
    }

    [Theory]
    [InlineData(1, "the user nosuch is not in the container's /etc/passwd", "-u", "nosuch")]
    [InlineData(1, "the group nosuch is not in the container's /etc/group", "-u", "0:nosuch")]
    [InlineData(127, "there is no directory /nosuch in the container", "-w", "/nosuch")]
    [InlineData(127, "/bin/busybox is not a directory in the container", "-w", "/bin/busybox")]
    [InlineData(128, "begins with /", "-w", "tmp")]
    public void What_cannot_be_has_dockers_exit_code(int code, string complaint, params string[] flags)
    {
        string name = Begin("codes");
        host.Run(["exec", .. flags, name, "true"]).ExitedWith(code).Complained(complaint);
        Remove(name);
    }

    [Fact]
    public void A_command_dies_with_the_exec_that_runs_it()
    {
        string name = Begin("bound");
        using (RunningCommand running = host.Start("exec", "-u", "sailor", name, "sh", "-c", "echo up; exec sleep 4343"))
        {
            running.WaitForOutput("up");
            running.Signal(Native.SIGKILL);
            running.WaitForExit();
        }
        Wait.Until(() => !ProcessTable.WithCommandLine("sleep 4343").Any(), 10, () => "the command still runs");
        using (Pty pty = host.StartOnTerminal(24, 80, "exec", "-it", name, "sh", "-c", "echo up; exec sleep 4444"))
        {
            pty.WaitFor("up");
            pty.Signal(Native.SIGKILL);
            pty.WaitForExit();
        }
        Wait.Until(() => !ProcessTable.WithCommandLine("sleep 4444").Any(), 10, () => "the command still runs");
        Assert.Equal("running", host.Run("inspect", "-f", "{{.State.Status}}", name).Text);
        Remove(name);
    }

    [Theory]
    [InlineData(Native.SIGTERM)]
    [InlineData(Native.SIGINT)]
    [InlineData(Native.SIGUSR1)]
    public void RUN_14_Signals_to_exec_reach_its_command(int signal)
    {
        string name = Begin($"signal{signal}");
        using RunningCommand running = host.Start(
            "exec",
            name,
            "sh",
            "-c",
            "trap 'exit 41' TERM INT USR1; echo up; while :; do sleep 0.05; done"
        );
        running.WaitForOutput("up");
        running.Signal(signal);
        running.WaitForExit().ExitedWith(41);
        Remove(name);
    }

    [Fact]
    public void The_detach_keys_leave_the_command_running()
    {
        string name = Begin("leave");
        using (Pty pty = host.StartOnTerminal(24, 80, "exec", "-it", name, "sh", "-c", "echo up; read -r w; sleep 4545"))
        {
            pty.WaitFor("up");
            pty.Type("go\n\u0010\u0011");
            Assert.Equal(1, pty.WaitForExit()); // as attach, and as docker
        }
        Assert.Contains("sleep 4545", Shell(name, "ps -o args"), StringComparison.Ordinal);
        Remove(name);
    }

    [Fact]
    public void An_empty_command_is_not_found_and_keys_that_cannot_be_read_are_refused_before_it_starts()
    {
        host.Run("run", "-d", "--name", "odd", "--network", "none", host.Image(TestImages.Busybox), "sleep", "1000").Succeeded();
        host.Run("exec", "odd", "").ExitedWith(127).Complained("the command is empty");
        host.Run("exec", "--detach-keys", "nosuch", "odd", "touch", "/started").ExitedWith(1).Complained("--detach-keys");
        host.Run("exec", "odd", "test", "-e", "/started").ExitedWith(1);
        host.Run("rm", "-f", "odd").Succeeded();
    }

    [Fact]
    public void What_does_not_run_cannot_be_entered()
    {
        host.Run("create", "--name", "created", "--network", "none", Busybox, "true").Succeeded();
        host.Run("exec", "created", "true").ExitedWith(1).Complained("not running");
        Remove("created");
        string name = Begin("frozen");
        host.Run("pause", name).Succeeded();
        host.Run("exec", name, "true").ExitedWith(1).Complained("paused");
        Remove(name);
    }

    [Theory]
    [InlineData("exec")]
    [InlineData("exec-sibling")]
    [InlineData("exec-joined")]
    [InlineData("run")]
    [InlineData("run-d")]
    [InlineData("start")]
    public void SEC_01_A_container_that_may_trace_cannot_write_the_engine_that_enters_its_pid_namespace(string how)
    {
        Tool.Require("gcc");
        // It opens /proc/PID/exe of whatever is not its own program, waits until that process has gone (so that nothing keeps the file from being written), and tries.
        const string Source = """
            #include <dirent.h>
            #include <errno.h>
            #include <fcntl.h>
            #include <signal.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <sys/stat.h>
            #include <unistd.h>
            int main(void) {
                char path[64];
                puts("looks");
                fflush(stdout);
                for (;;) {
                    DIR *d = opendir("/proc");
                    for (struct dirent *e; (e = readdir(d)) != NULL;) {
                        int pid = atoi(e->d_name);
                        struct stat st;
                        if (pid <= 1 || pid == getpid()) continue;
                        snprintf(path, sizeof path, "/proc/%d/exe", pid);
                        int fd = open(path, O_RDONLY);
                        if (fd < 0) continue;
                        if (fstat(fd, &st) != 0 || st.st_size < 4000000) { close(fd); continue; }
                        puts("holds");
                        fflush(stdout);
                        while (kill(pid, 0) == 0) usleep(1000);
                        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
                        int w = -1;
                        for (int i = 0; i < 2000 && (w = open(path, O_WRONLY)) < 0 && errno == ETXTBSY; i++) usleep(1000);
                        printf("found %s\n", w >= 0 ? "writable" : errno == EROFS ? "read-only" : "other");
                        return 0;
                    }
                    closedir(d);
                }
            }
            """;
        string directory = Workspace.NewDirectory("tracer");
        File.WriteAllText(directory + "/t.c", Source);
        Tool.Run("gcc", "-O2", "-static", "-w", "-o", directory + "/t", directory + "/t.c");
        // A copy of the engine, which nothing else runs: the container's attempt must not fail for the wrong reason.
        string copy = directory + "/engine";
        File.Copy(Workspace.Binary, copy);
        string[] tracing = ["--cap-add", "SYS_PTRACE", "-v", directory + "/t:/t:ro"];
        string plain = Begin("plain-" + how, how == "exec-joined" ? [] : tracing);
        string sibling = Begin("sibling-" + how, ["--pid", "container:" + plain, .. how == "exec-joined" ? tracing : []]);
        using RunningCommand tracer = host.Start("exec", how == "exec-joined" ? sibling : plain, "/t");
        tracer.WaitForOutput("looks");
        string[] prefix = [.. host.CommandLine().TakeWhile(w => w != Workspace.Binary)];
        string[] into = ["--network", "none", "--pid", "container:" + plain];
        string later = "later-" + how;
        string[] command = how switch
        {
            "exec" or "exec-joined" => ["exec", plain, "true"],
            "exec-sibling" => ["exec", sibling, "true"],
            "run" => ["run", "--rm", .. into, Busybox, "true"],
            "run-d" => ["run", "-d", "--rm", .. into, Busybox, "true"],
            _ => ["start", "-a", later],
        };
        host.Run(["create", "--name", later, .. into, Busybox, "true"]).Succeeded();
        for (int i = 0; i < 300 && !tracer.OutputSoFar.Contains("holds", StringComparison.Ordinal); i++)
        {
            using RunningCommand engine = RunningCommand.Start([
                .. prefix,
                copy,
                "--root",
                host.Root,
                "--runroot",
                host.Runroot,
                .. command,
            ]);
            engine.CloseInput();
            engine.WaitForExit().Succeeded();
        }
        Assert.Equal("looks\nholds\nfound read-only", tracer.WaitForExit(30).Succeeded().Text);
        host.Run("rm", "-f", later, sibling, plain).Succeeded();
    }
}
