using System.Net;

namespace Skiff.Engine.Network;

/// <summary>What a bridge network is. A user's is kept in root/networks/&lt;name&gt;.json; the run directory has a copy of every one that was up since the host was started, the default network's only there.</summary>
/// <param name="Name">The network's name, such as <c>bridge</c>.</param>
/// <param name="Bridge">The bridge's interface name.</param>
/// <param name="IPv4">Its IPv4 subnet.</param>
/// <param name="IPv6">Its IPv6 subnet; null when it has none.</param>
public sealed partial record NetworkDefinition(string Name, string Bridge, Subnet IPv4, Subnet? IPv6)
{
    /// <summary>The name and the key of the default network.</summary>
    public const string Default = "bridge";

    /// <summary>64 hexadecimal digits; empty for the default network, which is nobody's making.</summary>
    public string Id { get; init; } = "";

    /// <summary>When it was made; null for the default network.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>The bridge's IPv4 address.</summary>
    public IPAddress Gateway { get; init; } = IPv4.At(1);

    /// <summary>The bridge's IPv6 address.</summary>
    public IPAddress? Gateway6 { get; init; } = IPv6?.At(1);

    /// <summary>The part of the subnet that addresses are chosen from; null for all of it.</summary>
    public Subnet? Range { get; init; }

    /// <summary>The same for IPv6.</summary>
    public Subnet? Range6 { get; init; }

    /// <summary>Addresses of others in the network (<c>--aux-address</c>): name and address.</summary>
    public IReadOnlyDictionary<string, string> Reserved { get; init; } = s_none;

    /// <summary>No way out and none in.</summary>
    public bool Internal { get; init; }

    /// <summary><c>--label</c>.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = s_none;

    /// <summary><c>--opt</c>.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = s_none;

    private static readonly Dictionary<string, string> s_none = [];

    /// <summary>What its files in the run directory are named by: a name may be given to another network, an id is not.</summary>
    public string Key => Id.Length == 0 ? Default : Id[..12];

    /// <summary>True for a network that a user made.</summary>
    public bool IsUsers => Id.Length > 0;

    /// <summary>The nftables table (family inet) of a bridge; one per network, so that it goes away in one piece.</summary>
    public static string TableOf(string bridge) => bridge == "skiff0" ? "skiff" : "skiff_" + bridge;

    /// <summary>The nftables table of this network.</summary>
    public string Table => TableOf(Bridge);

    /// <summary>The same network on a host whose IPv6 is switched off.</summary>
    internal NetworkDefinition WithoutIPv6() => this with { IPv6 = null, Gateway6 = null, Range6 = null };

    /// <summary>The IPv6 address of a container whose IPv4 address has this number: the same number, so that one lease names both. Where that is the gateway's, it has the number of the IPv4 gateway, which no container has.</summary>
    internal IPAddress? IPv6Of(uint number)
    {
        if (IPv6 is null)
        {
            return null;
        }
        Subnet range = Range6 ?? IPv6;
        IPAddress address = range.At(number);
        return address.Equals(Gateway6) || Reserves(address) ? range.At(IPv4.NumberOf(Gateway)) : address;
    }

    /// <summary>True for an address that <c>--aux-address</c> keeps free.</summary>
    internal bool Reserves(IPAddress address)
    {
        foreach (string reserved in Reserved.Values)
        {
            if (IPAddress.TryParse(reserved, out IPAddress? other) && other.Equals(address))
            {
                return true;
            }
        }
        return false;
    }
}
