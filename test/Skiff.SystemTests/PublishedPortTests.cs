using System.Net;
using System.Net.Sockets;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Published ports, from everywhere where somebody may ask.</summary>
public sealed class PublishedPortTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    /// <summary>br_netfilter shows frames between containers to iptables where Kubernetes or Docker wants that: translation then happens in the bridge.</summary>
    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    public void NET_10_A_published_port_answers_everybody(string bridged)
    {
        using Machine machine = new(host, "net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.default.rp_filter=1");
        if (Directory.Exists("/proc/sys/net/bridge"))
        {
            machine
                .Net.Run("sysctl", "-qw", $"net.bridge.bridge-nf-call-iptables={bridged}", $"net.bridge.bridge-nf-call-ip6tables={bridged}")
                .Succeeded();
        }
        using Netns neighbour = machine.Neighbour();
        using RunningCommand server = machine.Serve("--name", "web" + bridged, "-p", "18082:80");
        foreach (string address in new[] { "127.0.0.1", "localhost", "[::1]", "192.0.2.1", "[2001:db8::1]" })
        {
            Assert.Equal("ahoy", machine.Fetch($"{address}:18082"));
        }
        foreach (string address in new[] { "192.0.2.1", "[2001:db8::1]" })
        {
            Assert.Equal("ahoy", machine.Fetch($"{address}:18082", neighbour));
        }
        string gateway = machine.Run("exec", "web" + bridged, "sh", "-c", "ip route | awk '/^default/ { print $3 }'").Succeeded().Text;
        foreach (string address in new[] { gateway, "192.0.2.1", "2001:db8::1" })
        {
            string[] fetch = Machine.FetchInside(address, 18082);
            Assert.Equal("ahoy", machine.Run(["run", "--rm", machine.Busybox, .. fetch]).Succeeded().Text);
            Assert.Equal("ahoy", machine.Run(["exec", "web" + bridged, .. fetch]).Succeeded().Text);
        }
    }

    [Fact]
    public void NET_10_A_port_of_loopback_answers_the_host_only()
    {
        using Machine machine = new(host);
        using Netns neighbour = machine.Neighbour();
        using RunningCommand server = machine.Serve("-p", "127.0.0.1:18083:80", "-p", "[::1]:18084:80");
        Assert.Equal("ahoy", machine.Fetch("127.0.0.1:18083"));
        Assert.Equal("ahoy", machine.Fetch("[::1]:18084"));
        // A neighbour that takes this machine for the way to 127.0.0.0/8 and ::1 (moby#45610).
        neighbour
            .Run(
                "sh",
                "-ec",
                "ip address flush dev lo; ip -6 address flush dev lo; sysctl -qw net.ipv4.conf.all.route_localnet=1; ip route add 127.0.0.0/8 via 192.0.2.1; ip -6 route add ::1 via 2001:db8::1"
            )
            .Succeeded();
        machine.Net.Run("sysctl", "-qw", "net.ipv4.conf.wire.route_localnet=1").Succeeded();
        foreach (string address in new[] { "127.0.0.1:18083", "192.0.2.1:18083", "[::1]:18084", "[2001:db8::1]:18084" })
        {
            Assert.Equal("", machine.Fetch(address, neighbour));
        }
        string inside =
            "for a in 192.0.2.1:18083 2001:db8::1:18084; do printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 1 ${a%:*} ${a##*:}; done; true";
        Assert.Equal("", machine.Run("run", "--rm", machine.Busybox, "sh", "-c", inside).Text);
    }

    /// <summary>What makes ::1 work must not open the host's own loopback services to containers (as CVE-2020-8558 did for 127.0.0.1).</summary>
    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    public void A_container_does_not_reach_the_loopback_services_of_the_host(string bridged)
    {
        using Machine machine = new(host);
        if (Directory.Exists("/proc/sys/net/bridge"))
        {
            machine.Net.Run("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1", "net.bridge.bridge-nf-call-ip6tables=1").Succeeded();
        }
        // Three datagrams to the gateway's hardware address, with the loopback addresses as destination, made by hand.
        string forge = Probe.Compile(
            """
            #include <stdio.h>
            #include <string.h>
            #include <stdlib.h>
            #include <unistd.h>
            #include <arpa/inet.h>
            #include <net/if.h>
            #include <sys/socket.h>
            #include <linux/if_packet.h>
            #include <netinet/if_ether.h>
            #include <netinet/ip.h>
            #include <netinet/ip6.h>
            #include <netinet/udp.h>
            static unsigned short sum(const void *p, int n, unsigned s) {
              const unsigned char *b = p;
              for (int i = 0; i < n; i += 2) s += b[i] << 8 | (i + 1 < n ? b[i + 1] : 0);
              while (s >> 16) s = (s & 0xffff) + (s >> 16);
              return s;
            }
            int main(int argc, char **argv) {
              int s = socket(AF_PACKET, SOCK_DGRAM, 0);
              struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex("eth0"), .sll_halen = 6 };
              unsigned char *m = to.sll_addr;
              if (s < 0 || sscanf(argv[1], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", m, m + 1, m + 2, m + 3, m + 4, m + 5) != 6) return 1;
              struct { struct iphdr ip; struct udphdr udp; char text[6]; } four = { { .ihl = 5, .version = 4, .ttl = 9, .protocol = 17 }, {}, "forged" };
              four.ip.tot_len = htons(sizeof four);
              four.ip.saddr = inet_addr(argv[2]);
              four.ip.daddr = inet_addr("127.0.0.1");
              four.ip.check = htons(~sum(&four.ip, 20, 0));
              four.udp.source = htons(7), four.udp.dest = htons(18085), four.udp.len = htons(14);
              to.sll_protocol = htons(ETH_P_IP);
              if (sendto(s, &four, sizeof four, 0, (void *)&to, sizeof to) < 0) return 2;
              struct { struct ip6_hdr ip; struct udphdr udp; char text[6]; } six = { {}, {}, "forged" };
              six.ip.ip6_flow = htonl(6 << 28), six.ip.ip6_plen = htons(14), six.ip.ip6_nxt = 17, six.ip.ip6_hlim = 9;
              inet_pton(AF_INET6, argv[3], &six.ip.ip6_src);
              inet_pton(AF_INET6, "::1", &six.ip.ip6_dst);
              six.udp.source = htons(7), six.udp.dest = htons(18085), six.udp.len = htons(14);
              six.udp.check = htons(~sum(&six.udp, 14, sum(&six.ip.ip6_src, 32, 17 + 14)));
              to.sll_protocol = htons(ETH_P_IPV6);
              return sendto(s, &six, sizeof six, 0, (void *)&to, sizeof to) < 0 ? 3 : 0;
            }
            """
        );
        using Socket four = machine.Net.On(() => Listener(IPAddress.Loopback)),
            six = machine.Net.On(() => Listener(IPAddress.IPv6Loopback));
        using RunningCommand attacker = machine.Start([
            "run",
            "--rm",
            "--cap-add",
            "NET_RAW",
            .. Probe.Mounted(forge),
            machine.Busybox,
            "sh",
            "-c",
            "gw=$(ip route | awk '/^default/ { print $3 }'); ping -c 1 -W 1 $gw >/dev/null 2>&1; nc -w 1 $gw 9; echo up; read x; /probe $(awk -v g=$gw '$1 == g { print $4 }' /proc/net/arp) $(ip -4 -o address show eth0 | awk '{ print $4 }' | cut -d/ -f1) $(ip -6 -o address show eth0 scope global | awk '{ print $4 }' | cut -d/ -f1); echo sent $?; sleep 1000",
        ]);
        attacker.WaitForOutput("up");
        if (Directory.Exists("/proc/sys/net/bridge"))
        {
            // Also when the setting changes under a network that is up.
            machine.Net.Run("sysctl", "-qw", $"net.bridge.bridge-nf-call-ip6tables={bridged}").Succeeded();
        }
        attacker.Write("go\n");
        attacker.WaitForOutput("sent 0");
        // A datagram of the host's own, sent later, is the sign that the forged one did not arrive before it.
        foreach (Socket socket in new[] { four, six })
        {
            machine.Net.On(() =>
            {
                using Socket client = new(socket.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                return client.SendTo("own"u8, SocketFlags.None, socket.LocalEndPoint!);
            });
            byte[] buffer = new byte[64];
            socket.ReceiveTimeout = 10_000;
            Assert.Equal("own", System.Text.Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer)));
        }
    }

    [Fact]
    public void NET_10_Addresses_ranges_and_free_ports()
    {
        using Machine machine = new(host);
        using Netns neighbour = machine.Neighbour();
        using RunningCommand server = machine.Serve(
            "--name",
            "ranges",
            "-p",
            "192.0.2.1:18086:80",
            "-p",
            "18087-18089:79-81",
            "-p",
            "80",
            "-p",
            "18090-18095:80",
            "-p",
            "18096:80/sctp"
        );
        Assert.Equal("ahoy", machine.Fetch("192.0.2.1:18086", neighbour));
        Assert.Equal("ahoy", machine.Fetch("192.0.2.1:18086"));
        Assert.Equal("", machine.Fetch("127.0.0.1:18086"));
        Assert.Equal("ahoy", machine.Fetch("127.0.0.1:18088"));
        string[] bound = machine.Run("port", "ranges").Succeeded().Lines;
        string free = bound
            .First(l => l.StartsWith("80/tcp -> 0.0.0.0:", StringComparison.Ordinal) && !l.Contains(":180", StringComparison.Ordinal))
            .Split(':')[^1];
        Assert.Equal("ahoy", machine.Fetch($"127.0.0.1:{free}"));
        Assert.Equal("ahoy", machine.Fetch("127.0.0.1:18090"));
        Assert.Contains("80/sctp -> 0.0.0.0:18096", bound);
        Assert.Contains("sctp . 18096", machine.Elements(), StringComparison.Ordinal);
        // The next one takes the next of the range.
        using RunningCommand second = machine.Serve("-p", "18090-18095:80");
        Assert.Equal("ahoy", machine.Fetch("127.0.0.1:18091"));
    }

    [Fact]
    public void Publish_all_publishes_what_is_exposed()
    {
        using Machine machine = new(host);
        using RunningCommand server = machine.Serve("--name", "exposed", "-P", "--expose", "80", "--expose", "9000-9002/udp");
        string[] bound = machine.Run("port", "exposed").Succeeded().Lines;
        Assert.Equal(8, bound.Length);
        string port = bound.First(l => l.StartsWith("80/tcp -> 0.0.0.0:", StringComparison.Ordinal)).Split(':')[^1];
        Assert.Equal("ahoy", machine.Fetch($"127.0.0.1:{port}"));
        Assert.Contains(bound, l => l.StartsWith("9002/udp -> [::]:", StringComparison.Ordinal));

        // What is published by -p, or exposed twice, is not published again.
        string[] both = ["-P", "-p", "8080:80", "--expose", "80", "--expose", "81", "--expose", "80-82"];
        using RunningCommand second = machine.Serve(["--name", "both", .. both]);
        bound = machine.Run("port", "both").Succeeded().Lines;
        Assert.Equal(6, bound.Length);
        Assert.Equal("80/tcp -> 0.0.0.0:8080", bound[0]);
    }

    [Fact]
    public void NET_01_A_taken_port_is_said_and_nothing_is_left()
    {
        using Machine machine = new(host);
        using RunningCommand server = machine.Serve("--name", "first", "-p", "18081:80");
        string before = machine.Snapshot();
        string[] leases = machine.Names("bridge/leases");
        machine
            .Run("run", "--rm", "-p", "18081:80", machine.Busybox, "true")
            .ExitedWith(125)
            .Complained("port 18081/tcp of 0.0.0.0 is in use by container first (");
        machine.Run("run", "--rm", "-p", "127.0.0.1:18081:80", machine.Busybox, "true").ExitedWith(125).Complained("in use by container");
        using Socket taken = machine.Net.On(() =>
        {
            Socket s = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            s.Bind(new IPEndPoint(IPAddress.Loopback, 18097));
            s.Listen();
            return s;
        });
        machine
            .Run("run", "--rm", "-p", "18097:80", machine.Busybox, "true")
            .ExitedWith(125)
            .Complained(
                $"port 18097/tcp of 0.0.0.0 is in use by a process of the host: {File.ReadAllText("/proc/self/comm").Trim()} (pid {Environment.ProcessId})"
            );
        Assert.Equal(leases, machine.Names("bridge/leases"));
        Assert.Equal(leases.Length, machine.Names("bridge/owners").Length);
        machine.AwaitSame(before);
    }

    /// <summary>Taking a port back takes the kernel 15 ms, which nobody waits for: the next container must get it all the same, and keep it.</summary>
    [Fact]
    public void NET_01_A_port_is_free_as_soon_as_its_container_has_gone()
    {
        using Machine machine = new(host);
        using RunningCommand other = machine.Serve("-p", "18098:80");
        string before = machine.Snapshot();
        for (int i = 0; i < 15; i++)
        {
            machine.Run("run", "--rm", "-p", "18099:80", "-p", "18100:80/udp", machine.Busybox, "true").Succeeded();
        }
        machine
            .Run(
                "run",
                "-d",
                "--name",
                "taker",
                "-p",
                "18099:80",
                machine.Busybox,
                "sh",
                "-c",
                "mkdir /www; echo ahoy >/www/index.html; exec httpd -f -p 80 -h /www"
            )
            .Succeeded();
        Wait.Until(() => machine.Names(".released").Length == 0, 10, () => string.Join('\n', machine.Names(".released")));
        Wait.Until(() => machine.Fetch("127.0.0.1:18099") == "ahoy", 10, machine.Elements);
        Assert.Equal("ahoy", machine.Fetch("127.0.0.1:18098"));
        machine.Run("rm", "-f", "taker").Succeeded();
        machine.AwaitSame(before);
        Assert.Equal(["tcp-18098"], machine.Names(".ports"));
    }

    [Fact]
    public void A_udp_client_that_goes_on_sending_reaches_whoever_has_the_port_now()
    {
        using Machine machine = new(host);
        using Netns neighbour = machine.Neighbour();
        string receive = Probe.Compile(
            """
            #include <unistd.h>
            #include <netinet/in.h>
            #include <sys/socket.h>
            int main(void) {
              struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(80) };
              int s = socket(AF_INET, SOCK_DGRAM, 0);
              char b[64];
              if (bind(s, (void *)&a, sizeof a)) return 1;
              write(1, "up\n", 3);
              for (int n; (n = recv(s, b, sizeof b, 0)) >= 0;) write(1, b, n);
              return 2;
            }
            """
        );
        using RunningCommand other = machine.Serve();
        using Socket client = neighbour.On(() =>
        {
            Socket s = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            s.Bind(new IPEndPoint(IPAddress.Any, 4000));
            return s;
        });
        IPEndPoint port = new(IPAddress.Parse("192.0.2.1"), 18101);
        void Send(string text)
        {
            try
            {
                client.SendTo(System.Text.Encoding.ASCII.GetBytes(text), port);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
            {
                // The answer to the one before.
            }
        }
        // Nobody listens: the kernel remembers a flow without translation.
        Send("early\n");
        Wait.Until(
            () => machine.Net.Run("cat", "/proc/net/nf_conntrack").Output.Contains("dport=18101", StringComparison.Ordinal),
            10,
            () => machine.Net.Run("cat", "/proc/net/nf_conntrack").Output
        );
        using RunningCommand server = machine.Start([
            "run",
            "--rm",
            "-p",
            "18101:80/udp",
            .. Probe.Mounted(receive),
            machine.Busybox,
            "/probe",
        ]);
        server.WaitForOutput("up");
        // It does not wait for the kernel to forget the flow: the client, which goes on sending, does.
        Wait.Until(
            () =>
            {
                Send("second\n");
                return server.OutputSoFar.Contains("second", StringComparison.Ordinal);
            },
            20,
            () => machine.Net.Run("cat", "/proc/net/nf_conntrack").Output
        );
        Assert.SkipUnless(
            Environment.OSVersion.Version >= new Version(6, 11),
            "the kernel cannot drop the flows of an address (before 6.11)"
        );
        Assert.NotEmpty(machine.Run("ps", "-aq", "--filter", "publish=18101/udp").Succeeded().Text);
        server.Signal(Native.SIGKILL);
        // A command that comes while the killed one is still dying rightly changes nothing.
        Wait.Until(
            () => machine.Run("ps", "-aq", "--filter", "publish=18101/udp").Succeeded().Text.Length == 0,
            10,
            () => machine.Run("ps", "-a").Text
        );
        using Socket heir = machine.Net.On(() =>
        {
            Socket s = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 100 };
            s.Bind(port);
            return s;
        });
        byte[] buffer = new byte[64];
        Wait.Until(
            () =>
            {
                Send("third\n");
                try
                {
                    return heir.Receive(buffer) > 0;
                }
                catch (SocketException)
                {
                    return false;
                }
            },
            10,
            () => machine.Net.Run("cat", "/proc/net/nf_conntrack").Output
        );
    }

    private static Socket Listener(IPAddress address)
    {
        Socket socket = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, 18085));
        return socket;
    }
}
