using Skiff.Linux;
using Skiff.Linux.Netlink;

namespace Skiff.Engine.Network;

/// <summary>What of the host is in the way of a subnet that a user has chosen, or that was free when it was chosen.</summary>
internal static class SubnetClash
{
    /// <summary>Refuses to bring up a network whose addresses belong to something of the host by now. A wider route that merely covers it is fine: the bridge's own is narrower.</summary>
    /// <exception cref="SkiffException">It clashes. Exit code 125.</exception>
    internal static void Refuse(NetworkDefinition network, IReadOnlyList<RouteInfo> routes, IReadOnlyList<AddressInfo> addresses)
    {
        foreach (Subnet? subnet in (ReadOnlySpan<Subnet?>)[network.IPv4, network.IPv6])
        {
            if (subnet is not null && Of(subnet, routes, addresses) is { } clash)
            {
                throw new SkiffException(
                    $"the network {network.Name} is {subnet}, and {clash}: remove the network and create it with another --subnet",
                    125
                );
            }
        }
    }

    /// <summary>What clashes, in words; null when nothing does.</summary>
    /// <param name="subnet">The subnet.</param>
    /// <param name="routes">The host's routes.</param>
    /// <param name="addresses">The host's addresses.</param>
    internal static string? Of(Subnet subnet, IReadOnlyList<RouteInfo> routes, IReadOnlyList<AddressInfo> addresses)
    {
        foreach (AddressInfo address in addresses)
        {
            if (subnet.Contains(address.Address))
            {
                return $"the host has the address {address.Address} in it";
            }
        }
        foreach (RouteInfo route in routes)
        {
            if (route.PrefixLength >= subnet.PrefixLength && subnet.Contains(route.Destination))
            {
                return $"the host has a route to {route.Destination}/{route.PrefixLength} in it";
            }
        }
        return null;
    }
}
