using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Bridge, ports and resolvers, in a network namespace that stands for a host.</summary>
public sealed class NetworkTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    [Fact]
    public void A_bridge_container_has_an_address_a_route_and_reaches_the_host()
    {
        string text = host.Run(
                "run",
                "--rm",
                Busybox,
                "sh",
                "-c",
                "ip -4 -o address show eth0; ip route; gw=$(ip route | awk '/^default/ { print $3 }'); nc -w 2 $gw 9 2>&1 | grep -q refused && echo reached"
            )
            .Succeeded()
            .Text;
        Assert.Contains("inet ", text, StringComparison.Ordinal);
        Assert.Contains("default via", text, StringComparison.Ordinal);
        Assert.EndsWith("reached", text, StringComparison.Ordinal);
    }

    [Fact]
    public void NET_04_Rules_links_and_routes_are_as_before_once_the_last_container_has_gone()
    {
        _ = Busybox;
        Idle();
        string before = Snapshot();
        for (int i = 0; i < 3; i++)
        {
            host.Run("run", "--rm", "-p", "18080:80", Busybox, "true").Succeeded();
        }
        Wait.Until(() => Snapshot() == before, 10, () => $"before:\n{before}\nafter:\n{Snapshot()}");
    }

    [Fact]
    public void NET_01_A_taken_port_is_said_and_nothing_is_left()
    {
        Idle();
        using RunningCommand server = Serve("18081:80");
        string before = Snapshot();
        host.Run("run", "--rm", "-p", "18081:80", Busybox, "true").ExitedWith(125).Complained("18081");
        Wait.Until(() => Snapshot() == before, 10, () => $"before:\n{before}\nafter:\n{Snapshot()}");
    }

    [Fact]
    public void NET_02_Containers_started_at_once_have_distinct_addresses()
    {
        string image = Busybox;
        RunningCommand[] all =
        [
            .. Enumerable
                .Range(0, 20)
                .Select(_ =>
                    host.Start(
                        "run",
                        "--rm",
                        image,
                        "sh",
                        "-c",
                        "ip -o -4 address show eth0 | awk '{ print $4 }'; cat /sys/class/net/eth0/address; sleep 4"
                    )
                ),
        ];
        var addresses = new HashSet<string>(StringComparer.Ordinal);
        foreach (RunningCommand running in all)
        {
            foreach (string line in running.WaitForExit().Succeeded().Lines)
            {
                Assert.True(addresses.Add(line), $"{line} was given twice");
            }
            running.Dispose();
        }
        Assert.Equal(40, addresses.Count);
    }

    [Fact]
    public void NET_10_A_published_port_is_reached_by_loopback_by_address_and_from_a_container()
    {
        using RunningCommand server = Serve("18082:80");
        Assert.Equal("ahoy", Fetch("127.0.0.1:18082"));
        string gateway = host.Run("run", "--rm", Busybox, "sh", "-c", "ip route | awk '/^default/ { print $3 }'").Succeeded().Text;
        Assert.Equal("ahoy", Fetch($"{gateway}:18082"));
        Assert.Equal(
            "ahoy",
            host.Run("run", "--rm", Busybox, "sh", "-c", $"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {gateway} 18082 | tail -n 1")
                .Succeeded()
                .Text
        );
    }

    [Fact]
    public void NET_10_A_port_of_loopback_is_not_reached_by_another_address()
    {
        using RunningCommand server = Serve("127.0.0.1:18083:80");
        Assert.Equal("ahoy", Fetch("127.0.0.1:18083"));
        string gateway = host.Run("run", "--rm", Busybox, "sh", "-c", "ip route | awk '/^default/ { print $3 }'").Succeeded().Text;
        Assert.NotEqual(0, host.Net.Run("curl", "-s", "-m", "2", $"http://{gateway}:18083/").ExitCode);
    }

    [Fact]
    public void NET_10_Udp_and_tcp_share_a_number()
    {
        string receive = Probe.Compile(
            """
            #include <stdio.h>
            #include <string.h>
            #include <netinet/in.h>
            #include <sys/socket.h>
            int main(void) {
              struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(80) };
              int s = socket(AF_INET, SOCK_DGRAM, 0);
              char b[64];
              if (bind(s, (void *)&a, sizeof a)) return 1;
              int n = recv(s, b, sizeof b, 0);
              return n < 0 || write(1, b, n) != n;
            }
            """
        );
        using RunningCommand server = host.Start([
            "run",
            "--rm",
            "-p",
            "18084:80",
            "-p",
            "18084:80/udp",
            .. Probe.Mounted(receive),
            Busybox,
            "sh",
            "-c",
            "mkdir /www; echo ahoy >/www/index.html; httpd -p 80 -h /www; echo up; /probe; sleep 60",
        ]);
        server.WaitForOutput("up");
        Assert.Equal("ahoy", Fetch("127.0.0.1:18084"));
        host.Net.Run("bash", "-c", "for i in 1 2 3 4 5; do echo datagram >/dev/udp/127.0.0.1/18084; sleep 0.2; done");
        server.WaitForOutput("datagram");
    }

    [Fact]
    public void NET_06_Loopback_servers_of_the_host_are_left_out()
    {
        string text = host.Run(
                "run",
                "--rm",
                "--dns",
                "192.0.2.1",
                "--dns",
                "2001:db8::1",
                "--dns-option",
                "ndots:2",
                Busybox,
                "cat",
                "/etc/resolv.conf"
            )
            .Succeeded()
            .Output;
        Assert.Contains("nameserver 192.0.2.1", text, StringComparison.Ordinal);
        Assert.Contains("ndots:2", text, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "127.0.0.53",
            host.Run("run", "--rm", Busybox, "cat", "/etc/resolv.conf").Succeeded().Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void NET_15_None_has_loopback_only_and_host_has_everything()
    {
        Assert.Equal("lo", host.RunShell("ls /sys/class/net; ip link show lo | grep -q UP").Succeeded().Text);
        string[] links = host.Net.Run("ls", "/sys/class/net").Lines;
        string[] inside = host.Run(
                "run",
                "--rm",
                "--network",
                "host",
                Busybox,
                "sh",
                "-c",
                "ip -o link | awk -F': ' '{ print $2 }' | cut -d@ -f1"
            )
            .Succeeded()
            .Lines;
        Assert.Contains("lo", inside);
        Assert.NotEmpty(links);
    }

    [Fact]
    public void NET_15_Network_settings_need_a_network_of_the_containers_own()
    {
        Assert.Equal("1", host.RunShell("cat /proc/sys/net/ipv4/ip_forward", "--sysctl", "net.ipv4.ip_forward=1").Succeeded().Text);
        host.Run("run", "--rm", "--network", "host", "--sysctl", "net.ipv4.ip_forward=1", Busybox, "true")
            .ExitedWith(125)
            .Complained("sysctl");
    }

    /// <summary>What earlier tests killed is reconciled, and the unused network has gone.</summary>
    private void Idle()
    {
        host.Run("ps").Succeeded();
        // The record of changed kernel parameters goes last, after they are written back: the table's end alone comes too early.
        Wait.Until(
            () =>
                !host.Net.Run("nft", "list", "tables").Output.Contains("skiff", StringComparison.Ordinal)
                && !File.Exists(Path.Combine(host.Runroot, "networks", "restore")),
            10,
            () => host.Net.Run("nft", "list", "ruleset").Output
        );
    }

    private RunningCommand Serve(string port)
    {
        RunningCommand server = host.Start(
            "run",
            "--rm",
            "-p",
            port,
            Busybox,
            "sh",
            "-c",
            "mkdir /www; echo ahoy >/www/index.html; httpd -p 80 -h /www; echo up; sleep 60"
        );
        server.WaitForOutput("up");
        return server;
    }

    private string Fetch(string address) => host.Net.Run("curl", "-s", "-m", "5", $"http://{address}/").Succeeded().Text;

    private string Snapshot() =>
        string.Join(
            '\n',
            host.Net.Run("nft", "list", "ruleset").Output,
            host.Net.Run("ip", "-o", "-br", "link").Output,
            host.Net.Run("ip", "route", "show", "table", "all").Output,
            host.Net.Run("ls", "/sys/class/net").Output,
            host.Net.Run("sh", "-c", "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding").Output
        );
}
