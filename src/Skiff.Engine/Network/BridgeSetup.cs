using System.Net;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>The shared half of a bridge network: bridge, table, kernel parameters. Made by the first container, removed after the last.</summary>
internal static class BridgeSetup
{
    private const string IpForward = "/proc/sys/net/ipv4/ip_forward";
    private const uint IP6_RT_PRIO_USER = 1024;
    private const int NF_IP_PRI_RAW = -300;
    private const int NF_IP_PRI_NAT_DST = -100;
    private const int NF_IP_PRI_FILTER = 0;
    private const int NF_IP_PRI_NAT_SRC = 100;

    /// <summary>"skff": on packets for ::1 between the bridge port and the loopback device, so for microseconds.</summary>
    private const uint LoopbackMark = 0x736B_6666;

    /// <summary>The interface index of a bridge: made from its name, far above what the kernel counts up to by itself, so that one request can make the bridge and give it addresses.</summary>
    internal static int IndexOf(string bridge)
    {
        uint hash = 2166136261;
        foreach (char c in bridge)
        {
            hash = (hash ^ c) * 16777619;
        }
        return 0x2000_0000 | (int)(hash & 0x1FFF_FFFF);
    }

    /// <summary>True unless IPv6 is missing or switched off (ipv6.disable=1, disable_ipv6 for all links or new ones).</summary>
    internal static bool HostHasIPv6() =>
        Files.TryReadText("/proc/sys/net/ipv6/conf/all/disable_ipv6", out _)?.Trim() == "0"
        && Files.TryReadText("/proc/sys/net/ipv6/conf/default/disable_ipv6", out _)?.Trim() == "0";

    /// <summary>True where br_netfilter shows frames between ports to the IPv6 rules as well.</summary>
    private static bool BridgedPacketsPassIp6tables() =>
        Files.TryReadText("/proc/sys/net/bridge/bridge-nf-call-ip6tables", out _)?.Trim() == "1";

    /// <summary>All of it for a network that is only shown.</summary>
    internal static IReadOnlyList<HostAction> Example(NetworkDefinition network) =>
        [
            .. network.Internal ? (HostAction[])[] : [new WriteValue(IpForward, "1", "ip(7)")],
            .. Bridge(network, $"skiff network {network.Key}"),
            Table(network, null),
            .. NeedsIngress(network) ? (HostAction[])[Ingress(network, null)] : [],
        ];

    /// <summary>See <see cref="Ingress"/>.</summary>
    internal static bool NeedsIngress(NetworkDefinition network) => network.IPv6 is not null && BridgedPacketsPassIp6tables();

    /// <summary>The whole table as one transaction.</summary>
    internal static NftTransaction Table(NetworkDefinition network, NetlinkSocket? firewall)
    {
        string bridge = network.Bridge;
        IPAddress loopback = IPAddress.Parse("127.0.0.0");
        NftBatch batch = new NftBatch(network.Table)
            .AddTable()
            .AddMap(new PortMap(false, true))
            .AddMap(new PortMap(false, false))
            .AddMap(new PortMap(true, true))
            .AddMap(new PortMap(true, false))
            .AddChain("raw", "filter", NftHook.Prerouting, NF_IP_PRI_RAW)
            .AddChain("prerouting", "nat", NftHook.Prerouting, NF_IP_PRI_NAT_DST)
            .AddChain("output", "nat", NftHook.Output, NF_IP_PRI_NAT_DST)
            .AddChain("forward", "filter", NftHook.Forward, NF_IP_PRI_FILTER)
            .AddChain("postrouting", "nat", NftHook.Postrouting, NF_IP_PRI_NAT_SRC)
            // route_localnet on the bridge would let a container reach services that listen on the host's loopback only (CVE-2020-8558).
            .AddRule("raw", new NftRule().InputName(bridge).To(loopback, 8).Drop())
            .AddRule("raw", new NftRule().InputName(bridge).To(IPAddress.IPv6Loopback, 128).Drop())
            // The translation comes before the martian check: without this, a neighbour that sends to 127.0.0.1 reaches what is published there (moby#45610).
            .AddRule("prerouting", new NftRule().InputName("lo", equal: false).To(loopback, 8).Return());
        foreach (string chain in (ReadOnlySpan<string>)["prerouting", "output"])
        {
            foreach (bool v6 in (ReadOnlySpan<bool>)[false, true])
            {
                batch
                    .AddRule(chain, new NftRule().Translate(new PortMap(v6, true)))
                    .AddRule(chain, new NftRule().ToLocal().Translate(new PortMap(v6, false)));
            }
        }
        if (network.Internal)
        {
            // No way out and none in, whatever is routed or translated: not to the outside, and not to another network's published ports.
            batch
                .AddRule("forward", new NftRule().InputName(bridge).OutputName(bridge, equal: false).Drop())
                .AddRule("forward", new NftRule().InputName(bridge, equal: false).OutputName(bridge).Drop());
        }
        else
        {
            // Into the network only what it asked for and what is published: not the container's other ports, from wherever this host routes for.
            batch
                .AddRule("forward", new NftRule().OutputName(bridge).Established().Accept())
                .AddRule("forward", new NftRule().OutputName(bridge).DestinationTranslated().Accept())
                .AddRule("forward", new NftRule().InputName(bridge, equal: false).OutputName(bridge).Drop());
        }
        if (!NetworkOptions.ConnectsContainers(network))
        {
            // The bridge does not pass frames between such ports, but the host would route packets that are sent to it for a neighbour.
            batch.AddRule("forward", new NftRule().InputName(bridge).OutputName(bridge).Drop());
        }
        Source(batch, network, network.IPv4, new Subnet(loopback, 8));
        if (network.IPv6 is not null)
        {
            Source(batch, network, network.IPv6, new Subnet(IPAddress.IPv6Loopback, 128));
        }
        if (network.IPv6 is not null)
        {
            // Only the answers to ::1 have this destination here: what a container sends there itself was dropped before the translation.
            batch
                .AddChain("loopback", "filter", NftHook.Prerouting, NF_IP_PRI_NAT_DST + 10)
                .AddRule("loopback", new NftRule().InputName(bridge).To(IPAddress.IPv6Loopback, 128).SetMark(LoopbackMark));
        }
        return batch.Build(socket: firewall);
    }

    private static void Source(NftBatch batch, NetworkDefinition network, Subnet subnet, Subnet loopback)
    {
        string bridge = network.Bridge;
        if (!network.Internal && NetworkOptions.Masquerades(network))
        {
            batch.AddRule(
                "postrouting",
                new NftRule().OutputName(bridge, equal: false).From(subnet.Address, subnet.PrefixLength).Masquerade()
            );
        }
        batch
            // A container that uses a published port of a neighbour or its own: the answer must come back through the host.
            .AddRule(
                "postrouting",
                new NftRule().OutputName(bridge).From(subnet.Address, subnet.PrefixLength).DestinationTranslated().Masquerade()
            )
            .AddRule("postrouting", new NftRule().OutputName(bridge).From(loopback.Address, loopback.PrefixLength).Masquerade());
    }

    /// <summary>Answers to ::1 that were translated back at a port of the bridge (br_netfilter) would be dropped at its entrance: ::1 must not come in from a wire (RFC 4291, 2.5.3). They are handed to the loopback device instead.</summary>
    internal static NftTransaction Ingress(NetworkDefinition network, NetlinkSocket? firewall) =>
        new NftBatch(network.Table, NftFamily.Netdev)
            .AddTable()
            .AddIngressChain("loopback", network.Bridge, 0)
            .AddRule("loopback", new NftRule().Marked(LoopbackMark).FrameTo(IPAddress.IPv6Loopback).SetMark(0).ForwardToLoopback())
            .Build(socket: firewall);

    /// <summary>Makes the bridge with its addresses.</summary>
    internal static IReadOnlyList<HostAction> Bridge(NetworkDefinition network, string alias)
    {
        int index = IndexOf(network.Bridge);
        RouteMessages messages = new RouteMessages()
            .AddBridge(network.Bridge, index, MacAddress.From(network.Gateway), alias, NetworkOptions.MtuOf(network))
            .AddAddress(index, network.Bridge, network.Gateway, network.IPv4.PrefixLength);
        if (network.IPv6 is not null)
        {
            messages
                .AddAddress(index, network.Bridge, network.Gateway6!, network.IPv6.PrefixLength)
                // There is no route_localnet for IPv6: the kernel looks for a loopback destination only among the routes of the link that the packet came by.
                .AddLocalRoute(index, network.Bridge, IPAddress.IPv6Loopback, network.IsUsers ? (uint)index : IP6_RT_PRIO_USER);
        }
        // 127.0.0.1:port of the host must be routable to the bridge; this goes with the bridge, so nothing has to be restored.
        return [messages.Build(), new WriteValue($"/proc/sys/net/ipv4/conf/{network.Bridge}/route_localnet", "1", "ip(7)")];
    }

    /// <summary>What switches forwarding on; what it was is in <paramref name="restore"/> before this returns.</summary>
    internal static IReadOnlyList<HostAction> Forwarding(string restore, bool ipv6)
    {
        List<WriteValue> changes = [];
        string text = "";
        Change(IpForward, "1");
        const string All6 = "/proc/sys/net/ipv6/conf/all/forwarding";
        if (ipv6 && Files.TryReadText(All6, out _)?.Trim() == "0")
        {
            // A router ignores router advertisements unless accept_ra is 2: the host must not lose its own default route (kernel docs, ip-sysctl).
            // They are written back after forwarding is, because that resets them.
            List<WriteValue> before = changes;
            foreach (LinkInfo link in RouteDump.Links())
            {
                string path = $"/proc/sys/net/ipv6/conf/{link.Name}/accept_ra";
                if (link.Name != "lo" && Files.TryReadText(path, out _)?.Trim() == "1")
                {
                    before.Add(new WriteValue(path, "2", "ip-sysctl"));
                }
            }
            string advertisements = string.Concat(before.Where(c => c.Path != IpForward).Select(c => $"{c.Path} 1\n"));
            Change(All6, "1");
            text += advertisements;
        }
        if (text.Length > 0)
        {
            Files.Replace(restore, System.Text.Encoding.UTF8.GetBytes((Files.TryReadText(restore, out _) ?? "") + text));
        }
        return changes;

        void Change(string path, string value)
        {
            string? old = Files.TryReadText(path, out _)?.Trim();
            if (old is not null && old != value)
            {
                changes.Add(new WriteValue(path, value, "ip-sysctl"));
                text += $"{path} {old}\n";
            }
        }
    }

    /// <summary>Runs one of the steps; a kernel parameter that cannot be set is said with what to do.</summary>
    internal static void Run(HostAction action)
    {
        try
        {
            action.Run();
        }
        catch (LinuxException e) when (action is WriteValue value)
        {
            throw new SkiffException(
                $"cannot set {value.Path} to {value.Value}, which a bridge network needs: {Errno.Describe(e.Errno)}; set it yourself or use --network host or none",
                125,
                e
            );
        }
    }
}
