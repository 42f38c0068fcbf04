using System.Net;
using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>A bridge network of the host: leases addresses and host ports, makes itself with the first lease and goes away after the last.</summary>
public sealed class BridgeNetwork
{
    private static readonly TimeSpan s_linger = TimeSpan.FromSeconds(1);

    private readonly NetworkPaths _paths;
    private readonly string _bridge;

    private BridgeNetwork(NetworkPaths paths, string bridge)
    {
        _paths = paths;
        _bridge = bridge;
    }

    /// <summary>Names a network; reads and changes nothing.</summary>
    /// <param name="runroot"><c>--runroot</c>.</param>
    /// <param name="bridgeName">Interface name of the bridge, at most 15 bytes.</param>
    /// <param name="networkName">The network's name.</param>
    public static BridgeNetwork Open(string runroot, string bridgeName = "skiff0", string networkName = "bridge")
    {
        if (bridgeName.Length is 0 or > 15)
        {
            throw new SkiffException($"\"{bridgeName}\" cannot name a bridge: Linux allows 1 to 15 bytes (IFNAMSIZ)", 125);
        }
        return new BridgeNetwork(new NetworkPaths(runroot, networkName), bridgeName);
    }

    /// <summary>What removing the network takes.</summary>
    public NetworkTeardown Teardown => NetworkTeardown.Of(_paths, _bridge);

    /// <summary>Leases addresses and host ports for a container and makes the network when it is not up.</summary>
    /// <param name="containerId">The full id.</param>
    /// <param name="ports">The <c>-p</c> options, and one with host port 0 per exposed port for <c>-P</c>.</param>
    /// <param name="options">Addresses asked for.</param>
    /// <param name="isAlive">Whether the container with this id still holds what it leased; asked only about a lease that is in the way.</param>
    /// <exception cref="SkiffException">A port or address is in use or not possible; nothing has changed then.</exception>
    public BridgeLease Acquire(string containerId, IReadOnlyList<PortMapping> ports, LeaseOptions options, Func<string, bool> isAlive)
    {
        _paths.Make();
        using FileLock locked = FileLock.Acquire(_paths.Lock);
        (NetworkDefinition network, int index, bool made) = EnsureUp();
        try
        {
            IPAddress? asked6 = Asked6(options, network);
            IReadOnlyList<PublishedPort> published =
                ports.Count == 0 ? [] : new HostPorts(AllLeases(), isAlive, network.IPv6 is not null, probe: true).Resolve(ports);
            IPAddress? asked = Asked(options, network);
            string? mac = options.Mac is null ? null : MacAddress.Parse(options.Mac).ToString();
            LeaseFile Make(IPAddress ip) =>
                new(
                    containerId,
                    ip,
                    asked6 ?? network.IPv6?.At(network.IPv4.NumberOf(ip)),
                    mac ?? MacAddress.From(ip).ToString(),
                    "sk" + RandomBytes.Hex(4),
                    published
                );
            LeaseFile lease = asked is null ? TakeNext(network, Make, isAlive) : Take(asked, Make, isAlive);
            IReadOnlyList<string> warnings = made || published.Count > 0 ? ForwardPolicy.Warnings(_bridge) : [];
            return new BridgeLease(network, lease, index, warnings);
        }
        catch when (made)
        {
            NetworkCleaner.StartIfIdle(Teardown, TimeSpan.Zero);
            throw;
        }
    }

    /// <summary>Gives a lease back: its ports at once, its address, and the network a second later when it was the last.</summary>
    public void Release(BridgeLease lease) => Release(lease.ContainerId, lease.IPv4);

    /// <summary>As <see cref="Release(BridgeLease)"/>, by what was recorded.</summary>
    /// <param name="runroot"><c>--runroot</c>.</param>
    /// <param name="bridgeName">Interface name of the bridge.</param>
    /// <param name="containerId">The full id.</param>
    /// <param name="endpoint">The recorded place; one that the container no longer holds is left alone.</param>
    public static void Release(string runroot, string bridgeName, string containerId, NetworkEndpoint endpoint)
    {
        if (IPAddress.TryParse(endpoint.IPv4, out IPAddress? address))
        {
            Open(runroot, bridgeName, endpoint.Network).Release(containerId, address);
        }
    }

    /// <summary>Gives back everything that a container holds in this network, for one that died before its place was recorded.</summary>
    public void Release(string containerId) => Reclaim(id => id != containerId);

    /// <summary>Removes leases and ports of containers that are no more; the network too when none is left.</summary>
    /// <returns>How many leases were removed.</returns>
    public int Reclaim(Func<string, bool> isAlive)
    {
        if (!Files.Exists(_paths.Leases))
        {
            return 0;
        }
        int count = 0;
        using (FileLock.Acquire(_paths.Lock))
        {
            foreach (LeaseFile lease in LeaseFile.All(_paths.Leases))
            {
                if (lease.ContainerId.Length == 0 || !isAlive(lease.ContainerId))
                {
                    Remove(lease);
                    count++;
                }
            }
        }
        NetworkCleaner.StartIfIdle(Teardown, s_linger);
        return count;
    }

    private void Release(string containerId, IPAddress address)
    {
        if (!Files.Exists(_paths.Leases))
        {
            return;
        }
        using (FileLock.Acquire(_paths.Lock))
        {
            if (LeaseFile.TryRead(_paths.Leases, address) is { } lease && lease.ContainerId == containerId)
            {
                Remove(lease);
            }
        }
        NetworkCleaner.StartIfIdle(Teardown, s_linger);
    }

    private void Remove(LeaseFile lease)
    {
        lease.RemoveElements(NetworkDefinition.TableOf(_bridge));
        _ = Files.TryRemove($"{_paths.Leases}/{lease.IPv4}");
    }

    /// <summary>The network as it is or made now. The check of one that is up: a file, an ioctl, one netlink question.</summary>
    private (NetworkDefinition Network, int Index, bool Made) EnsureUp()
    {
        NetworkDefinition? network = NetworkDefinition.TryRead(_paths.Definition);
        if (network is not null && network.Bridge != _bridge)
        {
            throw new SkiffException(
                $"network {_paths.Name} uses bridge {network.Bridge}, not {_bridge}: stop its containers and remove {_paths.Definition} to change it",
                125
            );
        }
        int index = RouteDump.IndexOf(_bridge);
        try
        {
            bool table = NftQuery.TableExists(NetworkDefinition.TableOf(_bridge));
            if (network is not null && index != 0 && table && Files.Exists(_paths.Leases))
            {
                return (network, index, false);
            }
            return MakeUp(network, index, table);
        }
        catch (LinuxException e) when (e.Operation is "nft" or "socket" && e.Errno is Errno.EINVAL or Errno.EOPNOTSUPP or 93 or 96)
        {
            // 93 is EPROTONOSUPPORT, 96 EPFNOSUPPORT: no netfilter netlink at all.
            throw new SkiffException(
                $"a bridge network needs nf_tables with NAT in the kernel (CONFIG_NF_TABLES, CONFIG_NFT_NAT, CONFIG_NFT_MASQ): {e.Message}; load the modules or use --network host or none",
                125,
                e
            );
        }
    }

    private (NetworkDefinition, int, bool) MakeUp(NetworkDefinition? network, int index, bool table)
    {
        string alias = $"skiff network {_paths.Name} of {_paths.Runroot}";
        IReadOnlyList<LeaseFile> leases = LeaseFile.All(_paths.Leases);
        if (index != 0 && RouteDump.FindLink(_bridge) is { } link && link.Alias != alias)
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
        IReadOnlyList<RouteInfo> routes = RouteDump.Routes();
        IReadOnlyList<AddressInfo> addresses = RouteDump.Addresses();
        IReadOnlyList<Subnet> taken = OtherSubnets();
        if (network is null || (index == 0 && leases.Count == 0 && !SubnetChoice.IsFree(network.IPv4, routes, addresses, taken)))
        {
            network = new NetworkDefinition(
                _paths.Name,
                _bridge,
                SubnetChoice.IPv4(routes, addresses, taken),
                Files.Exists("/proc/sys/net/ipv6/conf/all/disable_ipv6")
                && Files.TryReadText("/proc/sys/net/ipv6/conf/all/disable_ipv6", out _)?.Trim() == "0"
                    ? SubnetChoice.UniqueLocalIPv6()
                    : null
            );
            Files.Replace(_paths.Definition, network.Write());
        }
        foreach (string directory in (ReadOnlySpan<string>)[_paths.Leases, _paths.Active])
        {
            int errno = Files.TryMakeDirectory(directory, 0x1C0);
            if (errno is not (0 or Errno.EEXIST))
            {
                throw new LinuxException("mkdir", directory, errno);
            }
        }
        Files.Replace($"{_paths.Active}/{_paths.Name}", default);
        try
        {
            BridgeSetup.Forwarding(_paths.Restore, network.IPv6 is not null && SubnetChoice.HasGlobalIPv6(addresses));
            index = index != 0 ? index : BridgeSetup.Bridge(network, alias);
            if (table)
            {
                new NftBatch(network.Table).DeleteTable().Build(Errno.ENOENT).Run();
            }
            BridgeSetup.Table(network).Run();
            PublishAgain(network, leases);
        }
        catch
        {
            NetworkCleaner.StartIfIdle(Teardown, TimeSpan.Zero);
            throw;
        }
        return (network, index, true);
    }

    /// <summary>Somebody flushed the ruleset while containers ran: their ports come back with the table.</summary>
    private static void PublishAgain(NetworkDefinition network, IReadOnlyList<LeaseFile> leases)
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
                batch.Build(Errno.EEXIST).Run();
            }
        }
    }

    private LeaseFile TakeNext(NetworkDefinition network, Func<IPAddress, LeaseFile> make, Func<string, bool> isAlive)
    {
        // After the last one given, so that an address rests before it names another container in somebody's connection table or ARP cache.
        uint first = 2,
            last = network.IPv4.Last - 1;
        uint start =
            Files.TryReadText(_paths.LastAddress, out _) is string text && uint.TryParse(text, out uint n) && n >= first && n < last
                ? n + 1
                : first;
        for (int pass = 0; pass < 2; pass++)
        {
            uint number = start;
            do
            {
                IPAddress address = network.IPv4.At(number);
                if (TryTake(make(address)))
                {
                    Files.Replace(
                        _paths.LastAddress,
                        Encoding.ASCII.GetBytes(number.ToString(System.Globalization.CultureInfo.InvariantCulture))
                    );
                    return LeaseFile.TryRead(_paths.Leases, address)!;
                }
                number = number >= last ? first : number + 1;
            } while (number != start);
            foreach (LeaseFile lease in LeaseFile.All(_paths.Leases))
            {
                if (!isAlive(lease.ContainerId))
                {
                    Remove(lease);
                }
            }
        }
        throw new SkiffException($"network {network.Name} has no free address left: {network.IPv4} is fully leased", 125);
    }

    private LeaseFile Take(IPAddress address, Func<IPAddress, LeaseFile> make, Func<string, bool> isAlive)
    {
        LeaseFile wanted = make(address);
        if (TryTake(wanted))
        {
            return wanted;
        }
        LeaseFile? holder = LeaseFile.TryRead(_paths.Leases, address);
        if (holder is not null && holder.ContainerId.Length > 0 && isAlive(holder.ContainerId))
        {
            throw new SkiffException(
                $"address {address} of network {_paths.Name} is in use by container {holder.ContainerId[..Math.Min(12, holder.ContainerId.Length)]}",
                125
            );
        }
        if (holder is not null)
        {
            Remove(holder);
        }
        return TryTake(wanted) ? wanted : throw new LinuxException("open", $"{_paths.Leases}/{address}", Errno.EEXIST);
    }

    private bool TryTake(LeaseFile lease)
    {
        string path = $"{_paths.Leases}/{lease.IPv4}";
        using SafeFd? fd = Files.TryOpen(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, out int errno, 0x180);
        if (fd is null)
        {
            return errno == Errno.EEXIST ? false : throw new LinuxException("open", path, errno);
        }
        Files.WriteAll(fd, lease.Write(), path);
        return true;
    }

    private static IPAddress? Asked(LeaseOptions options, NetworkDefinition network)
    {
        if (options.IPv4 is null)
        {
            return null;
        }
        if (!IPAddress.TryParse(options.IPv4, out IPAddress? address) || !network.IPv4.Contains(address))
        {
            throw new SkiffException($"--ip {options.IPv4}: not an address of network {network.Name}, which is {network.IPv4}", 125);
        }
        uint number = network.IPv4.NumberOf(address);
        return number < 2 || number >= network.IPv4.Last
            ? throw new SkiffException(
                $"--ip {options.IPv4}: reserved in network {network.Name} for the network itself, its gateway or broadcasts",
                125
            )
            : address;
    }

    private static IPAddress? Asked6(LeaseOptions options, NetworkDefinition network)
    {
        if (options.IPv6 is null)
        {
            return null;
        }
        return
            network.IPv6 is not null
            && IPAddress.TryParse(options.IPv6, out IPAddress? address)
            && network.IPv6.Contains(address)
            && !address.Equals(network.Gateway6)
            ? address
            : throw new SkiffException(
                $"--ip6 {options.IPv6}: not a free address of network {network.Name}, which {(network.IPv6 is null ? "has no IPv6" : $"is {network.IPv6}")}",
                125
            );
    }

    private List<LeaseFile> AllLeases()
    {
        List<LeaseFile> result = [];
        foreach (string name in NetworkPaths.List(_paths.All))
        {
            result.AddRange(LeaseFile.All($"{_paths.All}/{name}/leases"));
        }
        return result;
    }

    private List<Subnet> OtherSubnets()
    {
        List<Subnet> result = [];
        foreach (string name in NetworkPaths.List(_paths.All))
        {
            if (name != _paths.Name && NetworkDefinition.TryRead($"{_paths.All}/{name}/network.json") is { } other)
            {
                result.Add(other.IPv4);
            }
        }
        return result;
    }
}
