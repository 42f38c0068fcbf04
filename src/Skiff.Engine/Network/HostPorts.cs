using System.Globalization;
using System.Net;
using Skiff.Engine.Containers;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Netlink;

namespace Skiff.Engine.Network;

/// <summary>Turns <c>-p</c> into single host ports that nobody else uses.</summary>
/// <param name="claims">Who holds which port; null for a plan that is only shown.</param>
/// <param name="evict">Gives back a lease if its container is gone; true when it did.</param>
/// <param name="ipv6">True when the network has IPv6.</param>
/// <param name="nameOf">The name of the container with an id, for messages.</param>
/// <param name="usual">The host's address where <c>-p</c> names none; empty for all.</param>
internal sealed class HostPorts(
    PortClaims? claims,
    Func<PortClaims.Holder, bool> evict,
    bool ipv6,
    Func<string, string>? nameOf = null,
    string usual = ""
)
{
    private const string HostProcess = "a process of the host";
    private readonly List<PublishedPort> _ports = [];

    /// <summary>IP protocol number of <c>tcp</c>, <c>udp</c> or <c>sctp</c>.</summary>
    internal static byte ProtocolNumber(string protocol) =>
        protocol switch
        {
            "udp" => 17,
            "sctp" => 132,
            _ => 6,
        };

    /// <summary>Expands ranges, picks free ports where none is named, and refuses those in use.</summary>
    internal IReadOnlyList<PublishedPort> Resolve(IReadOnlyList<PortMapping> mappings)
    {
        foreach (PortMapping mapping in mappings)
        {
            IReadOnlyList<string> addresses = Addresses(mapping.HostIp);
            for (int i = 0; i < mapping.Count; i++)
            {
                int container = mapping.ContainerPort + i;
                if (mapping.HostPort == 0)
                {
                    Add(addresses, PickAny(addresses, mapping.Protocol, container), container, mapping.Protocol);
                }
                else if (mapping.ChoosesFromRange)
                {
                    Add(addresses, PickFrom(addresses, mapping, container), container, mapping.Protocol);
                }
                else
                {
                    int host = mapping.HostPort + i;
                    foreach (string address in addresses)
                    {
                        if (Why(address, host, mapping.Protocol) is string reason)
                        {
                            // Only for this sentence: it reads all processes.
                            string? holder = reason == HostProcess ? PortHolder.Find(host, mapping.Protocol == "udp") : null;
                            reason = holder is null ? reason : $"{reason}: {holder}";
                            throw new SkiffException(
                                $"cannot publish port {container}/{mapping.Protocol}: port {host}/{mapping.Protocol} of {address} is in use by {reason}",
                                125
                            );
                        }
                    }
                    Add(addresses, host, container, mapping.Protocol);
                }
            }
        }
        return _ports;
    }

    private IReadOnlyList<string> Addresses(string hostIp)
    {
        if (hostIp.Length == 0)
        {
            return usual.Length > 0 ? [usual]
                : ipv6 ? ["0.0.0.0", "::"]
                : ["0.0.0.0"];
        }
        if (!IPAddress.TryParse(hostIp, out IPAddress? address))
        {
            throw new SkiffException($"cannot publish on \"{hostIp}\": it is not an IP address", 125);
        }
        if (address.GetAddressBytes().Length == 16 && !ipv6)
        {
            throw new SkiffException($"cannot publish on [{address}]: the network has no IPv6 addresses", 125);
        }
        return [address.ToString()];
    }

    private void Add(IReadOnlyList<string> addresses, int host, int container, string protocol)
    {
        foreach (string address in addresses)
        {
            _ports.Add(new PublishedPort(address, host, container, protocol));
        }
    }

    private int PickAny(IReadOnlyList<string> addresses, string protocol, int container)
    {
        for (int attempt = 0; attempt < 200; attempt++)
        {
            // The kernel's own choice lies in net.ipv4.ip_local_port_range and is free on the first address.
            int port =
                claims is not null && protocol != "sctp"
                    ? PortProbe.FreePort(addresses[0], protocol == "udp")
                    : 32768 + (((container * 7) + (attempt * 101)) % 28000);
            if (IsFree(addresses, port, protocol))
            {
                return port;
            }
        }
        throw new SkiffException(
            $"cannot publish port {container}/{protocol}: no free port of {addresses[0]} was found in 200 attempts",
            125
        );
    }

    private int PickFrom(IReadOnlyList<string> addresses, PortMapping mapping, int container)
    {
        for (int port = mapping.HostPort; port <= mapping.HostPortEnd; port++)
        {
            if (IsFree(addresses, port, mapping.Protocol))
            {
                return port;
            }
        }
        throw new SkiffException(
            $"cannot publish port {container}/{mapping.Protocol}: all ports from {mapping.HostPort} to {mapping.HostPortEnd} of {addresses[0]} are in use",
            125
        );
    }

    private bool IsFree(IReadOnlyList<string> addresses, int port, string protocol)
    {
        foreach (string address in addresses)
        {
            if (Why(address, port, protocol) is not null)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Who uses it, or null.</summary>
    private string? Why(string address, int port, string protocol)
    {
        foreach (PublishedPort own in _ports)
        {
            if (Clashes(own, address, port, protocol))
            {
                return "another -p of the same container";
            }
        }
        if (claims is null)
        {
            return null;
        }
        foreach (PortClaims.Holder holder in claims.Holders(protocol, port))
        {
            foreach (PublishedPort theirs in holder.Lease.Ports)
            {
                if (Clashes(theirs, address, port, protocol) && !evict(holder))
                {
                    return "container " + Name(holder.Lease.ContainerId);
                }
            }
        }
        if (protocol == "sctp")
        {
            return null;
        }
        int errno = PortProbe.Try(address, port, protocol == "udp");
        return errno switch
        {
            0 => null,
            Errno.EADDRINUSE => HostProcess,
            Errno.EADDRNOTAVAIL => throw new SkiffException($"cannot publish on {address}: the host has no such address", 125),
            Errno.EACCES when RootlessUser.Current is not null => throw new SkiffException(
                $"cannot publish port {port.ToString(CultureInfo.InvariantCulture)}/{protocol}: the host gives ordinary users ports from {LowestPort()} on; take such a one, or let root run sysctl net.ipv4.ip_unprivileged_port_start={port.ToString(CultureInfo.InvariantCulture)}",
                125
            ),
            // No IPv6 sockets on this host: nothing can hold the port.
            Errno.EAFNOSUPPORT => null,
            _ => throw new SkiffException(
                $"cannot publish port {port.ToString(CultureInfo.InvariantCulture)}/{protocol} of {address}: {Errno.Describe(errno)}",
                125
            ),
        };
    }

    private static string LowestPort() => Files.TryReadText("/proc/sys/net/ipv4/ip_unprivileged_port_start", out _)?.Trim() ?? "1024";

    private string Name(string id)
    {
        string digits = id[..Math.Min(12, id.Length)];
        return nameOf?.Invoke(id) is { Length: > 0 } name ? $"{name} ({digits})" : digits;
    }

    private static bool Clashes(PublishedPort p, string address, int port, string protocol) =>
        p.HostPort == port
        && p.Protocol == protocol
        && p.HostIp.Contains(':', StringComparison.Ordinal) == address.Contains(':', StringComparison.Ordinal)
        && (p.HostIp == address || p.HostIp is "0.0.0.0" or "::" || address is "0.0.0.0" or "::");
}
