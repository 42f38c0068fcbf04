using System.Net;
using System.Net.Sockets;
using Skiff.Linux;
using Skiff.Linux.Netlink;

namespace Skiff.Engine.Network;

/// <summary>Subnets, gateways and ranges of a network that is to be made: what was asked for, checked, and chosen where nothing was.</summary>
internal sealed class AddressPlan
{
    private readonly NetworkRequest _asked;
    private readonly IReadOnlyList<RouteInfo> _routes = RouteDump.Routes();
    private readonly IReadOnlyList<AddressInfo> _addresses = RouteDump.Addresses();
    private readonly IReadOnlyList<NetworkDefinition> _others;

    internal AddressPlan(NetworkRequest asked, IReadOnlyList<NetworkDefinition> others)
    {
        _asked = asked;
        _others = others;
    }

    /// <summary>The network with its addresses.</summary>
    /// <exception cref="SkiffException">Something asked for is wrong, or not free.</exception>
    internal NetworkDefinition Make(string bridge)
    {
        Subnet? asked4 = Asked("--subnet", _asked.Subnets, AddressFamily.InterNetwork);
        Subnet? asked6 = Asked("--subnet", _asked.Subnets, AddressFamily.InterNetworkV6);
        if (asked6 is not null && _asked.IPv6 == false)
        {
            throw new SkiffException($"--subnet {asked6} and --ipv6=false exclude each other");
        }
        if (asked4 is { PrefixLength: > 29 })
        {
            throw new SkiffException($"--subnet {asked4}: too small for a bridge and containers, /29 is the smallest");
        }
        Subnet four = asked4 ?? SubnetChoice.SmallIPv4(_routes, _addresses, Taken(AddressFamily.InterNetwork));
        Subnet? six = asked6 ?? (_asked.IPv6 ?? BridgeSetup.HostHasIPv6() ? SubnetChoice.UniqueLocalIPv6() : null);
        NetworkDefinition network = new(_asked.Name, bridge, four, six);
        IPAddress? gateway = Gateway(four);
        IPAddress? gateway6 = six is null ? null : Gateway(six);
        network = network with
        {
            Gateway = gateway ?? network.Gateway,
            Gateway6 = gateway6 ?? network.Gateway6,
            Range = Range(four),
            Range6 = six is null ? null : Range(six),
            Reserved = _asked.Reserved,
        };
        CheckSpare(network);
        return network;
    }

    private static AddressFamily FamilyOf(IPAddress address) => address.AddressFamily;

    private Subnet? Asked(string flag, IReadOnlyList<string> texts, AddressFamily family)
    {
        Subnet? found = null;
        foreach (string text in texts)
        {
            Subnet subnet = Parse(flag, text);
            if (FamilyOf(subnet.Address) != family)
            {
                continue;
            }
            if (found is not null)
            {
                throw new SkiffException($"{flag} {text}: a bridge network has one subnet of a family, and {found} is given already");
            }
            found = subnet;
            Refuse(flag, subnet);
        }
        return found;
    }

    private static Subnet Parse(string flag, string text)
    {
        Subnet subnet;
        try
        {
            subnet = Subnet.Parse(text);
        }
        catch (SkiffException)
        {
            throw new SkiffException(
                $"{flag} {text}: an address and a prefix length are expected, such as 172.28.0.0/16 or fd12:3456::/64"
            );
        }
        IPAddress network = subnet.Network;
        return network.Equals(subnet.Address)
            ? subnet
            : throw new SkiffException($"{flag} {text}: the address has bits beyond the prefix, write {network}/{subnet.PrefixLength}");
    }

    private void Refuse(string flag, Subnet subnet)
    {
        if (
            subnet.PrefixLength < 8
            || subnet.Address.IsIPv6LinkLocal
            || subnet.Address.IsIPv6Multicast
            || IPAddress.IsLoopback(subnet.Address)
        )
        {
            throw new SkiffException($"{flag} {subnet}: not a range of addresses that containers could have");
        }
        foreach (NetworkDefinition other in _others)
        {
            if (subnet.Overlaps(other.IPv4) || (other.IPv6 is not null && subnet.Overlaps(other.IPv6)))
            {
                throw new SkiffException(
                    $"{flag} {subnet}: the pool overlaps with the network {other.Name}, which is {(subnet.Overlaps(other.IPv4) ? other.IPv4 : other.IPv6)}"
                );
            }
        }
        if (SubnetClash.Of(subnet, _routes, _addresses) is { } clash)
        {
            throw new SkiffException($"{flag} {subnet}: {clash}; choose another one");
        }
    }

    private List<Subnet> Taken(AddressFamily family)
    {
        List<Subnet> taken = [];
        foreach (NetworkDefinition other in _others)
        {
            Subnet? subnet = family == AddressFamily.InterNetwork ? other.IPv4 : other.IPv6;
            if (subnet is not null)
            {
                taken.Add(subnet);
            }
        }
        return taken;
    }

    private IPAddress? Gateway(Subnet subnet)
    {
        IPAddress? found = null;
        foreach (string text in _asked.Gateways)
        {
            if (!IPAddress.TryParse(text, out IPAddress? address))
            {
                throw new SkiffException($"--gateway {text}: an address is expected");
            }
            if (FamilyOf(address) != FamilyOf(subnet.Address))
            {
                continue;
            }
            if (found is not null)
            {
                throw new SkiffException($"--gateway {text}: the subnet {subnet} has the gateway {found} already");
            }
            found = address;
            bool outside = !subnet.Contains(address) || address.Equals(subnet.Address);
            if (outside || (FamilyOf(address) == AddressFamily.InterNetwork && subnet.NumberOf(address) == subnet.Last))
            {
                throw new SkiffException($"--gateway {text}: not an address of the subnet {subnet} that a host could have");
            }
        }
        return found;
    }

    private Subnet? Range(Subnet subnet)
    {
        Subnet? found = null;
        foreach (string text in _asked.Ranges)
        {
            Subnet range = Parse("--ip-range", text);
            if (FamilyOf(range.Address) != FamilyOf(subnet.Address))
            {
                continue;
            }
            if (found is not null || range.PrefixLength < subnet.PrefixLength || !subnet.Contains(range.Address))
            {
                throw new SkiffException($"--ip-range {text}: one part of the subnet {subnet} is expected");
            }
            found = range;
        }
        return found;
    }

    /// <summary>A container's IPv6 address has the number of its IPv4 address, so there must be as many.</summary>
    private void CheckSpare(NetworkDefinition network)
    {
        foreach (string text in (IEnumerable<string>)[.. _asked.Gateways, .. _asked.Ranges.Select(static r => r.Split('/')[0])])
        {
            bool six = text.Contains(':', StringComparison.Ordinal);
            if (six && network.IPv6 is null)
            {
                throw new SkiffException($"{text} is an IPv6 address, and the network has no IPv6");
            }
        }
        if (
            network.IPv6 is { } subnet
            && (network.Range6 ?? subnet) is { } range
            && 128 - range.PrefixLength < 32 - network.IPv4.PrefixLength
        )
        {
            throw new SkiffException(
                $"{range} has fewer addresses than {network.IPv4}: each container has one of both, so give the IPv6 part a prefix of at most /{96 + network.IPv4.PrefixLength}"
            );
        }
        foreach ((string name, string text) in network.Reserved)
        {
            if (
                !IPAddress.TryParse(text, out IPAddress? address)
                || !(network.IPv4.Contains(address) || network.IPv6?.Contains(address) == true)
            )
            {
                throw new SkiffException($"--aux-address {name}={text}: not an address of the network");
            }
        }
    }
}
