using System.Net;
using Skiff.Linux;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>The shared half of a bridge network: bridge, table, kernel parameters. Made by the first container, removed after the last.</summary>
internal static class BridgeSetup
{
    private const int NF_IP_PRI_RAW = -300;
    private const int NF_IP_PRI_NAT_DST = -100;
    private const int NF_IP_PRI_FILTER = 0;
    private const int NF_IP_PRI_NAT_SRC = 100;

    /// <summary>The whole table as one transaction.</summary>
    internal static NftTransaction Table(NetworkDefinition network)
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
        // Into the network only what it asked for and what is published: not the container's other ports, from wherever this host routes for.
        batch
            .AddRule("forward", new NftRule().OutputName(bridge).Established().Accept())
            .AddRule("forward", new NftRule().OutputName(bridge).DestinationTranslated().Accept())
            .AddRule("forward", new NftRule().InputName(bridge, equal: false).OutputName(bridge).Drop());
        Source(batch, bridge, network.IPv4, new Subnet(loopback, 8));
        if (network.IPv6 is not null)
        {
            Source(batch, bridge, network.IPv6, new Subnet(IPAddress.IPv6Loopback, 128));
        }
        return batch.Build(inverse: new NftBatch(network.Table).DeleteTable().Build(Errno.ENOENT));
    }

    private static void Source(NftBatch batch, string bridge, Subnet subnet, Subnet loopback) =>
        batch
            .AddRule("postrouting", new NftRule().OutputName(bridge, equal: false).From(subnet.Address, subnet.PrefixLength).Masquerade())
            // A container that uses a published port of a neighbour or its own: the answer must come back through the host.
            .AddRule(
                "postrouting",
                new NftRule().OutputName(bridge).From(subnet.Address, subnet.PrefixLength).DestinationTranslated().Masquerade()
            )
            .AddRule("postrouting", new NftRule().OutputName(bridge).From(loopback.Address, loopback.PrefixLength).Masquerade());

    /// <summary>Makes the bridge with its addresses; returns its index.</summary>
    internal static int Bridge(NetworkDefinition network, string alias)
    {
        new RouteMessages().AddBridge(network.Bridge, MacAddress.From(network.Gateway), alias).Build().Run();
        int index = RouteDump.IndexOf(network.Bridge);
        RouteMessages addresses = new RouteMessages().AddAddress(index, network.Bridge, network.Gateway, network.IPv4.PrefixLength);
        if (network.IPv6 is not null)
        {
            addresses.AddAddress(index, network.Bridge, network.Gateway6!, network.IPv6.PrefixLength);
        }
        addresses.Build().Run();
        // 127.0.0.1:port of the host must be routable to the bridge; this goes with the bridge, so nothing has to be restored.
        Set($"/proc/sys/net/ipv4/conf/{network.Bridge}/route_localnet", "1");
        return index;
    }

    /// <summary>Switches forwarding on and remembers in <paramref name="restore"/> what it was.</summary>
    internal static void Forwarding(string restore, bool ipv6)
    {
        List<(string Path, string Old)> changed = [];
        Change("/proc/sys/net/ipv4/ip_forward", "1", changed);
        const string All6 = "/proc/sys/net/ipv6/conf/all/forwarding";
        if (ipv6 && Files.TryReadText(All6, out _)?.Trim() == "0")
        {
            // A router ignores router advertisements unless accept_ra is 2: the host must not lose its own default route (kernel docs, ip-sysctl).
            List<(string, string)> advertisements = [];
            foreach (LinkInfo link in RouteDump.Links())
            {
                string path = $"/proc/sys/net/ipv6/conf/{link.Name}/accept_ra";
                if (link.Name != "lo" && Files.TryReadText(path, out _)?.Trim() == "1")
                {
                    Change(path, "2", advertisements);
                }
            }
            Change(All6, "1", changed);
            changed.AddRange(advertisements);
        }
        if (changed.Count > 0)
        {
            string text = Files.TryReadText(restore, out _) ?? "";
            foreach ((string path, string old) in changed)
            {
                text += $"{path} {old}\n";
            }
            Files.Replace(restore, System.Text.Encoding.UTF8.GetBytes(text));
        }
    }

    private static void Change(string path, string value, List<(string, string)> changed)
    {
        string? old = Files.TryReadText(path, out _)?.Trim();
        if (old is null || old == value)
        {
            return;
        }
        Set(path, value);
        changed.Add((path, old));
    }

    private static void Set(string path, string value)
    {
        int errno = Files.TryWriteValue(path, value);
        if (errno != 0)
        {
            throw new SkiffException(
                $"cannot set {path} to {value}, which a bridge network needs: {Errno.Describe(errno)}; set it yourself or use --network host or none",
                125
            );
        }
    }
}
