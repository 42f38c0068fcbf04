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

    /// <summary>At any moment: before the cable, between the command and the monitor that takes over, after it.</summary>
    [Fact]
    public void A_bridge_that_vanishes_while_containers_start_leaves_none_of_them_unwatched()
    {
        using Machine machine = new(host);
        List<string> names = [];
        using (
            RunningCommand vandal = RunningCommand.Start([.. machine.Net.Prefix, "sh", "-c", "while :; do ip link del skiff0 2>&1; done"])
        )
        {
            for (int i = 0; i < 16; i++)
            {
                names.Add($"start{i}");
                _ = machine.Run("run", "-d", "--name", names[^1], machine.Busybox, "sleep", "1000");
            }
            vandal.Signal(9);
        }
        try
        {
            // The monitor of a start that has failed may still be at its end.
            Wait.Until(() => Running() == Monitors(), 10, () => $"{Running()} run, {Monitors()} monitors\n{States()}");
            Assert.DoesNotContain("created \n", States() + "\n", StringComparison.Ordinal);
        }
        finally
        {
            machine.Run(["rm", "-f", .. names]);
        }

        string States() => machine.Run(["inspect", "-f", "{{.State.Status}} {{.State.Error}}", .. names]).Output;
        int Running() => States().Split('\n').Count(static s => s == "running ");
        int Monitors() =>
            ProcessTable.WithCommandLine(machine.Runroot).Count(static l => l.Contains(" monitor ", StringComparison.Ordinal));
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

    /// <summary>The cleaner waits for a second, then removes tables, bridge, files and settings: whatever it was killed in, <c>ps</c> has it done.</summary>
    [Fact]
    public void LIFE_07_What_a_killed_cleaner_has_left_is_removed_by_ps()
    {
        Tool.Require("strace");
        Machine[] machines = [.. Enumerable.Range(0, 10).Select(_ => new Machine(host, "net.ipv4.ip_forward=0"))];
        string[] before = [.. machines.Select(m => m.Snapshot())];
        int killed = 0;
        // They share a store: nobody may look for remains while another one's container runs.
        Each(number =>
        {
            machines[number].Run("run", "--rm", "-p", "18185:80", machines[number].Busybox, "true").Succeeded();
            string pid = ProcessTable.WithCommandLine(machines[number].Runroot).Single().Split(' ')[0];
            Interlocked.Add(ref killed, number == 0 ? KillNow(pid) : KillInCall(pid, number));
        });
        Each(number =>
        {
            machines[number].Run("ps").Succeeded();
            machines[number].AwaitSame(before[number]);
            // The files go last.
            string[] Left() =>
                [
                    .. machines[number].Names(".active"),
                    .. machines[number].Names(".released"),
                    .. machines[number].Names("").Where(n => n == ".restore"),
                ];
            Wait.Until(() => Left().Length == 0, 15, () => string.Join('\n', Left()));
            machines[number].Dispose();
        });
        Assert.True(killed > 5, $"only {killed} were killed");

        void Each(Action<int> work) => Parallel.For(0, machines.Length, new ParallelOptions { MaxDegreeOfParallelism = 5 }, work);
    }

    /// <summary>A cleaner that waits knows only what was to be restored when it began: here nothing, because an internal network forwards nothing. No command helps it.</summary>
    [Fact]
    public void Forwarding_is_switched_off_after_a_network_that_came_and_went_while_a_cleaner_waited()
    {
        using Machine machine = new(host, "net.ipv4.ip_forward=0");
        string before = machine.Snapshot();
        machine.Run("network", "create", "--internal", "inner").Succeeded();
        machine.Run("run", "--rm", "--network", "inner", machine.Busybox, "true").Succeeded();
        Pass(machine, "passing");
        machine.AwaitSame(before);
        machine.Run("network", "rm", "inner").Succeeded();
    }

    /// <summary>Here it knows the half: the host has got an IPv6 address since then, for which the other network has switched on more.</summary>
    [Fact]
    public void All_of_forwarding_is_switched_off_that_was_switched_on_while_a_cleaner_waited()
    {
        using Machine machine = new(host, "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0");
        using Netns neighbour = machine.Neighbour();
        string before = machine.Snapshot();
        machine.Net.Run("ip", "address", "del", "2001:db8::1/64", "dev", "wire").Succeeded();
        machine.Run("run", "--rm", machine.Busybox, "true").Succeeded();
        machine.Net.Run("ip", "address", "add", "2001:db8::1/64", "dev", "wire", "nodad").Succeeded();
        Pass(machine, "other");
        Assert.Contains("ipv6/conf/all/forwarding 1", machine.Snapshot(), StringComparison.Ordinal);
        machine.AwaitSame(before);
    }

    private static void Pass(Machine machine, string network)
    {
        machine.Run("network", "create", network).Succeeded();
        machine.Run("run", "--rm", "--network", network, machine.Busybox, "true").Succeeded();
        machine.Run("network", "rm", network).Succeeded();
    }

    private static int KillNow(string pid)
    {
        Tool.Run("kill", "-KILL", pid);
        return 1;
    }

    /// <summary>Kills a process in its n-th call that changes something; 0 when it makes fewer.</summary>
    private static int KillInCall(string pid, int number)
    {
        string[] inject = ["-e", "trace=unlinkat,sendto,write", "-e", $"inject=unlinkat,sendto,write:signal=KILL:when={number}"];
        return Tool.Try(["strace", "-p", pid, .. inject]).Error.Contains("killed by SIGKILL", StringComparison.Ordinal) ? 1 : 0;
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
    private static bool KilledAt(Machine machine, string call, int number) =>
        machine.KilledAt(call, number, follow: false, ["run", "--rm", "-p", "18183:80", "-p", "18184:80/udp", machine.Busybox, "true"]);
}
