using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Networks that users make: what they are, who is in them, and who reaches whom.</summary>
public sealed class UserNetworkTests(SkiffHost host) : IClassFixture<SkiffHost>, IDisposable
{
    /// <summary>The machines share a store, and so the networks in it.</summary>
    public void Dispose() => Machine.Forget(host);

    [Fact]
    public void A_network_is_made_listed_inspected_and_removed()
    {
        using Machine machine = new(host);
        string id = machine
            .Run("network", "create", "--label", "tier=db", "--subnet", "10.55.0.0/24", "--ip-range", "10.55.0.128/25", "back")
            .Succeeded()
            .Text;
        Assert.Equal(64, id.Length);
        Assert.Equal("back bridge host none", Words(machine, "{{.Name}}"));
        Assert.Equal("back", Words(machine, "{{.Name}}", "--filter", "type=custom"));
        Assert.Equal("back", Words(machine, "{{.Name}}", "--filter", "label=tier=db", "--filter", "driver=bridge"));
        Assert.Equal("", Words(machine, "{{.Name}}", "--filter", "name=front"));
        Assert.Equal(id[..12], machine.Run("network", "ls", "-q", "--filter", "id=" + id[..8]).Succeeded().Text);
        Assert.Equal(
            "10.55.0.0/24 10.55.0.1 10.55.0.128/25 db",
            Inspect(
                machine,
                id[..6],
                "{{with index .IPAM.Config 0}}{{.Subnet}} {{.Gateway}} {{.IPRange}}{{end}} {{index .Labels \"tier\"}}"
            )
        );
        string again = machine.Run("network", "create", "back").Failed(1);
        Assert.Contains("network with name back already exists", again, StringComparison.Ordinal);
        machine.Run("network", "rm", "back").Succeeded();
        Assert.Equal("bridge host none", Words(machine, "{{.Name}}"));
        Assert.Contains("network back not found", machine.Run("network", "rm", "back").Failed(1), StringComparison.Ordinal);
        machine.Run("network", "rm", "-f", "back").Succeeded();
    }

    [Theory]
    [InlineData("network create bridge", "always there")]
    [InlineData("network create -- -x", "cannot name a network")]
    [InlineData("network create -d macvlan x", "no network driver macvlan")]
    [InlineData("network create --subnet 10.1.2.3/24 x", "write 10.1.2.0/24")]
    [InlineData("network create --subnet nonsense x", "an address and a prefix length are expected")]
    [InlineData("network create --subnet 10.1.0.0/31 x", "too small")]
    [InlineData("network create --subnet 10.1.0.0/24 --gateway 10.2.0.1 x", "--gateway 10.2.0.1")]
    [InlineData("network create --subnet 10.1.0.0/24 --ip-range 10.2.0.0/25 x", "--ip-range 10.2.0.0/25")]
    [InlineData("network create --subnet fd00:1::/120 x", "fewer addresses")]
    [InlineData("network create --subnet 192.0.2.0/24 x", "the host has the address 192.0.2.1")]
    [InlineData("network create -o mtu=never x", "number of bytes")]
    [InlineData("network create -o nonsense=1 x", "no such option")]
    [InlineData("network rm host", "cannot be removed")]
    [InlineData("network inspect nosuch", "network nosuch not found")]
    public void What_cannot_be_is_refused_in_a_sentence(string command, string words)
    {
        using Machine machine = new(host);
        using Netns neighbour = machine.Neighbour();
        string error = machine.Run(command.Split(' ')).Failed(1);
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.Equal("", Words(machine, "{{.Name}}", "--filter", "type=custom"));
    }

    [Fact]
    public void Subnets_of_networks_do_not_overlap_and_are_not_given_twice()
    {
        using Machine machine = new(host);
        for (int i = 0; i < 5; i++)
        {
            machine.Run("network", "create", $"n{i}").Succeeded();
        }
        string[] all =
        [
            .. Enumerable
                .Range(0, 5)
                .SelectMany(i => Inspect(machine, $"n{i}", "{{range .IPAM.Config}}{{.Subnet}} {{end}}").Trim().Split(' ')),
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
        string first = Inspect(machine, "n0", "{{(index .IPAM.Config 0).Subnet}}");
        Assert.Contains(
            "overlaps with the network n0",
            machine.Run("network", "create", "--subnet", first, "other").Failed(1),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_container_has_an_address_in_each_of_its_networks_and_the_asked_for_ones()
    {
        using Machine machine = new(host);
        machine.Run("network", "create", "--subnet", "10.55.0.0/24", "--subnet", "fd55::/64", "-o", "mtu=1400", "one").Succeeded();
        machine.Run("network", "create", "--subnet", "10.56.0.0/24", "two").Succeeded();
        string text = machine
            .Run(
                "run",
                "--rm",
                "--network",
                "name=two,ip=10.56.0.9,mac-address=02:00:00:00:00:09",
                "--network",
                "name=one,ip=10.55.0.7,ip6=fd55::77,gw-priority=1",
                machine.Busybox,
                "sh",
                "-c",
                "ip address; ip route; cat /etc/hosts"
            )
            .Succeeded()
            .Text;
        Assert.Contains("inet 10.56.0.9/24 brd 10.56.0.255 scope global eth0", text, StringComparison.Ordinal);
        Assert.Contains("02:00:00:00:00:09", text, StringComparison.Ordinal);
        Assert.Contains("inet 10.55.0.7/24 brd 10.55.0.255 scope global eth1", text, StringComparison.Ordinal);
        Assert.Contains("fd55::77/64", text, StringComparison.Ordinal);
        Assert.Contains("mtu 1400", text, StringComparison.Ordinal);
        Assert.Contains("default via 10.55.0.1 dev eth1", text, StringComparison.Ordinal);
        Assert.Contains("10.55.0.7\t", text, StringComparison.Ordinal);
        Assert.Contains("10.56.0.9\t", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_and_ps_tell_the_networks_of_a_container_also_when_it_does_not_run()
    {
        using Machine machine = new(host);
        string id = machine.Run("network", "create", "--subnet", "10.55.0.0/24", "one").Succeeded().Text;
        machine
            .Run("create", "--name", "web", "--network", "one", "--network", "bridge", "--ip", "10.55.0.8", machine.Busybox, "sleep", "100")
            .Succeeded();
        const string Format = "{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.IPAddress}} {{end}}{{.HostConfig.NetworkMode}}";
        Assert.Equal("bridge  one  one", machine.Run("inspect", "-f", Format, "web").Succeeded().Text);
        machine.Run("start", "web").Succeeded();
        Assert.Matches("^bridge 10[.0-9]+ one 10.55.0.8 one$", machine.Run("inspect", "-f", Format, "web").Succeeded().Text);
        Assert.Equal(id, machine.Run("inspect", "-f", "{{.NetworkSettings.Networks.one.NetworkID}}", "web").Succeeded().Text);
        Assert.Equal("web 10.55.0.8/24", Inspect(machine, "one", "{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}"));
        foreach (string filter in (string[])["one", "bridge", id[..12]])
        {
            Assert.Equal("web", machine.Run("ps", "--filter", "network=" + filter, "--format", "{{.Names}}").Succeeded().Text);
        }
        Assert.Equal("", machine.Run("ps", "-a", "--filter", "network=host", "--format", "{{.Names}}").Succeeded().Text);
        string command = machine.Run("inspect", "--run-command", "web").Succeeded().Text;
        Assert.Contains("--network name=one,ip=10.55.0.8 --network bridge", command, StringComparison.Ordinal);
        Assert.Contains("is in use by web", machine.Run("network", "rm", "one").Failed(1), StringComparison.Ordinal);
        machine.Run("rm", "-f", "web").Succeeded();
        machine.Run("network", "rm", "one").Succeeded();
    }

    [Fact]
    public void Networks_are_apart_and_an_internal_one_has_no_way_out_and_none_in()
    {
        using Machine machine = new(host);
        using Netns neighbour = machine.Neighbour();
        machine.Run("network", "create", "--subnet", "10.55.0.0/24", "--subnet", "fd55::/64", "one").Succeeded();
        machine.Run("network", "create", "--subnet", "10.56.0.0/24", "--subnet", "fd56::/64", "two").Succeeded();
        machine.Run("network", "create", "--internal", "--subnet", "10.57.0.0/24", "--subnet", "fd57::/64", "inside").Succeeded();
        using RunningCommand one = machine.Serve("--network", "name=one,ip=10.55.0.9,ip6=fd55::9", "-p", "18190:80");
        using RunningCommand inside = machine.Serve("--network", "name=inside,ip=10.57.0.9,ip6=fd57::9", "-p", "18191:80");
        // From neighbours in the same network, and from the host itself.
        Answers(machine, "one", "10.55.0.9", 80);
        Answers(machine, "one", "fd55::9", 80);
        Answers(machine, "inside", "10.57.0.9", 80);
        Answers(machine, "inside", "fd57::9", 80);
        Assert.Equal("ahoy", machine.Fetch("10.57.0.9"));
        // Published ports are for everybody, in IPv6 too, but not on an internal network.
        Assert.Equal("ahoy", machine.Fetch("192.0.2.1:18190", neighbour));
        Assert.Equal("ahoy", machine.Fetch("[2001:db8::1]:18190", neighbour));
        Assert.Equal("ahoy", machine.Fetch("127.0.0.1:18190"));
        Assert.Equal("ahoy", machine.Fetch("[::1]:18190"));
        Answers(machine, "two", "10.56.0.1", 18190);
        Assert.Equal("", machine.Fetch("127.0.0.1:18191"));
        // Nothing else passes between networks.
        foreach (string other in (string[])["two", "bridge"])
        {
            Assert.Equal("", From(machine, other, "10.55.0.9", 80, seconds: 1));
            Assert.Equal("", From(machine, other, "fd55::9", 80, seconds: 1));
            Assert.Equal("", From(machine, other, "10.57.0.9", 80, seconds: 1));
        }
        // Out of the internal network: not even with a route that a privileged container makes itself.
        const string Routes = "ip route add default via 10.57.0.1; ip -6 route add default via fd57::1; ";
        foreach (string address in (string[])["10.55.0.9 80", "fd55::9 80", "10.57.0.1 18190", "192.0.2.1 18190", "192.0.2.2 9"])
        {
            string answer = machine
                .Run(
                    "run",
                    "--rm",
                    "--cap-add",
                    "NET_ADMIN",
                    "--network",
                    "inside",
                    machine.Busybox,
                    "sh",
                    "-c",
                    Routes + $"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 1 {address} 2>&1 | tail -n 1"
                )
                .Text;
            Assert.DoesNotContain("ahoy", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("refused", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Containers_of_a_network_without_icc_reach_the_outside_but_not_one_another()
    {
        using Machine machine = new(host);
        machine
            .Run("network", "create", "-o", "com.docker.network.bridge.enable_icc=false", "--subnet", "10.55.0.0/24", "apart")
            .Succeeded();
        using RunningCommand one = machine.Serve("--network", "name=apart,ip=10.55.0.9");
        Assert.Equal("", From(machine, "apart", "10.55.0.9", 80, seconds: 1));
        Assert.Equal("ahoy", machine.Fetch("10.55.0.9"));
    }

    [Fact]
    public void A_running_container_is_connected_and_disconnected_and_stays_so()
    {
        using Machine machine = new(host);
        string before = machine.Snapshot();
        machine.Run("network", "create", "--subnet", "10.55.0.0/24", "--subnet", "fd55::/64", "one").Succeeded();
        machine.Run("network", "create", "--subnet", "10.56.0.0/24", "--ipv6=false", "two").Succeeded();
        machine.Run("run", "-d", "--name", "web", "-p", "18193:80", machine.Busybox, "sleep", "1000").Succeeded();
        machine.Run("run", "-d", "--name", "peer", "--network", "one", machine.Busybox, "sleep", "1000").Succeeded();
        machine.Run("network", "connect", "--ip", "10.55.0.9", "--alias", "www", "one", "web").Succeeded();
        Assert.Contains(
            "is connected with the network one already",
            machine.Run("network", "connect", "one", "web").Failed(1),
            StringComparison.Ordinal
        );
        string[] seen = machine
            .Run("exec", "web", "sh", "-c", "ip -o -4 address | awk '{ print $2, $4 }'; cat /etc/resolv.conf; grep -c 10.55.0.9 /etc/hosts")
            .Succeeded()
            .Lines;
        Assert.Contains("eth1 10.55.0.9/24", seen);
        Assert.Contains("nameserver 127.0.0.11", seen);
        Assert.Equal("1", seen[^1]);
        Assert.Contains("10.55.0.9", machine.Run("exec", "peer", "nslookup", "www").Output, StringComparison.Ordinal);
        Wait.Until(
            () => machine.Run("exec", "web", "nslookup", "peer").Output.Contains("10.55.0.2", StringComparison.Ordinal),
            10,
            () => machine.Run("exec", "web", "nslookup", "peer").Output
        );
        Assert.Equal("bridge 1 one 1", Places(machine));
        // The default network goes, with its published port and its route, and the container stays what it is over a restart.
        machine.Run("network", "connect", "two", "web").Succeeded();
        machine.Run("network", "disconnect", "bridge", "web").Succeeded();
        Assert.Equal("one 1 two 1", Places(machine));
        Assert.Contains("default via 10.55.0.1", machine.Run("exec", "web", "ip", "route").Succeeded().Text, StringComparison.Ordinal);
        Assert.Empty(machine.Names(".ports"));
        Assert.Equal("", machine.Elements());
        machine.Run("restart", "-t", "0", "web").Succeeded();
        Assert.Equal("one 1 two 1", Places(machine));
        Assert.Contains("10.55.0.9", machine.Run("exec", "peer", "nslookup", "www").Output, StringComparison.Ordinal);
        // One that does not run is changed for its next start; who is not connected cannot be disconnected.
        machine.Run("stop", "-t", "0", "web").Succeeded();
        machine.Run("network", "disconnect", "two", "web").Succeeded();
        Assert.Contains("is not connected", machine.Run("network", "disconnect", "two", "web").Failed(1), StringComparison.Ordinal);
        machine.Run("network", "disconnect", "-f", "two", "web").Succeeded();
        machine.Run("network", "connect", "bridge", "web").Succeeded();
        machine.Run("start", "web").Succeeded();
        Assert.Equal("bridge 1 one 1", Places(machine));
        // In between connected or not: nothing is left of it.
        machine.Run("network", "connect", "two", "web").Succeeded();
        machine.Run("rm", "-f", "web", "peer").Succeeded();
        Assert.Empty(machine.Names(".connected"));
        machine.Run("network", "rm", "one", "two").Succeeded();
        machine.AwaitSame(before);
    }

    [Fact]
    public void The_network_of_the_highest_priority_is_the_way_out_at_once()
    {
        using Machine machine = new(host);
        machine.Run("network", "create", "--subnet", "10.55.0.0/24", "--subnet", "fd55::/64", "one").Succeeded();
        machine.Run("network", "create", "--subnet", "10.56.0.0/24", "--ipv6=false", "two").Succeeded();
        machine.Run("run", "-d", "--name", "web", machine.Busybox, "sleep", "1000").Succeeded();
        machine.Run("network", "connect", "--gw-priority", "1", "one", "web").Succeeded();
        Assert.Equal(["10.55.0.1", "fd55::1"], WaysOut(machine));
        machine.Run("network", "connect", "two", "web").Succeeded();
        Assert.Equal(["10.55.0.1", "fd55::1"], WaysOut(machine));
        machine.Run("restart", "-t", "0", "web").Succeeded();
        Assert.Equal(["10.55.0.1", "fd55::1"], WaysOut(machine));
        Assert.Equal("1", machine.Run("inspect", "-f", "{{.NetworkSettings.Networks.one.GwPriority}}", "web").Succeeded().Text);
        // Published ports are led where they are; the way out follows with the next start.
        machine.Run("rm", "-f", "web").Succeeded();
        machine.Run("run", "-d", "--name", "web", "-p", "18194:80", "--network", "two", machine.Busybox, "sleep", "1000").Succeeded();
        machine.Run("network", "connect", "--gw-priority", "1", "one", "web").Succeeded().Complained("with its next start");
        Assert.Equal("10.56.0.1", WaysOut(machine)[0]);
        machine.Run("restart", "-t", "0", "web").Succeeded();
        Assert.Equal("10.55.0.1", WaysOut(machine)[0]);
        machine.Run("rm", "-f", "web").Succeeded();
        machine.Run("network", "rm", "one", "two").Succeeded();
    }

    [Theory]
    [InlineData("--link", "other:alias", "alias")]
    [InlineData("--link-local-ip", "169.254.1.2", "link-local")]
    [InlineData("--driver-opt", "a=b", "driver bridge")]
    public void What_connect_cannot_do_is_refused_in_a_sentence(string flag, string value, string why)
    {
        using Machine machine = new(host);
        Assert.Contains(why, machine.Run("network", "connect", flag, value, "bridge", "nobody").Failed(1), StringComparison.Ordinal);
    }

    private static string[] WaysOut(Machine machine) =>
        [
            .. machine
                .Run("exec", "web", "sh", "-c", "ip route; ip -6 route")
                .Succeeded()
                .Lines.Where(static l => l.StartsWith("default via ", StringComparison.Ordinal))
                .Select(static l => l.Split(' ')[2]),
        ];

    [Fact]
    public void A_container_without_a_network_of_its_own_is_not_connected()
    {
        using Machine machine = new(host);
        machine.Run("network", "create", "one").Succeeded();
        machine.Run("create", "--name", "guest", "--network", "host", machine.Busybox, "true").Succeeded();
        Assert.Contains("no network of its own", machine.Run("network", "connect", "one", "guest").Failed(1), StringComparison.Ordinal);
        Assert.Contains("pre-defined", machine.Run("network", "connect", "host", "guest").Failed(1), StringComparison.Ordinal);
        machine.Run("rm", "guest").Succeeded();
    }

    /// <summary>The networks of the container web, each with 1 when it has an address there.</summary>
    private static string Places(Machine machine) =>
        machine
            .Run("inspect", "-f", "{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{if $e.IPAddress}}1{{end}} {{end}}", "web")
            .Succeeded()
            .Text.Trim();

    [Fact]
    public void NET_04_A_network_leaves_nothing_behind_and_neither_does_its_removal()
    {
        using Machine machine = new(host, "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0");
        using Netns neighbour = machine.Neighbour();
        string before = machine.Snapshot();
        machine.Run("network", "create", "one").Succeeded();
        machine.Run("network", "create", "two").Succeeded();
        machine.Run("run", "--rm", "--network", "one", "--network", "two", "-p", "18192:80", machine.Busybox, "true").Succeeded();
        Assert.NotEqual(before, machine.Snapshot());
        machine.AwaitSame(before);
        machine.Run("run", "--rm", "--network", "one", machine.Busybox, "true").Succeeded();
        machine.Run("network", "rm", "one").Succeeded(); // while the cleaner waits
        machine.AwaitSame(before);
        machine.Run("network", "rm", "two").Succeeded();
        Assert.DoesNotContain(machine.Names(""), static n => n[0] != '.');
        Assert.Empty(machine.Names(".ports"));
        Assert.Empty(machine.Names(".released"));
    }

    [Fact]
    public void NET_02_Fifty_containers_started_at_once_in_a_users_network_have_fifty_addresses()
    {
        using Machine machine = new(host);
        machine.Run("network", "create", "--subnet", "10.55.0.0/24", "--subnet", "fd55::/64", "one").Succeeded();
        RunningCommand[] all =
        [
            .. Enumerable
                .Range(0, 50)
                .Select(_ =>
                    machine.Start(
                        "run",
                        "--rm",
                        "-i",
                        "--network",
                        "one",
                        machine.Busybox,
                        "sh",
                        "-c",
                        "ip -o address show eth0 | awk '/global/ { print $4 }'; cat /sys/class/net/eth0/address; echo up; cat"
                    )
                ),
        ];
        foreach (RunningCommand running in all)
        {
            running.WaitForOutput("up\n", 60);
        }
        HashSet<string> addresses = [];
        foreach (RunningCommand running in all)
        {
            running.CloseInput(); // all are there by now: none has had the address of one that had gone
            foreach (string line in running.WaitForExit().Succeeded().Lines.Where(static l => l != "up"))
            {
                Assert.True(addresses.Add(line), $"{line} was given twice");
            }
            running.Dispose();
        }
        Assert.Equal(150, addresses.Count);
    }

    [Fact]
    public void A_network_that_a_container_names_is_checked_when_it_is_made_and_when_it_starts()
    {
        using Machine machine = new(host);
        Assert.Contains(
            "network nosuch not found",
            machine.Run("run", "--rm", "--network", "nosuch", machine.Busybox, "true").Failed(125),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "needs a network of your own",
            machine.Run("run", "--rm", "--network-alias", "x", machine.Busybox, "true").Failed(125),
            StringComparison.Ordinal
        );
        machine.Run("network", "create", "one").Succeeded();
        machine.Run("create", "--name", "late", "--network", "one", machine.Busybox, "true").Succeeded();
        Assert.Equal("", machine.Run("network", "prune", "-f").Succeeded().Text);
        machine.Run("network", "rm", "one").Succeeded();
        Assert.Contains("network one not found", machine.Run("start", "late").Failed(1), StringComparison.Ordinal);
        machine.Run("rm", "late").Succeeded();
        Assert.Empty(machine.Run("ps", "-aq").Succeeded().Text);
    }

    /// <summary>On a busy machine it may need more than one try.</summary>
    private static void Answers(Machine machine, string network, string address, int port) =>
        Wait.Until(() => From(machine, network, address, port, seconds: 5) == "ahoy", 30, () => $"{address} does not answer in {network}");

    private static string From(Machine machine, string network, string address, int port, int seconds) =>
        machine.Run(["run", "--rm", "--network", network, machine.Busybox, .. Machine.FetchInside(address, port, seconds)]).Text;

    private static string Words(Machine machine, string format, params string[] flags) =>
        string.Join(' ', machine.Run(["network", "ls", "--format", format, .. flags]).Succeeded().Lines);

    private static string Inspect(Machine machine, string network, string format) =>
        machine.Run("network", "inspect", "-f", format, network).Succeeded().Text;
}
