using System.Globalization;
using System.Net;
using Skiff.Engine.Network;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Names;

/// <summary>What the other containers of a container's networks are called: read from the leases when it is asked, so that who comes is found and who goes is not, and no process is asked.</summary>
internal sealed class NameLookup
{
    private readonly NetworkPaths _all;
    private readonly string _container;
    private readonly Dictionary<string, string> _links;
    private readonly Dictionary<string, NetworkDefinition> _known = new(StringComparer.Ordinal);

    /// <summary>For one container.</summary>
    /// <param name="runroot"><c>--runroot</c>.</param>
    /// <param name="container">Its id.</param>
    /// <param name="links"><c>--link</c>: what this container alone calls others.</param>
    internal NameLookup(string runroot, string container, IReadOnlyDictionary<string, string> links)
    {
        _all = new NetworkPaths(runroot, NetworkDefinition.Default);
        _container = container;
        _links = new Dictionary<string, string>(links, StringComparer.Ordinal);
    }

    /// <summary>The networks that the container is in now, the default one too.</summary>
    internal IReadOnlyList<NetworkDefinition> Networks()
    {
        List<NetworkDefinition> networks = [];
        foreach (string key in Tree.Names(_all.Active))
        {
            NetworkPaths paths = _all with { Key = key };
            if (!Files.Exists($"{paths.Owners}/{_container}"))
            {
                continue;
            }
            if (!_known.TryGetValue(key, out NetworkDefinition? network))
            {
                network = NetworkDefinition.TryRead(paths.Definition);
                if (network is null)
                {
                    continue;
                }
                _known[key] = network;
            }
            networks.Add(network);
        }
        networks.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return networks;
    }

    /// <summary>The addresses of a name, those of several containers in turn; null when nobody is called so.</summary>
    /// <param name="networks">Where to look, in this order.</param>
    /// <param name="name">The name, lower case.</param>
    internal IReadOnlyList<IPAddress>? Addresses(IReadOnlyList<NetworkDefinition> networks, string name)
    {
        if (!Spec.NetworkGrammar.IsDnsName(name))
        {
            return null;
        }
        string asked = _links.GetValueOrDefault(name, name);
        foreach (NetworkDefinition network in networks)
        {
            if (!network.IsUsers)
            {
                continue; // the default network knows no names
            }
            List<LeaseFile> found = Leases(network, asked);
            string suffix = "." + network.Name.ToLowerInvariant();
            if (found.Count == 0 && asked.EndsWith(suffix, StringComparison.Ordinal))
            {
                found = Leases(network, asked[..^suffix.Length]);
            }
            if (found.Count > 0)
            {
                return InTurn(found);
            }
        }
        return null;
    }

    /// <summary>The name of an address in one of the networks; empty when nobody has the address, and null when it lies in none of them.</summary>
    internal string? NameOf(IReadOnlyList<NetworkDefinition> networks, IPAddress address)
    {
        foreach (NetworkDefinition network in networks)
        {
            bool six = network.IPv6?.Contains(address) == true;
            if (!network.IsUsers || !(six || network.IPv4.Contains(address)))
            {
                continue;
            }
            NetworkPaths paths = _all with { Key = network.Key };
            string[] places = six
                ? [$"{paths.Asked6}/{address}", $"{paths.Leases}/{network.IPv4.At((network.Range6 ?? network.IPv6!).NumberOf(address))}"]
                : [$"{paths.Leases}/{address}"];
            foreach (string place in places)
            {
                if (
                    LeaseFile.TryRead(place) is { Names.Count: > 0 } lease
                    && (lease.IPv4.Equals(address) || address.Equals(lease.IPv6))
                    && IsHeld(paths, lease)
                )
                {
                    return $"{lease.Names[0]}.{network.Name.ToLowerInvariant()}";
                }
            }
            return "";
        }
        return null;
    }

    /// <summary>The address in a name below in-addr.arpa or ip6.arpa (RFC 1035, 3.5; RFC 3596, 2.5); null for other names.</summary>
    internal static IPAddress? Reversed(string name)
    {
        const string Four = ".in-addr.arpa",
            Six = ".ip6.arpa";
        if (name.EndsWith(Four, StringComparison.Ordinal))
        {
            string[] parts = name[..^Four.Length].Split('.');
            Span<byte> bytes = stackalloc byte[4];
            for (int i = 0; i < 4; i++)
            {
                if (parts.Length != 4 || !byte.TryParse(parts[3 - i], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i]))
                {
                    return null;
                }
            }
            return new IPAddress(bytes);
        }
        if (name.EndsWith(Six, StringComparison.Ordinal))
        {
            ReadOnlySpan<char> digits = name.AsSpan(0, name.Length - Six.Length);
            Span<byte> bytes = stackalloc byte[16];
            bytes.Clear();
            for (int i = 0; i < 32; i++)
            {
                if (
                    digits.Length != 63
                    || !char.IsAsciiHexDigitLower(digits[i * 2]) && !char.IsAsciiDigit(digits[i * 2])
                    || (i < 31 && digits[(i * 2) + 1] != '.')
                )
                {
                    return null;
                }
                bytes[15 - (i / 2)] |= (byte)(Convert.ToInt32(digits[i * 2].ToString(), 16) << (i % 2 * 4));
            }
            return new IPAddress(bytes);
        }
        return null;
    }

    private List<LeaseFile> Leases(NetworkDefinition network, string name)
    {
        NetworkPaths paths = _all with { Key = network.Key };
        List<LeaseFile> found = [];
        foreach (string container in Tree.Names($"{paths.Names}/{name}"))
        {
            if (LeaseFile.TryRead($"{paths.Names}/{name}/{container}") is { } lease && IsHeld(paths, lease))
            {
                found.Add(lease);
            }
        }
        return found;
    }

    /// <summary>What a crash left under a name may lead to an address that is another one's by now.</summary>
    private static bool IsHeld(NetworkPaths paths, LeaseFile lease) =>
        new LeaseStore(paths).Read(lease.IPv4)?.ContainerId == lease.ContainerId;

    /// <summary>Each answer begins with another container.</summary>
    private List<IPAddress> InTurn(List<LeaseFile> leases)
    {
        List<IPAddress> addresses = [];
        Span<byte> chance = stackalloc byte[1];
        RandomBytes.Fill(chance);
        int turn = chance[0] % leases.Count;
        for (int i = 0; i < leases.Count; i++)
        {
            LeaseFile lease = leases[(i + turn) % leases.Count];
            addresses.Add(lease.IPv4);
            if (lease.IPv6 is not null)
            {
                addresses.Add(lease.IPv6);
            }
        }
        return addresses;
    }
}
