using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.FileTree;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

public sealed partial class BridgeNetwork
{
    private static NetlinkSocket OpenFirewall()
    {
        try
        {
            return NetlinkSocket.Open(NetlinkSocket.NETLINK_NETFILTER);
        }
        catch (LinuxException e) when (e.Errno is Errno.EINVAL or 93 or 96)
        {
            throw NoNftables(e);
        }
    }

    /// <summary>The network as it is or made now. The check of one that is up: a file, an ioctl, one netlink question.</summary>
    private (NetworkDefinition Network, int Index, bool Made) EnsureUp(NetlinkSocket firewall)
    {
        NetworkDefinition? network = NetworkDefinition.TryRead(_paths.Definition);
        if (network is not null && network.Bridge != _bridge)
        {
            throw new SkiffException(
                $"network {network.Name} uses bridge {network.Bridge}, not {_bridge}: stop its containers and remove {_paths.Definition} to change it",
                125
            );
        }
        int index = RouteDump.IndexOf(_bridge);
        try
        {
            bool table = NftQuery.TableExists(firewall, NetworkDefinition.TableOf(_bridge));
            if (network is not null && index != 0 && table && Files.Exists(_paths.Leases))
            {
                return (network, index, false);
            }
            return MakeUp(network, index, table, firewall);
        }
        catch (LinuxException e) when (e.Operation is "nft" && e.Errno is Errno.EINVAL or Errno.EOPNOTSUPP or 93 or 96)
        {
            throw NoNftables(e);
        }
    }

    /// <summary>93 is EPROTONOSUPPORT, 96 EPFNOSUPPORT: no netfilter netlink at all.</summary>
    private static SkiffException NoNftables(LinuxException e) =>
        new(
            $"a bridge network needs nf_tables with NAT in the kernel (CONFIG_NF_TABLES, CONFIG_NFT_NAT, CONFIG_NFT_MASQ): {e.Message}; load the modules or use --network host or none",
            125,
            e
        );

    private (NetworkDefinition, int, bool) MakeUp(NetworkDefinition? network, int index, bool table, NetlinkSocket firewall)
    {
        IReadOnlyList<LeaseFile> leases = _leases.All();
        if (index != 0 && RouteDump.FindLink(_bridge) is { } link && link.Alias != Alias)
        {
            throw new SkiffException(
                $"interface {_bridge} exists already and belongs to {(link.Alias.Length == 0 ? "somebody else" : $"\"{link.Alias}\"")}: remove it (ip link delete {_bridge}) or use another bridge name",
                125
            );
        }
        if (index != 0 && (network is null || leases.Count == 0))
        {
            // Left by a crash, with addresses that may not be the ones to come.
            new RouteMessages()
                .DeleteLink(_bridge)
                .Build(Errno.ENODEV)
                .Run();
            index = 0;
        }
        IReadOnlyList<AddressInfo> addresses = RouteDump.Addresses();
        network = Define(network, index != 0 || leases.Count > 0, addresses);
        // First what every command looks at: of what follows nothing stays when this process is killed.
        MarkUp();
        MakeDirectory(_paths.Leases);
        MakeDirectory(_paths.Owners);
        try
        {
            Create(network, index, table, addresses, firewall);
            PublishAgain(network, leases, firewall);
        }
        catch
        {
            StartCleaner(null, TimeSpan.Zero, orphan: false);
            throw;
        }
        return (network, index == 0 ? BridgeSetup.IndexOf(_bridge) : index, true);
    }

    private static void MakeDirectory(string path)
    {
        int errno = Files.TryMakeDirectory(path, 0x1C0);
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("mkdir", path, errno);
        }
    }

    /// <summary>Subnets for the network: those it has while it is in use or they are still free, else new ones. A user's network keeps its own.</summary>
    private NetworkDefinition Define(NetworkDefinition? network, bool inUse, IReadOnlyList<AddressInfo> addresses)
    {
        bool ipv6 = BridgeSetup.HostHasIPv6();
        if (network is not null && inUse)
        {
            return network;
        }
        IReadOnlyList<RouteInfo> routes = RouteDump.Routes();
        if (_recorded is not null)
        {
            SubnetClash.Refuse(_recorded, routes, addresses);
            network = ipv6 ? _recorded : _recorded.WithoutIPv6();
            Files.Replace(_paths.Definition, network.Write());
            return network;
        }
        IReadOnlyList<Subnet> taken = _store.Subnets();
        if (network is null || !SubnetChoice.IsFree(network.IPv4, routes, addresses, taken) || network.IPv6 is not null != ipv6)
        {
            network = new NetworkDefinition(
                NetworkDefinition.Default,
                _bridge,
                SubnetChoice.IPv4(routes, addresses, taken),
                ipv6 ? SubnetChoice.UniqueLocalIPv6() : null
            );
            Files.Replace(_paths.Definition, network.Write());
        }
        return network;
    }

    private void Create(NetworkDefinition network, int index, bool table, IReadOnlyList<AddressInfo> addresses, NetlinkSocket firewall)
    {
        IReadOnlyList<HostAction> forwarding = network.Internal
            ? []
            : BridgeSetup.Forwarding(_paths.Restore, network.IPv6 is not null && SubnetChoice.HasGlobalIPv6(addresses));
        foreach (HostAction action in forwarding)
        {
            BridgeSetup.Run(action);
        }
        if (index == 0)
        {
            foreach (HostAction action in BridgeSetup.Bridge(network, Alias))
            {
                BridgeSetup.Run(action);
            }
        }
        if (table)
        {
            new NftBatch(network.Table).DeleteTable().Build(Errno.ENOENT, socket: firewall).Run();
        }
        BridgeSetup.Table(network, firewall).Run();
        if (BridgeSetup.NeedsIngress(network))
        {
            Files.Replace(_paths.Ingress, default);
            TryIngress(network, firewall);
        }
    }

    /// <summary>A kernel without the fwd expression (CONFIG_NFT_FWD_NETDEV) does without published ports of ::1.</summary>
    private static void TryIngress(NetworkDefinition network, NetlinkSocket firewall)
    {
        try
        {
            try
            {
                BridgeSetup.Ingress(network, firewall).Run();
            }
            catch (LinuxException e) when (e.Errno == Errno.EEXIST)
            {
                // Left by an earlier life of the network.
                new NftBatch(network.Table, NftFamily.Netdev)
                    .DeleteTable()
                    .Build(Errno.ENOENT, socket: firewall)
                    .Run();
                BridgeSetup.Ingress(network, firewall).Run();
            }
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.EOPNOTSUPP or Errno.EINVAL)
        {
            // Everything else of the network works.
        }
    }

    /// <summary>Somebody flushed the ruleset while containers ran: their ports come back with the table.</summary>
    private static void PublishAgain(NetworkDefinition network, IReadOnlyList<LeaseFile> leases, NetlinkSocket firewall)
    {
        foreach (LeaseFile lease in leases)
        {
            IReadOnlyList<PortRule> rules = lease.Rules();
            if (rules.Count > 0)
            {
                NftBatch batch = new(network.Table);
                foreach (PortRule rule in rules)
                {
                    batch.AddElement(rule, lease.ContainerId);
                }
                batch.Build(Errno.EEXIST, socket: firewall).Run();
            }
        }
    }
}
