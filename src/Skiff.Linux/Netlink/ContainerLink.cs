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

    /// <summary>The name of the container's end of its n-th cable, counted from 0.</summary>
    public static string NameOf(int number) => number == 0 ? Name : $"eth{number}";

    /// <summary>Its interface index.</summary>
    public static int IndexOf(int number) => Index + number;

    /// <summary>Loopback and link up, then an address and a default route per family: one request.</summary>
    /// <param name="addresses">Address, bits of its network, and the gateway: null for a network without a way out.</param>
    public static NetlinkRequest Configure(params ReadOnlySpan<(IPAddress Address, int PrefixLength, IPAddress? Gateway)> addresses)
    {
        RouteMessages messages = new RouteMessages().SetUp(1, "lo");
        Add(messages, 0, addresses);
        return messages.Build();
    }

    /// <summary>Adds what brings one cable up.</summary>
    /// <param name="messages">The request so far.</param>
    /// <param name="number">Which cable, counted from 0.</param>
    /// <param name="addresses">Address, bits of its network, and the gateway of the default route: null for none by this cable.</param>
    public static void Add(
        RouteMessages messages,
        int number,
        params ReadOnlySpan<(IPAddress Address, int PrefixLength, IPAddress? Gateway)> addresses
    )
    {
        int index = IndexOf(number);
        string name = NameOf(number);
        messages.SetUp(index, name);
        foreach ((IPAddress address, int prefixLength, IPAddress? gateway) in addresses)
        {
            messages.AddAddress(index, name, address, prefixLength);
            if (gateway is not null)
            {
                messages.AddDefaultRoute(index, name, gateway);
            }
        }
    }
}
