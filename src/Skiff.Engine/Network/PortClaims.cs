using System.Globalization;
using System.Net;
using System.Text;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Engine.Network;

/// <summary>The index from host ports to leases: a file per protocol and number with a line "network address" per lease, so that no command reads all leases.</summary>
/// <remarks>It only leads to leases, which decide. A line whose lease is gone, or does not hold the port, is left from a crash and means nothing.</remarks>
internal sealed class PortClaims(NetworkPaths paths)
{
    /// <summary>A lease and the network it is in.</summary>
    internal readonly record struct Holder(NetworkPaths Network, LeaseFile Lease);

    /// <summary>The leases that hold a number, whatever the address.</summary>
    internal IReadOnlyList<Holder> Holders(string protocol, int port)
    {
        List<Holder> result = [];
        foreach (string line in Lines(PathOf(protocol, port)))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && IPAddress.TryParse(line.AsSpan(space + 1), out IPAddress? address))
            {
                NetworkPaths network = paths with { Key = line[..space] };
                if (new LeaseStore(network).Read(address) is { } lease && Holds(lease, protocol, port))
                {
                    result.Add(new Holder(network, lease));
                }
            }
        }
        return result;
    }

    /// <summary>Enters the ports of a lease of this network.</summary>
    internal void Add(LeaseFile lease)
    {
        string own = Line(lease) + "\n";
        foreach ((string protocol, int port) in Numbers(lease))
        {
            StringBuilder text = new(own);
            foreach (Holder other in Holders(protocol, port))
            {
                if (other.Network.Key != paths.Key || !other.Lease.IPv4.Equals(lease.IPv4))
                {
                    text.Append(other.Network.Key).Append(' ').Append(other.Lease.IPv4).Append('\n');
                }
            }
            paths.Replace(PathOf(protocol, port), Encoding.UTF8.GetBytes(text.ToString()));
        }
    }

    /// <summary>Those ports of a lease that it has entered: only they can be in the table, others may be somebody else's by now.</summary>
    internal IReadOnlyList<PublishedPort> Of(LeaseFile lease)
    {
        HashSet<(string, int)> claimed = [];
        foreach ((string protocol, int port) in Numbers(lease))
        {
            if (Lines(PathOf(protocol, port)).Contains(Line(lease)))
            {
                claimed.Add((protocol, port));
            }
        }
        return [.. lease.Ports.Where(p => claimed.Contains((p.Protocol, p.HostPort)))];
    }

    /// <summary>Takes the ports of a lease out again.</summary>
    internal void Remove(LeaseFile lease)
    {
        foreach ((string protocol, int port) in Numbers(lease))
        {
            string path = PathOf(protocol, port);
            List<string> lines = Lines(path);
            if (!lines.Remove(Line(lease)))
            {
                continue;
            }
            if (lines.Count == 0)
            {
                _ = Files.TryRemove(path);
            }
            else
            {
                paths.Replace(path, Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
            }
        }
    }

    private string Line(LeaseFile lease) => $"{paths.Key} {lease.IPv4}";

    private string PathOf(string protocol, int port) => string.Create(CultureInfo.InvariantCulture, $"{paths.Ports}/{protocol}-{port}");

    private static List<string> Lines(string path) =>
        [.. (Files.TryReadText(path, out _) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    private static bool Holds(LeaseFile lease, string protocol, int port)
    {
        foreach (PublishedPort held in lease.Ports)
        {
            if (held.HostPort == port && held.Protocol == protocol)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Each number once: IPv4 and IPv6 share a file.</summary>
    private static HashSet<(string Protocol, int Port)> Numbers(LeaseFile lease)
    {
        HashSet<(string, int)> numbers = [];
        foreach (PublishedPort port in lease.Ports)
        {
            numbers.Add((port.Protocol, port.HostPort));
        }
        return numbers;
    }
}
