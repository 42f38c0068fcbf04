using System.Net;
using Skiff.Engine.Containers;
using Skiff.Engine.Plan;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>What the user asked for in a network.</summary>
/// <param name="IPv4"><c>--ip</c>.</param>
/// <param name="IPv6"><c>--ip6</c>.</param>
/// <param name="Mac"><c>--mac-address</c>.</param>
public sealed record LeaseOptions(string? IPv4 = null, string? IPv6 = null, string? Mac = null)
{
    /// <summary>What others in a user's network find the container by, lower case; its own name first.</summary>
    public IReadOnlyList<string> DnsNames { get; init; } = [];

    /// <summary>Further names as they were asked for, for listings.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The name of the container with an id, for messages about who is in the way.</summary>
    public Func<string, string>? NameOf { get; init; }

    /// <summary>Nothing in particular.</summary>
    public static LeaseOptions None { get; } = new();
}

/// <summary>A container's place in a bridge network: its addresses and host ports, and what has to be done for them on both sides. It is given back with <see cref="BridgeNetwork.Release(BridgeLease, bool)"/>; the end of the process alone shows others that it may be reclaimed.</summary>
public sealed class BridgeLease : IDisposable
{
    private readonly LeaseFile _file;
    private readonly int _bridgeIndex;

    private readonly Func<IReadOnlyList<string>>? _look;
    private IReadOnlyList<string>? _warnings;

    internal BridgeLease(
        NetworkDefinition network,
        LeaseFile file,
        int bridgeIndex,
        Func<IReadOnlyList<string>>? look,
        FileLock? held = null,
        NetlinkSocket? firewall = null
    )
    {
        Network = network;
        _file = file;
        Held = held;
        _bridgeIndex = bridgeIndex;
        _look = look;
        Firewall = firewall;
    }

    /// <summary>The network.</summary>
    public NetworkDefinition Network { get; }

    /// <summary>Which of the container's cables this is, counted from 0.</summary>
    internal int Number { get; set; }

    /// <summary>The container's default routes go this way, per family.</summary>
    internal (bool IPv4, bool IPv6) IsGateway { get; set; } = (true, true);

    /// <summary>Names in the network as they were asked for.</summary>
    internal IReadOnlyList<string> Aliases { get; set; } = [];

    /// <summary>The owner.</summary>
    public string ContainerId => _file.ContainerId;

    /// <summary>The container's IPv4 address.</summary>
    public IPAddress IPv4 => _file.IPv4;

    /// <summary>The container's IPv6 address, or null.</summary>
    public IPAddress? IPv6 => _file.IPv6;

    /// <summary>Name of the host's end of the cable.</summary>
    public string HostInterface => _file.HostInterface;

    /// <summary>Host ports, ranges expanded, free ports chosen.</summary>
    public IReadOnlyList<PublishedPort> Ports => _file.Ports;

    /// <summary>Sentences for the user, such as a firewall of the host that will drop the container's traffic. Looked for when they are asked for, before the lease is given back.</summary>
    public IReadOnlyList<string> Warnings => _warnings ??= _look?.Invoke() ?? [];

    /// <summary>The netfilter socket of all transactions of this container, open until its last one is over; null for a lease that is only shown.</summary>
    internal NetlinkSocket? Firewall { get; }

    /// <summary>The container's first lease has opened the socket, and closes it.</summary>
    private bool OwnsFirewall => Number == 0;

    /// <summary>The lease's file, locked as long as this process lives; null for a lease that is only shown.</summary>
    internal FileLock? Held { get; }

    /// <summary>The container's place for its state.</summary>
    public NetworkEndpoint Endpoint =>
        new(
            Network.Name,
            IPv4.ToString(),
            Network.IPv4.PrefixLength,
            Network.Internal ? "" : Network.Gateway.ToString(),
            IPv6?.ToString() ?? "",
            IPv6 is null ? 0 : Network.IPv6!.PrefixLength,
            IPv6 is null || Network.Internal ? "" : Network.Gateway6!.ToString(),
            _file.Mac,
            HostInterface,
            Aliases
        );

    /// <summary>What the first container of the network makes, for a plan that is only shown.</summary>
    public IReadOnlyList<HostAction> SharedActions => BridgeSetup.Example(Network);

    /// <summary>The host's half, in order: the cable into the network namespace of a process, then its ports in one transaction.</summary>
    /// <param name="pid">A process in the container's network namespace; 0 for a plan that is only shown.</param>
    public IReadOnlyList<HostAction> HostActions(int pid)
    {
        int index = HostIndex;
        RouteMessages cable = new RouteMessages().AddVeth(
            HostInterface,
            index,
            _bridgeIndex,
            Network.Bridge,
            pid,
            ContainerLink.NameOf(Number),
            ContainerLink.IndexOf(Number),
            MacAddress.Parse(_file.Mac),
            NetworkOptions.MtuOf(Network)
        );
        IReadOnlyList<PortRule> rules = _file.Rules();
        bool isolated = !NetworkOptions.ConnectsContainers(Network);
        if (rules.Count > 0 || IPv6 is not null || isolated)
        {
            cable.SetPort(index, HostInterface, hairpin: rules.Count > 0, withoutLinkLocal: IPv6 is not null, isolated);
        }
        // The cable needs no undo: it goes with the container's network namespace.
        List<HostAction> actions = [cable.Build()];
        if (rules.Count > 0)
        {
            NftBatch add = new(Network.Table);
            foreach (PortRule rule in rules)
            {
                add.AddElement(rule, ContainerId);
            }
            actions.Add(add.Build(socket: Firewall));
        }
        return actions;
    }

    /// <summary>What the host does once the container runs: it may take the kernel 10 ms, and nothing needs it to be done before.</summary>
    public IReadOnlyList<HostAction> LateActions
    {
        get
        {
            HashSet<int> udp = [];
            foreach (PublishedPort port in Ports)
            {
                if (port.Protocol == "udp")
                {
                    udp.Add(port.HostPort);
                }
            }
            return udp.Count == 0 ? [] : [ConntrackFlush.ToPorts([.. udp]) with { Socket = Firewall }];
        }
    }

    /// <summary>What takes the ports back. A process of its own does it: the kernel makes whoever deletes wait.</summary>
    public IReadOnlyList<HostAction> EndActions => _file.RemoveElements(Network.Table) is { } remove ? [remove, .. Flows(_file)] : [];

    /// <summary>Adds the container's half to a request that is sent inside its network namespace once the cable is there.</summary>
    internal void Configure(RouteMessages messages)
    {
        (IPAddress, int, IPAddress?) four = (IPv4, Network.IPv4.PrefixLength, IsGateway.IPv4 && !Network.Internal ? Network.Gateway : null);
        if (IPv6 is null)
        {
            ContainerLink.Add(messages, Number, four);
            return;
        }
        ContainerLink.Add(
            messages,
            Number,
            four,
            (IPv6, Network.IPv6!.PrefixLength, IsGateway.IPv6 && !Network.Internal ? Network.Gateway6 : null)
        );
    }

    /// <summary>Adds what leads the default routes, wherever they go now, into this network.</summary>
    internal void TakeDefaultRoutes(RouteMessages messages)
    {
        foreach (IPAddress? gateway in (ReadOnlySpan<IPAddress?>)[Network.Gateway, IPv6 is null ? null : Network.Gateway6])
        {
            if (gateway is not null)
            {
                _ = messages.AddDefaultRoute(ContainerLink.IndexOf(Number), ContainerLink.NameOf(Number), gateway, replaces: true);
            }
        }
    }

    /// <summary>All that <c>--network none</c> needs.</summary>
    public static IReadOnlyList<NetworkMessage> LoopbackOnly => [Message(ContainerLink.LoopbackUp)];

    /// <summary>A lease as the first container would get it, for a plan that is only shown: nothing of the host is read or changed.</summary>
    public static BridgeLease Example(
        string containerId,
        IReadOnlyList<PortMapping> ports,
        LeaseOptions options,
        string bridge = "skiff0",
        NetworkDefinition? network = null
    )
    {
        NetworkDefinition definition =
            network
            ?? new NetworkDefinition(NetworkDefinition.Default, bridge, Subnet.Parse("10.89.0.0/16"), Subnet.Parse("fd53:6b69:6666::/64"));
        IPAddress ip = options.IPv4 is null ? (definition.Range ?? definition.IPv4).At(2) : IPAddress.Parse(options.IPv4);
        IPAddress? ip6 = options.IPv6 is null ? definition.IPv6Of(definition.IPv4.NumberOf(ip)) : IPAddress.Parse(options.IPv6);
        string mac = options.Mac is null ? MacAddress.From(ip).ToString() : MacAddress.Parse(options.Mac).ToString();
        IReadOnlyList<PublishedPort> published = new HostPorts(
            null,
            static _ => false,
            definition.IPv6 is not null,
            null,
            NetworkOptions.HostAddressOf(definition)
        ).Resolve(ports);
        return new BridgeLease(
            definition,
            new LeaseFile(containerId, ip, ip6, mac, "sk" + containerId[..Math.Min(8, containerId.Length)], published)
            {
                Names = options.DnsNames,
            },
            BridgeSetup.IndexOf(definition.Bridge),
            null
        )
        {
            Aliases = options.Aliases,
        };
    }

    /// <summary>Names that the lease makes known.</summary>
    internal IReadOnlyList<string> Names => _file.Names;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (OwnsFirewall)
        {
            Firewall?.Dispose();
        }
        Held?.Dispose();
    }

    /// <summary>Connections to a container that has gone. TCP ends by itself; a UDP client that goes on sending would keep its translation alive.</summary>
    internal static IReadOnlyList<ConntrackFlush> Flows(LeaseFile lease)
    {
        foreach (PublishedPort port in lease.Ports)
        {
            if (port.Protocol == "udp")
            {
                return lease.IPv6 is null
                    ? [ConntrackFlush.OfContainer(lease.IPv4)]
                    : [ConntrackFlush.OfContainer(lease.IPv4), ConntrackFlush.OfContainer(lease.IPv6)];
            }
        }
        return [];
    }

    /// <summary>Interface index of the host's end: made from the random digits of its name, far above what the kernel counts up to by itself.</summary>
    private int HostIndex =>
        0x4000_0000
        | (
            uint.TryParse(HostInterface.AsSpan(2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out uint n)
                ? (int)(n & 0x3FFF_FFFF)
                : 1
        );

    internal static NetworkMessage Message(NetlinkRequest request) => new(request.Message, request.Text);
}
