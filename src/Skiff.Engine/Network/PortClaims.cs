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
                NetworkPaths network = paths with { Name = line[..space] };
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
        string own = $"{paths.Name} {lease.IPv4}\n";
        foreach ((string protocol, int port) in Numbers(lease))
        {
            StringBuilder text = new(own);
            foreach (Holder other in Holders(protocol, port))
            {
                if (other.Network.Name != paths.Name || !other.Lease.IPv4.Equals(lease.IPv4))
                {
                    text.Append(other.Network.Name).Append(' ').Append(other.Lease.IPv4).Append('\n');
                }
            }
            Write(PathOf(protocol, port), text.ToString());
        }
    }

    /// <summary>Takes the ports of a lease out again.</summary>
    /// <returns>Those that it had entered: only they can be in the table.</returns>
    internal IReadOnlyList<PublishedPort> Remove(LeaseFile lease)
    {
        string own = $"{paths.Name} {lease.IPv4}";
        HashSet<(string, int)> claimed = [];
        foreach ((string protocol, int port) in Numbers(lease))
        {
            string path = PathOf(protocol, port);
            List<string> lines = Lines(path);
            if (!lines.Remove(own))
            {
                continue;
            }
            claimed.Add((protocol, port));
            if (lines.Count == 0)
            {
                _ = Files.TryRemove(path);
            }
            else
            {
                Write(path, string.Join('\n', lines) + "\n");
            }
        }
        return [.. lease.Ports.Where(p => claimed.Contains((p.Protocol, p.HostPort)))];
    }

    private string PathOf(string protocol, int port) => string.Create(CultureInfo.InvariantCulture, $"{paths.Ports}/{protocol}-{port}");

    private void Write(string path, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        try
        {
            Files.Replace(path, bytes);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            _ = Files.TryMakeDirectory(paths.Ports, 0x1C0);
            Files.Replace(path, bytes);
        }
    }

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
