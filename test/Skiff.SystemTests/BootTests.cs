using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>What a reboot does to containers, and what brings them back.</summary>
public sealed class BootTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    private string Inspect(string name, string format) => host.Run("inspect", "-f", format, name).Succeeded().Text;

    private string Run(string name, string policy) =>
        host.Run("run", "-d", "--name", name, "--network", "none", "--restart", policy, Busybox, "sleep", "1000").Succeeded().Text;

    /// <summary>As far as Skiff can tell the host was restarted: all processes are gone, the run directory is empty, the boot has another id, pids belong to others.</summary>
    private void Reboot(int strangerPid, params string[] names)
    {
        foreach (string name in names)
        {
            string id = Inspect(name, "{{.Id}}");
            if (Inspect(name, "{{.State.Running}}") == "true")
            {
                int pid = int.Parse(Inspect(name, "{{.State.Pid}}"), CultureInfo.InvariantCulture);
                int monitor = ProcessTable.Parent(pid);
                _ = Native.kill(monitor, 9);
                _ = Native.kill(pid, 9);
                Wait.Until(() => !Directory.Exists($"/proc/{monitor}"), 10, () => "the monitor lives");
                Wait.Until(() => !Directory.Exists($"/proc/{pid}"), 10, () => "the container lives");
            }
            string path = Path.Combine(host.Root, "containers", id, "state.json");
            JsonNode state = JsonNode.Parse(File.ReadAllText(path))!;
            string stat = ProcessTable.Read($"/proc/{strangerPid}/stat");
            long start = long.Parse(
                stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[19],
                CultureInfo.InvariantCulture
            );
            foreach (string who in new[] { "process", "monitor" })
            {
                if (state[who] is not null)
                {
                    state[who] = new JsonArray(strangerPid, start, "11111111-2222-3333-4444-555555555555");
                }
            }
            File.WriteAllText(path, state.ToJsonString());
        }
        if (Directory.Exists(host.Runroot))
        {
            Directory.Delete(host.Runroot, recursive: true);
        }
    }

    [Fact]
    public void LIFE_11_After_a_reboot_containers_are_exited_startable_removable_and_no_stranger_is_killed()
    {
        using Process stranger = Process.Start("/bin/sleep", "1000");
        Run("eleven", "no");
        host.Run("run", "-d", "--rm", "--name", "gone", "--network", "none", Busybox, "sleep", "1000").Succeeded();
        host.Run("run", "-d", "--name", "frozen", "--network", "none", Busybox, "sleep", "1000").Succeeded();
        host.Run("pause", "frozen").Succeeded();
        host.Run("unpause", "frozen").Succeeded();
        Reboot(stranger.Id, "eleven", "gone", "frozen");
        Assert.Equal(
            "exited 255 the host was restarted while it ran",
            Inspect("eleven", "{{.State.Status}} {{.State.ExitCode}} {{.State.Reason}}")
        );
        Assert.Equal("", host.Run("ps", "-aq", "--filter", "name=gone").Succeeded().Text);
        host.Run("stop", "eleven").Succeeded();
        host.Run("kill", "eleven").ExitedWith(1).Complained("not running");
        host.Run("start", "eleven").Succeeded();
        Assert.Equal("running", Inspect("eleven", "{{.State.Status}}"));
        host.Run("exec", "eleven", "true").Succeeded();
        host.Run("rm", "-f", "eleven", "frozen").Succeeded();
        Assert.False(stranger.HasExited, "a process that had a container's old pid was killed");
        stranger.Kill();
    }

    [Fact]
    public void Boot_starts_what_the_policies_ask_for_and_reports_the_rest()
    {
        using Process stranger = Process.Start("/bin/sleep", "1000");
        Run("b-always", "always");
        Run("b-unless", "unless-stopped");
        Run("b-hand", "unless-stopped");
        Run("b-always-hand", "always");
        Run("b-failure", "on-failure");
        Run("b-no", "no");
        host.Run("create", "--name", "b-never", "--network", "none", "--restart", "always", Busybox, "true").Succeeded();
        string source = Path.Combine(host.Directory, "source");
        Directory.CreateDirectory(source);
        host.Run(
                "run",
                "-d",
                "--name",
                "b-broken",
                "--network",
                "none",
                "--restart",
                "always",
                "--mount",
                $"type=bind,source={source},target=/mnt",
                Busybox,
                "sleep",
                "1000"
            )
            .Succeeded();
        host.Run("stop", "-t", "0", "b-hand", "b-always-hand").Succeeded();
        string status = host.Run("system", "boot", "status").Succeeded().Text;
        Assert.Contains("not installed", status, StringComparison.Ordinal);
        Assert.Matches(@"b-hand +unless-stopped +not started: it was stopped by hand", status);
        Assert.Matches(@"b-always-hand +always +started", status);
        Assert.Matches(@"b-never +always +not started: it never ran", status);
        Reboot(stranger.Id, "b-always", "b-unless", "b-hand", "b-always-hand", "b-failure", "b-no", "b-broken");
        Directory.Delete(source);
        CommandResult boot = host.Run("system", "boot", "start").ExitedWith(1).Complained("b-broken");
        Assert.Equal(["b-always", "b-always-hand", "b-failure", "b-unless"], boot.Lines.Order(StringComparer.Ordinal));
        Assert.Equal("exited", Inspect("b-hand", "{{.State.Status}}"));
        Assert.Equal("exited", Inspect("b-no", "{{.State.Status}}"));
        Assert.Equal("created", Inspect("b-never", "{{.State.Status}}"));
        Assert.Equal("running", Inspect("b-unless", "{{.State.Status}}"));
        Assert.StartsWith("exited", Inspect("b-broken", "{{.State.Status}} {{.State.Error}}"), StringComparison.Ordinal);
        Assert.Equal("", host.Run("system", "boot", "start").ExitedWith(1).Complained("b-broken").Output.Trim());
        Directory.CreateDirectory(source);
        Assert.Equal("b-broken", host.Run("system", "boot", "start").Succeeded().Text);
        host.Run("rm", "-f", "b-always", "b-unless", "b-hand", "b-always-hand", "b-failure", "b-no", "b-never", "b-broken").Succeeded();
        Assert.False(stranger.HasExited);
        stranger.Kill();
    }

    [Fact]
    public void Without_systemd_install_says_what_to_put_where()
    {
        Assert.SkipWhen(Directory.Exists("/run/systemd/system"), "systemd runs this host");
        CommandResult result = host.Run("system", "boot", "install").ExitedWith(1).Complained("not run by systemd");
        Assert.Contains("@reboot ", result.Output, StringComparison.Ordinal);
        Assert.Contains($"--root {host.Root} --runroot {host.Runroot} system boot start", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void With_systemd_one_unit_is_written_enabled_and_taken_back()
    {
        // A mount namespace of its own in which systemd seems to run, with a systemctl that tells what it was asked.
        string bin = Path.Combine(host.Directory, "bin");
        string told = Path.Combine(host.Directory, "told");
        string units = Path.Combine(host.Directory, "units");
        Directory.CreateDirectory(bin);
        Directory.CreateDirectory(units);
        File.WriteAllText(Path.Combine(bin, "systemctl"), $"#!/bin/sh\necho \"$@\" >> {told}\n");
        File.SetUnixFileMode(Path.Combine(bin, "systemctl"), (UnixFileMode)0b111_101_101);
        bool hadUnits = Directory.Exists("/etc/systemd/system");
        CommandResult InPretendedSystemd(params string[] arguments)
        {
            string script =
                $"mount --make-rprivate / && mount -t tmpfs none /run && mkdir -p /run/systemd/system {host.Runroot} && mkdir -p /etc/systemd/system && mount --bind {units} /etc/systemd/system && PATH={bin}:$PATH && exec \"$@\"";
            using RunningCommand running = RunningCommand.Start([
                "unshare",
                "-m",
                "sh",
                "-c",
                script,
                "sh",
                Workspace.Binary,
                "--root",
                host.Root,
                "--runroot",
                host.Runroot,
                .. arguments,
            ]);
            running.CloseInput();
            return running.WaitForExit();
        }

        try
        {
            string path = InPretendedSystemd("system", "boot", "install").Succeeded().Text;
            string name = Path.GetFileName(path);
            string unit = File.ReadAllText(Path.Combine(units, name));
            Assert.Contains(
                $"ExecStart={Workspace.Binary} --root {host.Root} --runroot {host.Runroot} system boot start\n",
                unit,
                StringComparison.Ordinal
            );
            Assert.Contains("WantedBy=multi-user.target", unit, StringComparison.Ordinal);
            Assert.Equal(["daemon-reload", $"enable {name}"], File.ReadAllLines(told));
            Assert.Contains(
                "installed, " + path,
                InPretendedSystemd("system", "boot", "status").Succeeded().Text,
                StringComparison.Ordinal
            );
            InPretendedSystemd("system", "boot", "uninstall").Succeeded();
            Assert.Empty(Directory.GetFiles(units));
            Assert.Equal($"disable {name}", File.ReadAllLines(told)[2]);
            InPretendedSystemd("system", "boot", "uninstall").ExitedWith(1).Complained("nothing is installed");
        }
        finally
        {
            if (!hadUnits && Directory.Exists("/etc/systemd/system"))
            {
                Directory.Delete("/etc/systemd/system");
            }
        }
    }

    [Fact]
    public void The_hint_is_given_once_and_only_on_a_terminal()
    {
        Assert.SkipWhen(Directory.Exists("/run/systemd/system"), "systemd runs this host");
        Assert.Equal("", host.Run("create", "--name", "h1", "--restart", "always", Busybox, "true").Succeeded().Error);
        using (Pty pty = host.StartOnTerminal(24, 200, "create", "--name", "h2", "--restart", "always", Busybox, "true"))
        {
            pty.WaitFor("system boot install");
            pty.WaitForExit();
        }
        using (Pty pty = host.StartOnTerminal(24, 200, "create", "--name", "h3", "--restart", "always", Busybox, "true"))
        {
            pty.WaitForExit();
            Assert.DoesNotContain("hint", pty.Screen, StringComparison.Ordinal);
        }
        host.Run("rm", "h1", "h2", "h3").Succeeded();
    }
}
