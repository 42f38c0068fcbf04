using System.Globalization;
using System.Net;
using System.Text;
using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>What one container holds in a network: the file leases/&lt;ip&gt;, and owners/&lt;container&gt; as a second name of it. It alone decides who owns the address and the host ports, so a cleanup needs nothing else.</summary>
/// <param name="ContainerId">The owner.</param>
/// <param name="IPv4">Its address.</param>
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
    private const string NamesWord = "names ";

    /// <summary>What others in a user's network find it by, lower case; the container's own name first.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Lines: IPv4, id, IPv6 or -, MAC, interface, then a line of names and a line per port.</summary>
    public byte[] Write()
    {
        var text = new StringBuilder(256);
        text.Append(IPv4)
            .Append('\n')
            .Append(ContainerId)
            .Append('\n')
            .Append(IPv6?.ToString() ?? "-")
            .Append('\n')
            .Append(Mac)
            .Append('\n')
            .Append(HostInterface)
            .Append('\n');
        if (Names.Count > 0)
        {
            text.Append(NamesWord).AppendJoin(' ', Names).Append('\n');
        }
        foreach (PublishedPort port in Ports)
        {
            text.Append(CultureInfo.InvariantCulture, $"{port.Protocol} {port.HostIp} {port.HostPort} {port.ContainerPort}\n");
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads a lease; null when there is none, or when a crash left it unfinished: then it was not yet a lease.</summary>
    /// <param name="path">The file, by either name.</param>
    public static LeaseFile? TryRead(string path)
    {
        string? text = Files.TryReadText(path, out _);
        string[] lines = text?.Split('\n') ?? [];
        if (lines.Length < 6 || !IPAddress.TryParse(lines[0], out IPAddress? address))
        {
            return null;
        }
        List<PublishedPort> ports = [];
        string[] names = [];
        for (int i = 5; i < lines.Length; i++)
        {
            if (lines[i].StartsWith(NamesWord, StringComparison.Ordinal))
            {
                names = lines[i][NamesWord.Length..].Split(' ');
                continue;
            }
            string[] f = lines[i].Split(' ');
            if (f.Length == 4 && int.TryParse(f[2], out int host) && int.TryParse(f[3], out int container))
            {
                ports.Add(new PublishedPort(f[1], host, container, f[0]));
            }
        }
        return new LeaseFile(lines[1], address, IPAddress.TryParse(lines[2], out IPAddress? v6) ? v6 : null, lines[3], lines[4], ports)
        {
            Names = names,
        };
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

    /// <summary>The transaction that takes its ports out of the table; null without ports.</summary>
    /// <remarks>They came in one transaction, so all are there or, after somebody flushed the table or a crash before they were added, none: ENOENT is fine.</remarks>
    internal NftTransaction? RemoveElements(string table, Linux.Netlink.NetlinkSocket? socket = null)
    {
        IReadOnlyList<PortRule> rules = Rules();
        if (rules.Count == 0)
        {
            return null;
        }
        NftBatch batch = new(table);
        foreach (PortRule rule in rules)
        {
            batch.DeleteElement(rule);
        }
        return batch.Build(Errno.ENOENT, socket: socket);
    }
}
