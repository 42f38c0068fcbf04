using System.Text.Json.Nodes;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Hosts with firewalls, without forwarding, without IPv6, with other people's routes.</summary>
public sealed class FirewallTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    [Theory]
    [InlineData("nft", "nft add table inet wall; nft add chain inet wall gate '{ type filter hook forward priority 0; policy drop; }'")]
    [InlineData("iptables-nft", "iptables-nft -P FORWARD DROP")]
    [InlineData("iptables-legacy", "iptables-legacy -P FORWARD DROP")]
    public void NET_14_A_firewall_that_drops_is_said_once_with_what_helps(string tool, string wall)
    {
        Tool.Require(tool);
        using Machine machine = new(host);
        using Netns neighbour = machine.Neighbour();
        Assert.SkipUnless(machine.Net.Run("sh", "-ec", wall).ExitCode == 0, $"the kernel has no {tool}");
        string[] words;
        using (RunningCommand server = machine.Serve("-p", "18190:80"))
        {
            Assert.Equal("", machine.Fetch("192.0.2.1:18190", neighbour));
            Assert.Equal("ahoy", machine.Fetch("192.0.2.1:18190"));
            words = [.. server.ErrorSoFar.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
            string sentence = Assert.Single(words);
            Assert.Contains("the host's firewall drops forwarded packets", sentence, StringComparison.Ordinal);
            Assert.Equal("", machine.Run("run", "--rm", "-p", "18191:80", machine.Busybox, "true").Succeeded().Error);
            // Another wall is another sentence, for a container in the background too.
            machine
                .Net.Run(
                    "sh",
                    "-ec",
                    "nft add table ip fence; nft add chain ip fence line '{ type filter hook forward priority 5; policy drop; }'"
                )
                .Succeeded();
            Assert.Contains(
                "table ip fence, chain line",
                machine.Run("run", "-d", "--rm", "-p", "18191:80", machine.Busybox, "true").Succeeded().Error,
                StringComparison.Ordinal
            );
            machine.Net.Run("nft", "delete", "table", "ip", "fence").Succeeded();
        }
        // What the sentence says helps.
        string remedy = words[0][(words[0].IndexOf("with: ", StringComparison.Ordinal) + 6)..];
        machine
            .Net.Run(
                "sh",
                "-ec",
                remedy.Replace(
                    "iptables ",
                    tool.StartsWith("iptables", StringComparison.Ordinal) ? tool + " " : "iptables ",
                    StringComparison.Ordinal
                )
            )
            .Succeeded();
        using RunningCommand again = machine.Serve("-p", "18190:80");
        Assert.Equal("ahoy", machine.Fetch("192.0.2.1:18190", neighbour));
        Assert.Equal("", again.ErrorSoFar);
    }

    [Fact]
    public void NET_14_Neither_iptables_nor_nft_nor_ip_is_needed()
    {
        using Machine machine = new(host, "net.ipv4.ip_forward=0");
        string[] run = machine.CommandLine("run", "--rm", "-p", "18192:80", machine.Busybox, "true");
        int prefix = machine.Net.Prefix.Length;
        Tool.Run([.. run[..prefix], "/usr/bin/env", "-i", "PATH=/nonexistent", .. run[prefix..]]);
    }

    [Fact]
    public void A_host_without_IPv6_has_networks_without_it()
    {
        using Machine machine = new(host, "net.ipv6.conf.all.disable_ipv6=1");
        using RunningCommand server = machine.Serve("--name", "four", "-p", "18193:80");
        Assert.Equal("ahoy", machine.Fetch("127.0.0.1:18193"));
        Assert.Equal(["80/tcp -> 0.0.0.0:18193"], machine.Run("port", "four").Succeeded().Lines);
        Assert.Equal(
            "",
            machine.Run("exec", "four", "sh", "-c", "ip -6 -o address show eth0 scope global; ip -6 route | grep default; true").Text
        );
        machine
            .Run("run", "--rm", "-p", "[::1]:18194:80", machine.Busybox, "true")
            .ExitedWith(125)
            .Complained("the network has no IPv6 addresses");
    }

    [Theory]
    [InlineData("10.89.3.4/32", "10.90.")]
    [InlineData("10.89.0.0/16", "10.90.")]
    [InlineData("10.0.0.0/8", "172.16.")]
    public void A_network_avoids_what_the_host_routes_elsewhere(string route, string chosen)
    {
        using Machine machine = new(host);
        machine
            .Net.Run("sh", "-ec", $"ip link add vpn type veth peer name far; ip link set vpn up; ip route add {route} dev vpn")
            .Succeeded();
        Assert.StartsWith(
            chosen,
            machine.Run("run", "--rm", machine.Busybox, "sh", "-c", "ip -4 -o address show eth0 | awk '{ print $4 }'").Succeeded().Text,
            StringComparison.Ordinal
        );
    }

    /// <summary>nft judges: what explain prints, given to it, makes the table that run makes.</summary>
    [Fact]
    public void The_rules_that_explain_prints_are_the_rules_that_run_makes()
    {
        using Machine machine = new(host);
        using RunningCommand server = machine.Serve("-p", "18195:80", "-p", "127.0.0.1:18196:80/udp");
        string made = Comparable(machine.Net.Run("nft", "-s", "list", "table", "inet", "skiff").Succeeded().Output);
        JsonNode plan = JsonNode.Parse(
            machine.Run("explain", "run", "--json", "-p", "18195:80", "-p", "127.0.0.1:18196:80/udp", machine.Busybox).Succeeded().Output
        )!;
        using Netns other = new();
        string file = Path.Combine(Workspace.NewDirectory("nft"), "commands");
        IEnumerable<string> texts = plan["steps"]!
            .AsArray()
            .SelectMany(s => s!["calls"]!.AsArray())
            .Select(c => c!["text"]!.GetValue<string>());
        foreach (
            string text in texts.Where(t =>
                t.StartsWith("nft ", StringComparison.Ordinal) && !t.StartsWith("nft delete", StringComparison.Ordinal)
            )
        )
        {
            File.WriteAllText(
                file,
                text[4..].Replace("; add ", "\nadd ", StringComparison.Ordinal).Replace("; create ", "\ncreate ", StringComparison.Ordinal)
                    + "\n"
            );
            other.Run("nft", "-f", file).Succeeded();
        }
        Assert.Equal(made, Comparable(other.Run("nft", "-s", "list", "table", "inet", "skiff").Succeeded().Output));
    }

    /// <summary>Without what differs between two machines: the random IPv6 network and the container's id and address.</summary>
    private static string Comparable(string table) =>
        System.Text.RegularExpressions.Regex.Replace(
            System.Text.RegularExpressions.Regex.Replace(table, "fd[0-9a-f]{2}:[0-9a-f:]+", "fd::"),
            "comment \"[^\"]*\"",
            "comment"
        );
}
