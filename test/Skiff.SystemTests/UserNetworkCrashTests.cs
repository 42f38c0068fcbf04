using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>A verb of the networks killed before any of its changes: what it has begun is completed or undone by the next commands, and nothing stays.</summary>
public sealed class UserNetworkCrashTests(SkiffHost host) : IClassFixture<SkiffHost>, IDisposable
{
    private static readonly string[] s_files = ["mkdirat", "linkat", "unlinkat", "renameat", "renameat2"];
    private static readonly string[] s_all = [.. s_files, "sendto"];

    /// <summary>The machines share a store, and so the networks in it.</summary>
    public void Dispose() => Machine.Forget(host);

    [Fact]
    public void LIFE_07_A_create_that_was_killed_leaves_a_whole_network_or_none()
    {
        using Machine machine = new(host);
        string before = Files(machine);
        int killed = EachKill(
            machine,
            s_all,
            follow: false,
            ["network", "create", "--subnet", "10.77.1.0/24", "sea"],
            () =>
            {
                machine.Run("network", "create", "--subnet", "10.77.1.0/24", "sea");
                Assert.Equal("10.77.1.1", Inspect(machine, "network", "sea", "{{(index .IPAM.Config 0).Gateway}}"));
                machine.Run("network", "rm", "sea").Succeeded();
                Assert.Equal(before, Files(machine));
            }
        );
        Assert.InRange(killed, 3, 30);
    }

    [Fact]
    public void LIFE_07_A_removal_that_was_killed_is_completed_by_the_next_one()
    {
        using Machine machine = new(host);
        string before = Files(machine);
        int killed = EachKill(
            machine,
            s_files,
            follow: false,
            ["network", "rm", "sea"],
            () =>
            {
                machine.Run("network", "rm", "-f", "sea").Succeeded();
                Wait.Until(() => Files(machine) == before, 10, () => Files(machine));
            },
            prepare: () =>
            {
                machine.Run("network", "create", "sea").Succeeded();
                machine.Run("run", "--rm", "--network", "sea", machine.Busybox, "true").Succeeded();
            }
        );
        Assert.InRange(killed, 1, 20);
    }

    [Theory]
    [InlineData("connect")]
    [InlineData("disconnect")]
    public void LIFE_07_A_connection_that_was_killed_can_be_cut_and_made_again(string verb)
    {
        using Machine machine = new(host);
        machine.Run("network", "create", "--subnet", "10.77.1.0/24", "--ip-range", "10.77.1.128/25", "sea").Succeeded();
        using RunningCommand buoy = machine.Serve("--network", "sea");
        machine.Run("run", "-d", "--name", "boat", "-p", "18186:80", machine.Busybox, "sleep", "1000").Succeeded();
        string before = State(machine);
        string[] connect = ["network", "connect", "--alias", "sloop", "--ip", "10.77.1.9", "sea", "boat"];
        string[] cut = ["network", "disconnect", "sea", "boat"];
        int killed = EachKill(
            machine,
            s_all,
            follow: true, // what is sent in the container's namespace is sent by a thread
            verb == "connect" ? connect : cut,
            () =>
            {
                machine.Run(cut);
                Assert.Equal(before, State(machine));
                machine.Run(connect).Succeeded();
                Assert.Equal("10.77.1.9", Inspect(machine, "container", "boat", "{{.NetworkSettings.Networks.sea.IPAddress}}"));
                Assert.Equal("eth0 eth1 lo", Words(machine.Run("exec", "boat", "ls", "/sys/class/net").Succeeded()));
                machine.Run(cut).Succeeded();
                Assert.Equal(before, State(machine));
            },
            prepare: () =>
            {
                if (verb == "disconnect")
                {
                    machine.Run(connect).Succeeded();
                }
            }
        );
        Assert.InRange(killed, 8, 60);
        machine.Run("rm", "-f", "boat").Succeeded();
    }

    [Fact]
    public void LIFE_07_A_run_in_a_users_network_that_was_killed_leaves_nothing_beside_others()
    {
        using Machine machine = new(host);
        machine.Run("network", "create", "--subnet", "10.77.1.0/24", "--subnet", "fd77:1::/64", "sea").Succeeded();
        machine.Run("network", "create", "lake").Succeeded();
        using RunningCommand buoy = machine.Serve("--network", "sea", "--network", "lake");
        machine.Run("run", "-d", "--name", "boat", machine.Busybox, "sleep", "1000").Succeeded();
        string before = State(machine);
        string[] flags = ["--network", "name=sea,alias=sloop,ip=10.77.1.200,ip6=fd77:1::c8", "--network", "lake", "-p", "18187:80"];
        int killed = EachKill(
            machine,
            ["linkat", "unlinkat", "sendto"],
            follow: false,
            ["run", "--rm", .. flags, machine.Busybox, "true"],
            () =>
            {
                machine.Run("ps").Succeeded();
                Wait.Until(() => State(machine) == before, 10, () => $"before:\n{before}\nafter:\n{State(machine)}");
            }
        );
        Assert.InRange(killed, 15, 80);
        // The address and the port are free at once.
        machine.Run(["run", "--rm", .. flags, machine.Busybox, "true"]).Succeeded();
        machine.Run("rm", "-f", "boat").Succeeded();
    }

    /// <summary>The first container of a network makes its bridge and its tables.</summary>
    [Theory]
    [InlineData("sendto")]
    [InlineData("mkdirat")]
    public void LIFE_07_A_first_run_in_a_users_network_that_was_killed_leaves_neither_bridge_nor_mark(string call)
    {
        host.Run("network", "create", "--internal", "sea").Succeeded();
        Machine[] machines = [.. Enumerable.Range(0, 12).Select(_ => new Machine(host, "net.ipv4.ip_forward=0"))];
        int killed = 0;
        string[] before = [.. machines.Select(m => m.Snapshot())];
        string[] command = ["run", "--rm", "--network", "sea", machines[0].Busybox, "true"];
        Parallel.For(
            0,
            machines.Length,
            new ParallelOptions { MaxDegreeOfParallelism = 4 },
            i => Interlocked.Add(ref killed, machines[i].KilledAt(call, i + 1, follow: false, command) ? 1 : 0)
        );
        foreach ((Machine machine, string network) in machines.Zip(before))
        {
            machine.Run("ps").Succeeded();
            machine.AwaitSame(network);
            Wait.Until(() => Marks(machine).Length == 0, 15, () => string.Join('\n', Marks(machine)));
            machine.Dispose();
        }
        Assert.InRange(killed, 5, machines.Length);
    }

    /// <summary>What says that a network is up.</summary>
    private static string[] Marks(Machine machine) =>
        [
            .. machine.Names(".active"),
            .. machine.Names("").Where(key => machine.Names(key).Contains("leases")),
            .. machine.Names(".restore"),
        ];

    /// <summary>Kills a command before its first, second, … call of each kind, until it comes to its end.</summary>
    private static int EachKill(Machine machine, string[] calls, bool follow, string[] command, Action check, Action? prepare = null)
    {
        int killed = 0;
        foreach (string call in calls)
        {
            for (int i = 1; i < 60; i++)
            {
                prepare?.Invoke();
                bool more = machine.KilledAt(call, i, follow, command);
                check();
                if (!more)
                {
                    break;
                }
                killed++;
            }
        }
        return killed;
    }

    /// <summary>The files of all networks but those that stay for the next container of a network.</summary>
    private string Files(Machine machine) =>
        string.Join(
            '\n',
            Tool.Try("find", host.Root + "/networks", machine.Runroot + "/networks", "-mindepth", "1")
                .Lines.Where(l =>
                    Path.GetFileName(l) is not (".lock" or ".draft" or "cleaner" or "last" or "names")
                    && !l.Contains("/.connected", StringComparison.Ordinal)
                    && !IsEmpty(l)
                )
                .Order(StringComparer.Ordinal)
        );

    private static bool IsEmpty(string path) => Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any();

    /// <summary>What a container, its network and the host show of a connection.</summary>
    private string State(Machine machine) =>
        string.Join(
            '\n',
            Inspect(machine, "container", "boat", "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"),
            Words(machine.Run("exec", "boat", "ls", "/sys/class/net").Succeeded()),
            Inspect(machine, "network", "sea", "{{len .Containers}}"),
            machine.Net.Run("sh", "-c", "ip -br link | wc -l; ip route").Output,
            machine.Elements(),
            Files(machine)
        );

    private static string Inspect(Machine machine, string type, string name, string format) =>
        machine.Run("inspect", "--type", type, "-f", format, name).Succeeded().Text.Trim();

    private static string Words(CommandResult result) => string.Join(' ', result.Lines.Order(StringComparer.Ordinal));
}
