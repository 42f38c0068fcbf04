using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Containers whose users are others on the host.</summary>
public sealed class UserNamespaceTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private static readonly string[] s_map = ["--uidmap", "0:100000:65536"];

    private string Busybox => host.Image(TestImages.Busybox);

    [Fact]
    public void Root_inside_is_a_nobody_outside_and_owns_the_images_files()
    {
        using RunningCommand running = host.Start([
            "run",
            "--rm",
            "--network",
            "none",
            .. s_map,
            Busybox,
            "sh",
            "-c",
            "stat -c %u:%g / /bin/busybox /home/sailor /etc/hosts; cat /proc/self/uid_map /proc/self/gid_map; echo up; sleep 6123",
        ]);
        running.WaitForOutput("up");
        string[] lines = running.OutputSoFar.Split('\n');
        Assert.Equal(["0:0", "0:0", "1000:1000", "0:0"], lines[..4]);
        Assert.Equal("0 100000 65536", string.Join(' ', lines[4].Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(lines[4], lines[5]);
        string pid = ProcessTable
            .WithCommandLine("sleep 6123")
            .Select(static p => p.Split(' ')[0])
            .First(p => File.ReadAllText($"/proc/{p}/uid_map").Contains("100000", StringComparison.Ordinal));
        Assert.Contains("Uid:\t100000\t100000", File.ReadAllText($"/proc/{pid}/status"), StringComparison.Ordinal);
        Assert.Equal("100000:100000", Tool.Run("stat", "-c", "%u:%g", $"/proc/{pid}/root/bin/busybox").Text);
    }

    [Fact]
    public void Devices_limits_and_kernel_parameters_are_those_of_every_container()
    {
        string text = host.RunShell(
                "for d in null zero full random urandom tty; do stat -c '%n %t:%T' /dev/$d; done; echo x >/dev/null; head -c 1 /dev/zero | wc -c; ulimit -n; cat /proc/sys/net/ipv4/ping_group_range; ls /dev/mqueue /dev/shm; mount | grep -c ' /proc '; cat /proc/self/oom_score_adj; hostname",
                [.. s_map, "--ulimit", "nofile=123:456", "--oom-score-adj", "200", "--hostname", "boat", "-m", "64m"]
            )
            .Succeeded()
            .Text;
        Assert.Contains(
            "/dev/null 1:3\n/dev/zero 1:5\n/dev/full 1:7\n/dev/random 1:8\n/dev/urandom 1:9\n/dev/tty 5:0\n1\n123\n0\t65535",
            text,
            StringComparison.Ordinal
        );
        Assert.EndsWith("\n200\nboat", text, StringComparison.Ordinal);
        host.RunShell("head -c 1 /dev/mine | wc -c", [.. s_map, "--device", "/dev/zero:/dev/mine"]).Succeeded();
        host.RunShell("echo 1 >/proc/sys/vm/drop_caches", s_map).ExitedWith(1);
    }

    [Fact]
    public void SEC_Capabilities_count_inside_only()
    {
        string[] all = [.. s_map, "--cap-add", "ALL", "--security-opt", "seccomp=unconfined"];
        host.RunShell("mount -t tmpfs tmpfs /tmp && hostname other && mknod /tmp/fifo p", all).Succeeded();
        host.RunShell("mknod /dev/mem c 1 1", all).ExitedWith(1).Complained("not permitted");
        host.RunShell("date -s 2001-01-01", all).Complained("not permitted");
        string secret = Path.Combine(Workspace.NewDirectory("secret"), "file");
        File.WriteAllText(secret, "hidden");
        Tool.Run("chmod", "600", secret);
        host.RunShell("cat /s", [.. all, "-v", $"{secret}:/s"]).ExitedWith(1).Complained("Permission denied");
    }

    [Fact]
    public void Commands_are_executed_in_it_with_the_same_ids()
    {
        host.Run(["run", "-d", "--name", "mapped", "--network", "none", .. s_map, Busybox, "sleep", "1000"]).Succeeded();
        Assert.Equal("0:0", host.Run("exec", "mapped", "sh", "-c", "id -u >/by-exec; stat -c %u:%g /by-exec").Succeeded().Text);
        Assert.Equal("1000 1000", host.Run("exec", "-u", "sailor", "mapped", "sh", "-c", "echo $(id -u) $(id -g)").Succeeded().Text);
        Assert.Equal(
            "0 100000 65536",
            string.Join(
                ' ',
                host.Run("exec", "mapped", "cat", "/proc/self/uid_map").Succeeded().Text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            )
        );
        using (Pty terminal = host.StartOnTerminal(24, 80, "exec", "-it", "mapped", "tty"))
        {
            terminal.WaitFor("/dev/pts/0");
        }
        host.RunWithInput("x"u8.ToArray(), "cp", "/bin/busybox", "mapped:/copied").Succeeded();
        Assert.Equal("0:0 755", host.Run("exec", "mapped", "stat", "-c", "%u:%g %a", "/copied").Succeeded().Text);
        string tree = Workspace.NewDirectory("copied");
        Tool.Run("sh", "-c", $"mkdir {tree}/d && echo x >{tree}/d/f && chown -R 1000:1001 {tree}/d && tar -C {tree} -cf {tree}/d.tar d");
        host.Run("cp", "-a", $"{tree}/d", "mapped:/kept").Succeeded();
        host.RunWithInput(File.ReadAllBytes($"{tree}/d.tar"), "cp", "-", "mapped:/tmp").Succeeded();
        Assert.Equal(
            "1000:1001 1000:1001",
            host.Run("exec", "mapped", "sh", "-c", "echo $(stat -c %u:%g /kept/f /tmp/d/f)").Succeeded().Text
        );
        host.Run("cp", "-a", "mapped:/kept/f", $"{tree}/back").Succeeded();
        Assert.Equal("1000:1001", Tool.Run("stat", "-c", "%u:%g", $"{tree}/back").Text);
        File.WriteAllBytes($"{tree}/all.tar", host.Run("export", "mapped").Succeeded().OutputBytes);
        Assert.Contains(
            "1000/1001",
            Tool.Run("sh", "-c", $"tar --numeric-owner -tvf {tree}/all.tar | grep kept/f").Text,
            StringComparison.Ordinal
        );
        host.Run("restart", "-t", "0", "mapped").Succeeded();
        Assert.Equal("0", host.Run("exec", "mapped", "cat", "/by-exec").Succeeded().Text);
        host.Run("rm", "-f", "mapped").Succeeded();
    }

    [Fact]
    public void The_bridge_works_and_ports_are_published()
    {
        host.Run([
                "run",
                "-d",
                "--name",
                "serves",
                "-p",
                "127.0.0.1:8099:80",
                .. s_map,
                Busybox,
                "sh",
                "-c",
                "echo served >/tmp/index.html; exec httpd -f -p 80 -h /tmp",
            ])
            .Succeeded();
        Wait.Until(
            () => host.Net.Run("curl", "-s", "http://127.0.0.1:8099/").Text == "served",
            10,
            () => host.Run("logs", "serves").ToString()
        );
        host.Run("rm", "-f", "serves").Succeeded();
    }

    [Fact]
    public void Namespaces_of_others_and_of_the_host_are_shared()
    {
        host.Run("run", "-d", "--name", "other", "--network", "none", "--ipc", "shareable", "--hostname", "other", Busybox, "sleep", "1000")
            .Succeeded();
        string net = host.Run("exec", "other", "readlink", "/proc/self/ns/net").Succeeded().Text;
        Assert.Equal(
            $"{net}\nother\nsleep",
            host.Run([
                    "run",
                    "--rm",
                    "--network",
                    "container:other",
                    "--pid",
                    "container:other",
                    "--uts",
                    "container:other",
                    "--ipc",
                    "container:other",
                    .. s_map,
                    Busybox,
                    "sh",
                    "-c",
                    "readlink /proc/self/ns/net; hostname; cat /proc/1/comm",
                ])
                .Succeeded()
                .Text
        );
        host.Run([
                "run",
                "--rm",
                "--network",
                "host",
                "--pid",
                "host",
                .. s_map,
                Busybox,
                "sh",
                "-c",
                $"test -d /proc/{Environment.ProcessId} && test -d /sys/class/net/lo",
            ])
            .Succeeded();
        Assert.Equal(
            "0",
            host.Run(
                    "run",
                    "--rm",
                    "--network",
                    "none",
                    "--userns",
                    "container:other",
                    Busybox,
                    "sh",
                    "-c",
                    "awk '{ print $2 }' /proc/self/uid_map"
                )
                .Succeeded()
                .Text
        );
        host.Run(["run", "-d", "--name", "third", "--network", "none", .. s_map, Busybox, "sleep", "1000"]).Succeeded();
        host.Run("run", "--rm", "--network", "none", "--userns", "container:third", Busybox, "true")
            .ExitedWith(125)
            .Complained("cannot be joined");
        host.Run("run", "--rm", "--network", "container:third", Busybox, "true").Succeeded();
        host.Run("rm", "-f", "third").Succeeded();
        host.Run("rm", "-f", "other").Succeeded();
    }

    [Fact]
    public void Automatic_ranges_differ_and_are_kept()
    {
        Assert.SkipUnless(File.Exists("/etc/subuid") && File.Exists("/etc/subgid"), "the machine has no /etc/subuid to cover");
        string ranges = Path.Combine(Workspace.NewDirectory("ranges"), "subuid");
        File.WriteAllText(ranges, "root:3000000000:1000\nship:3100000000:70000\n");
        string[] flags = ["create", "--network", "none", "--userns", "auto:size=300", Busybox, "true"];
        string create = $"{string.Join(' ', host.CommandLine(flags))} >{ranges}";
        Cover(ranges, $"{create}1 & {create}2 & {create}3 & wait");
        string[] ids = [.. Enumerable.Range(1, 3).Select(i => File.ReadAllText($"{ranges}{i}").Trim())];
        string[] maps =
        [
            .. ids.Select(id => host.Run("inspect", "-f", "{{index .HostConfig.IDMappings.UidMap 0}}", id).Succeeded().Text)
                .Order(StringComparer.Ordinal),
        ];
        Assert.Equal(["0:3000000000:300", "0:3000000300:300", "0:3000000600:300"], maps);
        Assert.Contains(
            "no 300 free ids",
            Cover(ranges, $"{string.Join(' ', host.CommandLine(flags))} 2>&1 || true"),
            StringComparison.Ordinal
        );
        host.Run("start", "-a", ids[0]).Succeeded(); // also without the range it keeps what it has
        host.Run(["rm", .. ids]).Succeeded();
        string[] named = ["run", "--rm", "--network", "none", "--subuidname", "ship", Busybox, "cat", "/proc/self/gid_map"];
        Assert.Equal(
            "0 3100000000 70000",
            string.Join(' ', Cover(ranges, string.Join(' ', host.CommandLine(named))).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        );
    }

    /// <summary>Runs a script that sees other ranges of subordinate ids.</summary>
    private static string Cover(string ranges, string script) =>
        Tool.Run(
            "unshare",
            "--mount",
            "sh",
            "-euc",
            $"mount --bind {ranges} /etc/subuid; mount --bind {ranges} /etc/subgid; {script}"
        ).Text;

    [Fact]
    public void Ranges_come_from_subuid_and_automatic_ones_differ()
    {
        Assert.SkipUnless(
            !File.Exists("/etc/subuid") || !File.ReadAllText("/etc/subuid").Contains("containers", StringComparison.Ordinal),
            "the machine has ranges of its own"
        );
        host.RunShell("true", "--userns", "auto").ExitedWith(125).Complained("/etc/subuid");
        host.RunShell("true", "--userns", "keep-id").ExitedWith(125).Complained("root");
        host.RunShell("true", "--userns", "nomap").ExitedWith(125).Complained("root");
        host.RunShell("true", "--subuidname", "nosuch-name").ExitedWith(125).Complained("nosuch-name");
        host.RunShell("true", "--uidmap", "0:1000:10", "--uidmap", "5:5000:10").ExitedWith(125).Complained("overlaps");
        host.RunShell("true", "--uidmap", "0:1000:10", "--user", "50").ExitedWith(125).Complained("not in its id map");
    }

    [Fact]
    public void What_explain_shows_is_what_is_done()
    {
        string text = host.Run(["explain", "run", .. s_map, "-v", "vol:/v", Busybox]).Succeeded().Output;
        Assert.Contains("MOUNT_ATTR_IDMAP", text, StringComparison.Ordinal);
        Assert.Contains("uid_map \"0 100000 65536\"", text, StringComparison.Ordinal);
        Assert.Contains("move_mount(root, \"\", AT_FDCWD, \"/proc\"", text, StringComparison.Ordinal);
        Assert.Empty(Directory.Exists($"{host.Root}/volumes") ? Directory.EnumerateDirectories($"{host.Root}/volumes", "vol") : []);
        Assert.DoesNotContain("IDMAP", host.Run("explain", "run", Busybox).Succeeded().Output, StringComparison.Ordinal);
    }
}
