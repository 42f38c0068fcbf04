using Xunit;

namespace Skiff.SystemTests.Fixture;

/// <summary>One more machine beside a <see cref="SkiffHost"/>: the same images, but a run directory and a network namespace of its own, for tests that change the host's network.</summary>
internal sealed class Machine : IDisposable
{
    private readonly SkiffHost _store;

    public Machine(SkiffHost store, params string[] settings)
    {
        _store = store;
        Busybox = store.Image(TestImages.Busybox);
        Net = new Netns();
        Runroot = Path.Combine(Workspace.NewDirectory("m"), "run");
        foreach (string setting in settings)
        {
            Net.Run("sysctl", "-qw", setting).Succeeded();
        }
    }

    public string Busybox { get; }

    public Netns Net { get; }

    public string Runroot { get; }

    public string[] CommandLine(params IEnumerable<string> arguments) =>
        [.. Net.Prefix, Workspace.Binary, "--root", _store.Root, "--runroot", Runroot, .. arguments];

    public CommandResult Run(params string[] arguments) => Tool.Try(CommandLine(arguments));

    /// <summary>Runs a command and kills it before its n-th call of a kind; false when it came to its end before.</summary>
    public bool KilledAt(string call, int number, bool follow, params string[] command)
    {
        string[] line = CommandLine(command);
        string[] trace = ["strace", "-o", "/dev/null", "-e", $"trace={call}", "-e", $"inject={call}:signal=KILL:when={number}"];
        CommandResult result = Tool.Try([.. Net.Prefix, .. trace, .. (string[])(follow ? ["-f"] : []), .. line[Net.Prefix.Length..]]);
        return result.ExitCode == 137 || (result.ExitCode == 0 ? false : throw new InvalidOperationException(result.ToString()));
    }

    public RunningCommand Start(params string[] arguments) => RunningCommand.Start(CommandLine(arguments));

    /// <summary>Removes what machines have left in the store that they share: containers, also of a test that failed, and networks.</summary>
    public static void Forget(SkiffHost store)
    {
        string[] containers = store.Run("ps", "-aq", "--no-trunc").Succeeded().Lines;
        if (containers.Length > 0)
        {
            store.Run(["rm", "-f", .. containers]);
        }
        store.Run("network", "prune", "-f").Succeeded();
    }

    /// <summary>A container that says "ahoy" to HTTP on its port 80, over IPv4 and IPv6.</summary>
    public RunningCommand Serve(params string[] flags)
    {
        const string Script =
            "mkdir /www; echo ahoy >/www/index.html; httpd -p $([ -e /proc/sys/net/ipv6 ] && echo '[::]:')80 -h /www; echo up; exec sleep 1000";
        RunningCommand server = Start(["run", "--rm", .. flags, Busybox, "sh", "-c", Script]);
        server.WaitForOutput("up");
        return server;
    }

    /// <summary>What the server says when it is asked from inside a container.</summary>
    public static string[] FetchInside(string address, int port, int seconds = 5) =>
        ["sh", "-c", $"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w {seconds} {address} {port} | tail -n 1"];

    /// <summary>What answers at an address, asked from this machine or a neighbour; empty when nothing does.</summary>
    public string Fetch(string address, Netns? from = null) => (from ?? Net).Run("curl", "-s", "-m", "3", $"http://{address}/").Text;

    /// <summary>Another machine on the wire: this one is 192.0.2.1 and 2001:db8::1, the other 192.0.2.2 and 2001:db8::2, and everything goes by way of this one.</summary>
    public Netns Neighbour()
    {
        Netns other = new();
        Net.Run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", other.Path).Succeeded();
        Net.Run("sh", "-ec", "ip address add 192.0.2.1/24 dev wire; ip address add 2001:db8::1/64 dev wire nodad; ip link set wire up")
            .Succeeded();
        other
            .Run(
                "sh",
                "-ec",
                "ip address add 192.0.2.2/24 dev wire; ip address add 2001:db8::2/64 dev wire nodad; ip link set wire up; ip route add default via 192.0.2.1; ip -6 route add default via 2001:db8::1"
            )
            .Succeeded();
        // The kernel looks at a new link's carrier in its own time; until then its routes are "linkdown".
        Wait.Until(
            () => Net.Run("ip", "-br", "link", "show", "wire").Output.Contains(" UP ", StringComparison.Ordinal),
            10,
            () => "wire is down"
        );
        return other;
    }

    /// <summary>Everything of the machine's network that a container could change.</summary>
    public string Snapshot() =>
        string.Join(
            '\n',
            Net.Run("nft", "list", "ruleset").Output,
            Net.Run("ip", "-o", "-br", "link").Output,
            Net.Run("sh", "-c", "ip -4 route show table all; ip -6 route show table all | grep -v -e fe80: -e ff00:").Output,
            Net.Run(
                "sh",
                "-c",
                "cd /proc/sys/net; for f in ipv4/ip_forward ipv6/conf/all/forwarding ipv4/conf/all/route_localnet ipv4/conf/default/route_localnet ipv4/conf/*/forwarding ipv6/conf/*/forwarding ipv6/conf/*/accept_ra; do echo $f $(cat $f); done"
            ).Output
        );

    /// <summary>Waits until the network is again what it was.</summary>
    public void AwaitSame(string before) =>
        Wait.Until(() => Snapshot() == before, 15, () => $"before:\n{before}\nafter:\n{Snapshot()}\n{Files()}");

    /// <summary>Names of the files in a directory of the networks.</summary>
    public string[] Names(string directory)
    {
        string path = Path.Combine(Runroot, "networks", directory);
        return Directory.Exists(path)
            ? [.. Directory.EnumerateFileSystemEntries(path).Select(p => Path.GetFileName(p)!).Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>The elements of the maps of published ports.</summary>
    public string Elements() =>
        string.Join(
            '\n',
            Net.Run("nft", "list", "table", "inet", "skiff")
                .Lines.Where(l => l.Contains("comment", StringComparison.Ordinal))
                .Select(l => l.Trim())
        );

    public void Dispose()
    {
        // What the test killed is cleaned up by the next command.
        Run("ps");
        Net.Dispose();
    }

    private string Files() => Tool.Try("find", Path.Combine(Runroot, "networks")).Output;
}
