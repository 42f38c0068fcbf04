using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Engine;
using Skiff.Engine.Network;
using Skiff.Engine.Rootless;
using Skiff.Linux;

namespace Skiff.Commands.Networks;

/// <summary><c>skiff network create</c>.</summary>
internal static class NetworkCreateCommand
{
    public static Command Define() =>
        new()
        {
            Name = "create",
            Summary = "Create a network",
            Usage = "[OPTIONS] NETWORK",
            Description =
                "Containers of one network reach one another by address and by name; those of different networks do not. Addresses that are not given are chosen beside what the host routes to and what other networks have. "
                + "The bridge is made with the first container that joins, and goes with the last.\n\nOptions of the driver bridge (--opt):\n"
                + "  com.docker.network.bridge.name=NAME                      name of the bridge link\n"
                + "  com.docker.network.driver.mtu=BYTES                      largest packet\n"
                + "  com.docker.network.bridge.enable_icc=false               its containers do not reach one another\n"
                + "  com.docker.network.bridge.enable_ip_masquerade=false     packets leave with the container's own address\n"
                + "  com.docker.network.bridge.host_binding_ipv4=ADDRESS      where -p publishes when it names no address",
            Flags =
            [
                Flag.List("aux-address", "Keep an address free: NAME=ADDRESS"),
                Flag.Text("driver", "Driver of the network", 'd') with
                {
                    Default = "bridge",
                    Choices = ["bridge"],
                },
                Flag.List("gateway", "Address of the bridge in the subnet"),
                Flag.Bool("internal", "No way out of the network and none in"),
                Flag.List("ip-range", "Choose addresses of containers from this part of the subnet"),
                Flag.Bool("ipv6", "Addresses of IPv6 beside those of IPv4; the default where the host has IPv6"),
                Flag.List("label", "Set a label: NAME[=VALUE]"),
                Flag.List("opt", "Set an option of the driver: NAME=VALUE", 'o'),
                Flag.List("subnet", "Subnet in CIDR form, one of each family"),
            ],
            MinArguments = 1,
            MaxArguments = 1,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        RootlessOptions.RefuseNetworks();
        SkiffEngine engine = ContainerAccess.Open(invocation);
        NetworkDefinition network = engine.Networks.Create(
            new NetworkRequest
            {
                Name = invocation.Arguments[0],
                Driver = invocation.Value("driver") ?? "bridge",
                Subnets = Items(invocation, "subnet"),
                Gateways = Items(invocation, "gateway"),
                Ranges = Items(invocation, "ip-range"),
                Reserved = Pairs(invocation, "aux-address", needsValue: true),
                IPv6 = invocation.Has("ipv6") ? invocation.Is("ipv6") : null,
                Internal = invocation.Is("internal"),
                Labels = Pairs(invocation, "label", needsValue: false),
                Options = Pairs(invocation, "opt", needsValue: true),
            }
        );
        invocation.Output.Line(network.Id);
        return 0;
    }

    /// <summary>docker takes several values in one flag too.</summary>
    private static IReadOnlyList<string> Items(Invocation invocation, string flag) =>
        [.. invocation.Values(flag).SelectMany(static v => v.Split(',', StringSplitOptions.RemoveEmptyEntries))];

    private static Dictionary<string, string> Pairs(Invocation invocation, string flag, bool needsValue)
    {
        Dictionary<string, string> pairs = new(StringComparer.Ordinal);
        foreach (string text in invocation.Values(flag))
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals == 0 || (equals < 0 && needsValue))
            {
                throw new SkiffException($"--{flag} {text}: expected NAME=VALUE", 125);
            }
            pairs[equals < 0 ? text : text[..equals]] = equals < 0 ? "" : text[(equals + 1)..];
        }
        return pairs;
    }
}
