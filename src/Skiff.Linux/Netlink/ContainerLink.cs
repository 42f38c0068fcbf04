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

    /// <summary>Brings the link up, then adds address and default route of one family. Bringing it up a second time, for the other family, changes nothing.</summary>
    /// <param name="address">The container's address.</param>
    /// <param name="prefixLength">Bits of its network.</param>
    /// <param name="gateway">The bridge's address; null for a network without a way out.</param>
    public static NetlinkRequest Configure(IPAddress address, int prefixLength, IPAddress? gateway)
    {
        RouteMessages messages = new RouteMessages().SetUp(Index, Name).AddAddress(Index, Name, address, prefixLength);
        if (gateway is not null)
        {
            messages.AddDefaultRoute(Index, Name, gateway);
        }
        return messages.Build();
    }
}
