using System.Globalization;
using System.Net;
using System.Text;
using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>What one container holds in a network: the file leases/&lt;ip&gt;. It alone decides who owns the address and the host ports, so a cleanup needs nothing else.</summary>
/// <param name="ContainerId">The owner.</param>
/// <param name="IPv4">Its address, the file's name.</param>
/// <param name="IPv6">Its IPv6 address, or null.</param>
/// <param name="Mac">Hardware address of its end of the cable.</param>
/// <param name="HostInterface">Name of the host's end.</param>
/// <param name="Ports">Host ports it holds.</param>
public sealed record LeaseFile(
    string ContainerId,
    IPAddress IPv4,
    IPAddress? IPv6,
    string Mac,
    string HostInterface,
    IReadOnlyList<PublishedPort> Ports
)
{
    /// <summary>Lines: id, IPv6 or -, MAC, interface, then a line per port.</summary>
    public byte[] Write()
    {
        var text = new StringBuilder(256);
        text.Append(ContainerId)
            .Append('\n')
            .Append(IPv6?.ToString() ?? "-")
            .Append('\n')
            .Append(Mac)
            .Append('\n')
            .Append(HostInterface)
            .Append('\n');
        foreach (PublishedPort port in Ports)
        {
            text.Append(CultureInfo.InvariantCulture, $"{port.Protocol} {port.HostIp} {port.HostPort} {port.ContainerPort}\n");
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads a lease; null when there is none. A damaged one has an empty id and so no living owner.</summary>
    public static LeaseFile? TryRead(string leases, IPAddress address)
    {
        string? text = Files.TryReadText($"{leases}/{address}", out _);
        if (text is null)
        {
            return null;
        }
        string[] lines = text.Split('\n');
        if (lines.Length < 5)
        {
            return new LeaseFile("", address, null, "", "", []);
        }
        List<PublishedPort> ports = [];
        for (int i = 4; i < lines.Length; i++)
        {
            string[] f = lines[i].Split(' ');
            if (f.Length == 4 && int.TryParse(f[2], out int host) && int.TryParse(f[3], out int container))
            {
                ports.Add(new PublishedPort(f[1], host, container, f[0]));
            }
        }
        return new LeaseFile(lines[0], address, IPAddress.TryParse(lines[1], out IPAddress? v6) ? v6 : null, lines[2], lines[3], ports);
    }

    /// <summary>All leases of a network.</summary>
    public static IReadOnlyList<LeaseFile> All(string leases)
    {
        List<LeaseFile> result = [];
        foreach (string name in NetworkPaths.List(leases))
        {
            if (IPAddress.TryParse(name, out IPAddress? address) && TryRead(leases, address) is { } lease)
            {
                result.Add(lease);
            }
        }
        return result;
    }

    /// <summary>The ports as elements of the table's maps.</summary>
    public IReadOnlyList<PortRule> Rules()
    {
        List<PortRule> rules = new(Ports.Count);
        foreach (PublishedPort port in Ports)
        {
            IPAddress host = IPAddress.Parse(port.HostIp);
            IPAddress? to = host.AddressFamily == IPv4.AddressFamily ? IPv4 : IPv6;
            if (to is not null)
            {
                rules.Add(new PortRule(HostPorts.ProtocolNumber(port.Protocol), host, port.HostPort, to, port.ContainerPort));
            }
        }
        return rules;
    }

    /// <summary>Removes the elements that are there; the whole batch first, one by one when some are missing.</summary>
    internal void RemoveElements(string table)
    {
        IReadOnlyList<PortRule> rules = Rules();
        if (rules.Count == 0)
        {
            return;
        }
        var batch = new NftBatch(table);
        foreach (PortRule rule in rules)
        {
            batch.DeleteElement(rule);
        }
        try
        {
            batch.Build().Run();
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            foreach (PortRule rule in rules)
            {
                new NftBatch(table).DeleteElement(rule).Build(Errno.ENOENT).Run();
            }
        }
    }
}
