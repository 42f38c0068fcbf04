using System.Net;

namespace Skiff.Linux.Netlink;

/// <summary>The container's half of its network: requests that a process sends inside its own new network namespace.</summary>
public static class ContainerLink
{
    /// <summary>Name of the container's end of the veth pair.</summary>
    public const string Name = "eth0";

    /// <summary>Its interface index, fixed so that these requests need no answer from the host. Not 2: where the modules of fallback tunnels
    /// (tunl0, sit0, ip6tnl0, …) are loaded, each new namespace is born with them at 2 and up (net.core.fb_tunnels_only_for_init_net).</summary>
    public const int Index = 64;

    /// <summary>The loopback link always has index 1 (LOOPBACK_IFINDEX).</summary>
    public static NetlinkRequest LoopbackUp { get; } = new RouteMessages().SetUp(1, "lo").Build();

    /// <summary>Loopback and link up, then an address and a default route per family: one request.</summary>
    /// <param name="addresses">Address, bits of its network, and the gateway: null for a network without a way out.</param>
    public static NetlinkRequest Configure(params ReadOnlySpan<(IPAddress Address, int PrefixLength, IPAddress? Gateway)> addresses)
    {
        RouteMessages messages = new RouteMessages().SetUp(1, "lo").SetUp(Index, Name);
        foreach ((IPAddress address, int prefixLength, IPAddress? gateway) in addresses)
        {
            messages.AddAddress(Index, Name, address, prefixLength);
            if (gateway is not null)
            {
                messages.AddDefaultRoute(Index, Name, gateway);
            }
        }
        return messages.Build();
    }
}
