using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>A command killed in the middle of the network: the next one leaves nothing of it.</summary>
public sealed class NetworkCrashTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    [Fact]
    public void NET_04_Rules_links_routes_and_settings_are_as_before_once_the_last_container_has_gone()
    {
        using Machine machine = new(host, "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0");
        using Netns neighbour = machine.Neighbour();
        string before = machine.Snapshot();
        for (int i = 0; i < 3; i++)
        {
            machine.Run("run", "--rm", "-p", "18180:80", machine.Busybox, "true").Succeeded();
        }
        Assert.NotEqual(before, machine.Snapshot());
        machine.AwaitSame(before);
        Assert.Empty(machine.Names(".ports"));
        Assert.Empty(machine.Names(".released"));
        Assert.Empty(machine.Names("bridge/owners"));
    }

    /// <summary>Every netlink message of a first container: bridge, table, cable, ports.</summary>
    [Fact]
    public void LIFE_07_A_run_killed_at_any_step_of_making_the_network_leaves_nothing()
    {
        Tool.Require("strace");
        using Machine machine = new(host);
        string before = machine.Snapshot();
        int killed = 0;
        while (KilledAt(machine, "sendto", killed + 1))
        {
            killed++;
            machine.Run("ps").Succeeded();
            machine.AwaitSame(before);
            Assert.Empty(machine.Names("bridge/owners"));
            Assert.Empty(machine.Names(".ports"));
        }
        Assert.InRange(killed, 5, 30);
        machine.AwaitSame(before);
    }

    /// <summary>The files that say who holds what, beside a container that goes on.</summary>
    [Theory]
    [InlineData("linkat")]
    [InlineData("renameat")]
    [InlineData("mkdirat")]
    [InlineData("unlinkat")]
    public void LIFE_07_A_run_killed_at_any_change_of_a_file_leaves_no_lease(string call)
    {
        Tool.Require("strace");
        using Machine machine = new(host);
        using RunningCommand other = machine.Serve("-p", "18181:80");
        string before = machine.Snapshot();
        string[] leases = machine.Names("bridge/leases");
        for (int i = 1; i < 60 && KilledAt(machine, call, i); i++)
        {
            machine.Run("ps").Succeeded();
            Wait.Until(() => machine.Names(".released").Length == 0, 10, () => string.Join('\n', machine.Names(".released")));
            Assert.Equal(leases, machine.Names("bridge/leases"));
            Assert.Equal(["tcp-18181"], machine.Names(".ports"));
        }
        machine.AwaitSame(before);
        Assert.Single(machine.Names("bridge/owners"));
        Assert.Equal("ahoy", machine.Fetch("127.0.0.1:18181"));
    }

    [Fact]
    public void A_flushed_ruleset_comes_back_with_the_next_container()
    {
        using Machine machine = new(host);
        using RunningCommand server = machine.Serve("-p", "18182:80");
        machine.Net.Run("nft", "flush", "ruleset").Succeeded();
        Assert.Equal("", machine.Fetch("127.0.0.1:18182"));
        machine.Run("run", "--rm", machine.Busybox, "true").Succeeded();
        Assert.Equal("ahoy", machine.Fetch("127.0.0.1:18182"));
    }

    /// <summary>Runs a container and kills the command at its n-th call; false when it came to its end before.</summary>
    private static bool KilledAt(Machine machine, string call, int number)
    {
        string[] run = machine.CommandLine("run", "--rm", "-p", "18183:80", "-p", "18184:80/udp", machine.Busybox, "true");
        int prefix = machine.Net.Prefix.Length;
        CommandResult result = Tool.Try([
            .. run[..prefix],
            "strace",
            "-o",
            "/dev/null",
            "-e",
            $"trace={call}",
            "-e",
            $"inject={call}:signal=KILL:when={number}",
            .. run[prefix..],
        ]);
        return result.ExitCode == 0 ? false
            : result.ExitCode == 137 ? true
            : throw new InvalidOperationException(result.ToString());
    }
}
