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

    /// <summary>The files of a host, in a mount namespace of the command's own.</summary>
    [Theory]
    [InlineData(
        "nameserver 127.0.0.53\noptions edns0\nsearch stub.example",
        "nameserver 192.0.2.53\nsearch lan.example",
        "",
        "nameserver 192.0.2.53\nsearch lan.example\n"
    )]
    [InlineData(
        "nameserver 127.0.0.1\nnameserver ::1\nnameserver 127.8.8.8\nnameserver 192.0.2.1\nsearch a.example b.example\noptions ndots:3",
        "",
        "",
        "nameserver 192.0.2.1\nsearch a.example b.example\noptions ndots:3\n"
    )]
    [InlineData("nameserver fe80::1%eth0\nnameserver 2001:db8::53", "", "", "nameserver 2001:db8::53\n")]
    [InlineData("nameserver 127.0.0.1\nnameserver fe80::1%eth0", "", "", "nameserver 8.8.8.8\nnameserver 8.8.4.4\n")]
    [InlineData("", "", "", "nameserver 8.8.8.8\nnameserver 8.8.4.4\n")]
    [InlineData(
        "nameserver 192.0.2.1\nsearch a.example",
        "",
        "--dns 192.0.2.9 --dns 2001:db8::9 --dns-option ndots:2 --dns-search .",
        "nameserver 192.0.2.9\nnameserver 2001:db8::9\noptions ndots:2\n"
    )]
    [InlineData("nameserver 192.0.2.1\nsearch a.example", "", "--dns-search b.example", "nameserver 192.0.2.1\nsearch b.example\n")]
    public void NET_06_The_resolvers_of_the_host_that_a_container_can_reach(
        string resolvConf,
        string upstream,
        string flags,
        string expected
    )
    {
        using Machine machine = new(host);
        string directory = Workspace.NewDirectory("resolv");
        File.WriteAllText($"{directory}/resolv.conf", resolvConf + "\n");
        string resolved =
            upstream.Length == 0 ? "" : $"mkdir -p /run/systemd/resolve; echo '{upstream}' >/run/systemd/resolve/resolv.conf;";
        string run = string.Join(
            ' ',
            machine.CommandLine([
                "run",
                "--rm",
                .. flags.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                machine.Busybox,
                "cat",
                "/etc/resolv.conf",
            ])
        );
        CommandResult result = Tool.Run(
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-euc",
            $"mount --bind {directory}/resolv.conf /etc/resolv.conf; mount -t tmpfs tmpfs /run; {resolved} exec {run}"
        );
        Assert.Equal(expected, result.Output);
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

    [Fact]
    public void NET_15_A_container_shares_the_network_of_another_and_nothing_that_contradicts_it()
    {
        using Machine machine = new(host);
        using RunningCommand server = machine.Serve("--name", "peer", "-p", "18110:80");
        Assert.Equal(
            "ahoy",
            machine
                .Run(["run", "--rm", "--network", "container:peer", machine.Busybox, .. Machine.FetchInside("127.0.0.1", 80)])
                .Succeeded()
                .Text
        );
        foreach (
            string[] flags in new string[][]
            {
                ["-p", "1:1"],
                ["-P"],
                ["--hostname", "x"],
                ["--add-host", "a:1.2.3.4"],
                ["--dns", "1.2.3.4"],
                ["--ip", "10.1.2.3"],
                ["--mac-address", "02:00:00:00:00:01"],
            }
        )
        {
            machine
                .Run(["run", "--rm", "--network", "container:peer", .. flags, machine.Busybox, "true"])
                .ExitedWith(125)
                .Complained("--network container:peer");
        }
        CommandResult discarded = machine.Run("run", "--rm", "--network", "host", "-p", "18110:80", machine.Busybox, "true").Succeeded();
        Assert.Equal("skiff: warning: published ports are discarded when using host network mode\n", discarded.Error);
    }

    [Fact]
    public void Addresses_that_are_asked_for_are_given_or_refused()
    {
        using Machine machine = new(host);
        using RunningCommand other = machine.Serve("--name", "plain");
        string[] six = machine
            .Run("exec", "plain", "sh", "-c", "ip -6 -o address show eth0 scope global | awk '{ print $4 }' | cut -d: -f1-3")
            .Succeeded()
            .Lines;
        string[] flags = ["--ip", "10.89.7.9", "--ip6", $"{six[0]}::abc", "--mac-address", "02:53:AA:00:00:01"];
        machine.Run(["run", "-d", .. flags, "--name", "asked", machine.Busybox, "sleep", "1000"]).Succeeded();
        string seen = machine
            .Run("exec", "asked", "sh", "-c", "ip -o address show eth0; cat /sys/class/net/eth0/address /etc/hosts")
            .Succeeded()
            .Output;
        foreach (string expected in new[] { "10.89.7.9/16", $"{six[0]}::abc/64", "02:53:aa:00:00:01", "10.89.7.9\t" })
        {
            Assert.Contains(expected, seen, StringComparison.Ordinal);
        }
        machine
            .Run("run", "--rm", "--ip", "10.89.7.9", machine.Busybox, "true")
            .ExitedWith(125)
            .Complained("10.89.7.9 of network bridge is in use by container");
        machine.Run("run", "--rm", "--ip6", $"{six[0]}::abc", machine.Busybox, "true").ExitedWith(125).Complained("in use by container");
        machine.Run("run", "--rm", "--ip", "10.89.0.1", machine.Busybox, "true").ExitedWith(125).Complained("reserved");
        machine
            .Run("run", "--rm", "--ip", "192.0.2.9", machine.Busybox, "true")
            .ExitedWith(125)
            .Complained("not an address of network bridge");
        // Given back, the address serves the next.
        machine.Run("rm", "-f", "asked").Succeeded();
        Assert.Equal(
            "10.89.7.9/16",
            machine
                .Run("run", "--rm", "--ip", "10.89.7.9", machine.Busybox, "sh", "-c", "ip -4 -o address show eth0 | awk '{ print $4 }'")
                .Succeeded()
                .Text
        );
    }

    [Fact]
    public void Hosts_names_the_container_its_links_and_the_host()
    {
        using Machine machine = new(host);
        using RunningCommand other = machine.Serve("--name", "database");
        string address = machine.Run("inspect", "--format", "{{.NetworkSettings.IPAddress}}", "database").Succeeded().Text;
        string hosts = machine
            .Run(
                "run",
                "--rm",
                "--hostname",
                "web.example",
                "--link",
                "database:db",
                "--add-host",
                "gw:host-gateway",
                "--add-host",
                "far=192.0.2.77",
                machine.Busybox,
                "cat",
                "/etc/hosts"
            )
            .Succeeded()
            .Output;
        Assert.Contains($"{address}\tdb\n", hosts, StringComparison.Ordinal);
        Assert.Contains($"{address}\tdatabase\n", hosts, StringComparison.Ordinal);
        Assert.Contains("10.89.0.1\tgw\n", hosts, StringComparison.Ordinal);
        Assert.Contains("192.0.2.77\tfar\n", hosts, StringComparison.Ordinal);
        Assert.Contains("\tweb.example web\n", hosts, StringComparison.Ordinal);
        machine.Run("run", "--rm", "--link", "nobody", machine.Busybox, "true").ExitedWith(125).Complained("nobody");
        // By its address, a container on the same network is reached on every port.
        Assert.Equal(
            "ahoy",
            machine.Run(["run", "--rm", "--link", "database:db", machine.Busybox, .. Machine.FetchInside("db", 80)]).Succeeded().Text
        );
    }

    [Fact]
    public void Links_tell_ports_and_environment_of_the_other_container()
    {
        using Machine machine = new(host);
        string[] ports = ["--expose", "7000-7001", "-p", "127.0.0.1:0:80", "--expose", "53/udp"];
        string[] environment = ["-e", "A=x=y z", "-e", "PATH=/bin"];
        machine.Run(["run", "-d", "--name", "db-one", .. ports, .. environment, machine.Busybox, "sleep", "1000"]).Succeeded();
        string address = machine.Run("inspect", "--format", "{{.NetworkSettings.IPAddress}}", "db-one").Succeeded().Text;
        machine.Run("create", "--name", "web", "--link", "db-one:my-db", "-e", "MY_DB_ENV_A=own", machine.Busybox, "env").Succeeded();
        string[] first = machine.Run("start", "-a", "web").Succeeded().Lines;
        Assert.Contains("MY_DB_NAME=/web/my-db", first);
        Assert.Contains($"MY_DB_PORT=tcp://{address}:80", first);
        Assert.Contains($"MY_DB_PORT_7000_TCP_END=tcp://{address}:7001", first);
        Assert.Contains($"MY_DB_PORT_53_UDP_ADDR={address}", first);
        Assert.Contains("MY_DB_ENV_A=own", first);
        Assert.DoesNotContain(first, l => l.StartsWith("MY_DB_ENV_PATH", StringComparison.Ordinal));
        string[] run = machine.Run("run", "--rm", "--name", "w2", "--link", "db-one", machine.Busybox, "env").Succeeded().Lines;
        Assert.Contains("DB_ONE_ENV_A=x=y z", run);
        Assert.Contains("DB_ONE_NAME=/w2/db-one", run);
        machine.Run("rm", "-f", "db-one").Succeeded();
        machine.Run("start", "web").ExitedWith(1).Complained("db-one");
        machine.Run("create", "--link", "db-one", machine.Busybox).ExitedWith(1).Complained("No such container: db-one");
        foreach (string odd in new[] { "", ":x", "a:b:c" })
        {
            machine.Run("create", "--link", odd, machine.Busybox).ExitedWith(125).Complained("--link");
        }
        machine.Run("rm", "web").Succeeded();
    }

    private string Fetch(string address) => host.Net.Run("curl", "-s", "-m", "5", $"http://{address}/").Succeeded().Text;
}
