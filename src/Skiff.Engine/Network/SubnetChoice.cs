using System.Net;
using System.Net.Sockets;
using Skiff.Linux;
using Skiff.Linux.Netlink;

namespace Skiff.Engine.Network;

/// <summary>Chooses addresses for a new network that clash with nothing the host routes to.</summary>
public static class SubnetChoice
{
    /// <summary>The first private network that overlaps no route, no address and no other network of the engine.</summary>
    /// <param name="routes">The host's routes; default routes do not count.</param>
    /// <param name="addresses">The host's addresses.</param>
    /// <param name="taken">Subnets of the engine's other networks, which may be down.</param>
    public static Subnet IPv4(IReadOnlyList<RouteInfo> routes, IReadOnlyList<AddressInfo> addresses, IReadOnlyList<Subnet> taken)
    {
        for (int i = 0; i < 39 + 16 + 253; i++)
        {
            // 10.89–10.127 first; then Docker's pool; last 192.168.2.0/24 and up, because .0 and .1 are what home routers use.
            Subnet candidate = i switch
            {
                < 39 => new Subnet(new IPAddress([10, (byte)(89 + i), 0, 0]), 16),
                < 55 => new Subnet(new IPAddress([172, (byte)(16 + i - 39), 0, 0]), 16),
                _ => new Subnet(new IPAddress([192, 168, (byte)(2 + i - 55), 0]), 24),
            };
            if (IsFree(candidate, routes, addresses, taken))
            {
                return candidate;
            }
        }
        throw new SkiffException(
            "no private IPv4 subnet is free for the network: every candidate in 10.89.0.0–10.127.0.0, 172.16.0.0/12 and 192.168.0.0/16 overlaps a route of the host",
            125
        );
    }

    /// <summary>The same for a user's network: /20, so that hundreds of them find room. What the default network takes first comes last.</summary>
    public static Subnet SmallIPv4(IReadOnlyList<RouteInfo> routes, IReadOnlyList<AddressInfo> addresses, IReadOnlyList<Subnet> taken)
    {
        const int Ten = 38 * 16,
            Docker = 16 * 16,
            Home = 253;
        for (int i = 0; i < Ten + Docker + Home; i++)
        {
            Subnet candidate = i switch
            {
                < Ten => new Subnet(new IPAddress([10, (byte)(90 + (i / 16)), (byte)(i % 16 * 16), 0]), 20),
                < Ten + Docker => new Subnet(new IPAddress([172, (byte)(16 + ((i - Ten) / 16)), (byte)((i - Ten) % 16 * 16), 0]), 20),
                _ => new Subnet(new IPAddress([192, 168, (byte)(2 + i - Ten - Docker), 0]), 24),
            };
            if (IsFree(candidate, routes, addresses, taken))
            {
                return candidate;
            }
        }
        throw new SkiffException(
            "no private IPv4 subnet is free for the network: every candidate in 10.90.0.0–10.127.255.255, 172.16.0.0/12 and 192.168.0.0/16 overlaps a route of the host or another network; give one with --subnet"
        );
    }

    /// <summary>True when nothing on the host overlaps the subnet.</summary>
    public static bool IsFree(
        Subnet subnet,
        IReadOnlyList<RouteInfo> routes,
        IReadOnlyList<AddressInfo> addresses,
        IReadOnlyList<Subnet> taken
    )
    {
        foreach (RouteInfo route in routes)
        {
            if (route.PrefixLength > 0 && subnet.Overlaps(route.Destination, route.PrefixLength))
            {
                return false;
            }
        }
        foreach (AddressInfo address in addresses)
        {
            if (subnet.Overlaps(address.Address, address.PrefixLength))
            {
                return false;
            }
        }
        foreach (Subnet other in taken)
        {
            if (other.Address.AddressFamily == subnet.Address.AddressFamily && subnet.Overlaps(other.Address, other.PrefixLength))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>A unique local /64: fd, 40 random bits, subnet 0 (RFC 4193).</summary>
    public static Subnet UniqueLocalIPv6()
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        bytes[0] = 0xFD;
        RandomBytes.Fill(bytes.Slice(1, 5));
        return new Subnet(new IPAddress(bytes), 64);
    }

    /// <summary>True when the host has an IPv6 address that others can reach, so that forwarding IPv6 is of use.</summary>
    public static bool HasGlobalIPv6(IReadOnlyList<AddressInfo> addresses)
    {
        foreach (AddressInfo address in addresses)
        {
            if (
                address.Address.AddressFamily == AddressFamily.InterNetworkV6
                && !address.Address.IsIPv6LinkLocal
                && !IPAddress.IsLoopback(address.Address)
            )
            {
                return true;
            }
        }
        return false;
    }
}
