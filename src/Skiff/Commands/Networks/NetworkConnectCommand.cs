using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Commands.Networks;

/// <summary><c>skiff network connect</c> and <c>skiff network disconnect</c>.</summary>
internal static class NetworkConnectCommand
{
    public static Command Define() =>
        new()
        {
            Name = "connect",
            Summary = "Connect a container with one more network",
            Usage = "[OPTIONS] NETWORK CONTAINER",
            Description =
                "A container that runs gets a further interface at once; it stays connected when it is started again. Ports stay published where they are.",
            Flags =
            [
                Flag.List("alias", "Further name of the container on the network"),
                Flag.Text("ip", "IPv4 address"),
                Flag.Text("ip6", "IPv6 address"),
                Flag.Number(
                    "gw-priority",
                    "Of several networks the one with the highest is the container's way out; 0 where it is not said"
                ),
                Flag.List("link", "Not supported: give the other container an alias"),
                Flag.List("link-local-ip", "Not supported"),
                Flag.List("driver-opt", "Not supported: the driver bridge has none"),
            ],
            MinArguments = 2,
            MaxArguments = 2,
            Completes = [Completion.Network, Completion.Container],
            Run = Connect,
        };

    public static Command DefineDisconnect() =>
        new()
        {
            Name = "disconnect",
            Summary = "Disconnect a container from a network",
            Usage = "[OPTIONS] NETWORK CONTAINER",
            Flags = [Flag.Bool("force", "It is no error if the container is not connected with it, or is not there", 'f')],
            MinArguments = 2,
            MaxArguments = 2,
            Completes = [Completion.Network, Completion.Container],
            Run = Disconnect,
        };

    private static int Connect(Invocation invocation)
    {
        Refuse(invocation, "link", "containers of a network find one another by name; give the other one an alias (--alias) instead");
        Refuse(invocation, "link-local-ip", "Skiff gives no link-local addresses; leave it out");
        Refuse(invocation, "driver-opt", "the driver bridge has no options for a container; leave it out");
        RootlessOptions.RefuseNetworks();
        SkiffEngine engine = ContainerAccess.Open(invocation);
        ShownNetwork network = NetworkAccess.Find(engine, invocation.Arguments[0]);
        if (network.Driver != "bridge")
        {
            throw NetworkAccess.Refusal(network, "connected with a container: choose it with --network when the container is created");
        }
        (ContainerRecord record, _) = ContainerAccess.Find(engine, invocation.Arguments[1]);
        NetworkAttachment asked = new()
        {
            Kind = network.IsBuiltIn ? NetworkKind.Bridge : NetworkKind.Named,
            Target = network.IsBuiltIn ? "" : network.Name,
            Aliases = [.. invocation.Values("alias").Select(static a => NetworkGrammar.ParseAlias("alias", a))],
            Ip4 = invocation.Value("ip") is { } four ? NetworkGrammar.ParseIp("ip", four, six: false) : null,
            GatewayPriority = (int)Math.Clamp(invocation.Number("gw-priority", 0), int.MinValue, int.MaxValue),
            Ip6 = invocation.Value("ip6") is { } six ? NetworkGrammar.ParseIp("ip6", six, six: true) : null,
        };
        if (NetworkConnection.Connect(engine, record.Id, asked) is { } warning)
        {
            invocation.Output.Warn(warning);
        }
        return 0;
    }

    private static void Refuse(Invocation invocation, string flag, string why)
    {
        if (invocation.Has(flag))
        {
            throw new SkiffException($"--{flag} {invocation.Values(flag)[0]}: {why}");
        }
    }

    private static int Disconnect(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        string name = invocation.Arguments[0];
        try
        {
            // A network that was removed meanwhile is still named by the container.
            string network = name is "bridge" or "default" ? "bridge" : engine.Networks.TryFindAny(name)?.Name ?? name;
            ContainerRecord record = engine.Containers.Find(invocation.Arguments[1]);
            NetworkConnection.Disconnect(engine, record.Id, network);
        }
        catch (SkiffException) when (invocation.Is("force"))
        {
            // what was wished is the case
        }
        return 0;
    }
}
