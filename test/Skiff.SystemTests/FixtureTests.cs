using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The fixture itself: a test that cannot fail proves nothing.</summary>
public sealed class FixtureTests
{
    [Fact]
    public void What_a_killed_run_left_is_ended_by_the_next_one()
    {
        using SkiffHost dead = new();
        string image = dead.Image(TestImages.Busybox);
        foreach (string name in (string[])["watched", "alone"])
        {
            dead.Run("run", "-d", "--name", name, "--network", "none", image, "sleep", "1000").Succeeded();
        }
        string[] pids = dead.Run("inspect", "-f", "{{.State.Pid}}", "watched", "alone").Succeeded().Lines;
        int monitor = ProcessTable.Parent(int.Parse(pids[1], null));
        _ = Native.kill(monitor, 9);
        // Of this host alone: the run itself lives.
        Leftovers.End(dead.Directory);
        Wait.Until(() => pids.All(static p => !Directory.Exists($"/proc/{p}")) && dead.Processes().Length == 0, 10, () => "they live on");
        dead.Run("rm", "watched", "alone").Succeeded();
    }

    [Fact]
    public void A_pushed_image_is_read_back_by_skopeo()
    {
        Tool.Require("skopeo");
        TestImages.Layered.PutOnShelf();
        using var net = new Netns();
        using var registry = new RealRegistry(net, TestImages.Shelf);
        CommandResult raw = net.Run("skopeo", "inspect", "--tls-verify=false", "--raw", $"docker://{TestImages.Layered.Reference}")
            .Succeeded();
        Assert.Equal(TestImages.Layered.Built.Manifest.Bytes, raw.OutputBytes);
    }

    [Fact]
    public void A_registry_with_a_password_refuses_strangers()
    {
        using var net = new Netns();
        using var registry = new RealRegistry(net, Workspace.NewDirectory("store"), password: true, tls: true);
        registry.Client.Push(TestImages.Busybox.Built, "private/busybox", "1");
        string url = $"https://{registry.Address}/v2/private/busybox/manifests/1";
        Assert.Equal("401", net.Run("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", url).Text);
        Assert.Equal(
            "200",
            net.Run(
                "curl",
                "-sk",
                "-u",
                $"{RealRegistry.User}:{RealRegistry.Password}",
                "-H",
                $"Accept: {TestImages.Busybox.Built.Manifest.MediaType}",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                url
            ).Text
        );
    }

    [Fact]
    public void A_network_namespace_starts_with_loopback_only()
    {
        using var net = new Netns();
        string line = Assert.Single(net.Run("ip", "-o", "link").Succeeded().Lines);
        Assert.Contains("lo:", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_on_a_pty_sees_a_terminal_of_the_right_size()
    {
        using Pty pty = Pty.Start(["/bin/sh", "-c", "test -t 0 && stty size < /dev/tty; read word; echo got $word; exit 3"], 33, 101);
        pty.WaitFor("33 101");
        pty.Type("sail\n");
        pty.WaitFor("got sail");
        Assert.Equal(3, pty.WaitForExit());
    }
}
