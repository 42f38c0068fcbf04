using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Skiff.Linux.Nftables;

/// <summary>One of the four maps of published ports: by family, and by whether the host address is part of the key.</summary>
/// <param name="V6">True for IPv6.</param>
/// <param name="WithAddress">True when the key begins with an address of the host.</param>
public readonly record struct PortMap(bool V6, bool WithAddress)
{
    // nft's numbers of data types, six bits each in a concatenation; the kernel only stores them, nft(8) prints by them.
    private const uint TYPE_IPADDR = 7;
    private const uint TYPE_IP6ADDR = 8;
    private const uint TYPE_INET_PROTOCOL = 12;
    private const uint TYPE_INET_SERVICE = 13;

    /// <summary>Its name in the table.</summary>
    public string Name => (WithAddress ? "published_at" : "published") + (V6 ? "6" : "4");

    internal int AddressLength => V6 ? 16 : 4;

    internal int KeyLength => (WithAddress ? AddressLength : 0) + 8;

    internal int DataLength => AddressLength + 4;

    internal uint KeyType => ((WithAddress ? AddressType : 0) << 12) | (TYPE_INET_PROTOCOL << 6) | TYPE_INET_SERVICE;

    internal uint DataType => (AddressType << 6) | TYPE_INET_SERVICE;

    internal string TypeText => $"{(WithAddress ? AddressText + " . " : "")}inet_proto . inet_service : {AddressText} . inet_service";

    private uint AddressType => V6 ? TYPE_IP6ADDR : TYPE_IPADDR;

    private string AddressText => V6 ? "ipv6_addr" : "ipv4_addr";
}

/// <summary>A published port as an element of a map.</summary>
/// <param name="Protocol">IP protocol: 6 TCP, 17 UDP, 132 SCTP.</param>
/// <param name="HostAddress">Address of the host; 0.0.0.0 or :: for all.</param>
/// <param name="HostPort">Port on the host.</param>
/// <param name="Address">The container's address, of the same family.</param>
/// <param name="Port">The container's port.</param>
public sealed record PortRule(byte Protocol, IPAddress HostAddress, int HostPort, IPAddress Address, int Port)
{
    /// <summary>The map it belongs to.</summary>
    public PortMap Map =>
        new(
            HostAddress.AddressFamily == AddressFamily.InterNetworkV6,
            !HostAddress.Equals(IPAddress.Any) && !HostAddress.Equals(IPAddress.IPv6Any)
        );

    internal string KeyText => $"{(Map.WithAddress ? $"{HostAddress} . " : "")}{ProtocolText} . {HostPort}";

    internal string DataText => $"{Address} . {Port}";

    private string ProtocolText =>
        Protocol switch
        {
            6 => "tcp",
            17 => "udp",
            132 => "sctp",
            _ => Protocol.ToString(),
        };

    /// <summary>Each field of a concatenation fills whole 32-bit registers.</summary>
    internal int WriteKey(Span<byte> to)
    {
        to.Clear();
        int at = 0;
        if (Map.WithAddress)
        {
            HostAddress.TryWriteBytes(to, out at);
        }
        to[at] = Protocol;
        BinaryPrimitives.WriteUInt16BigEndian(to[(at + 4)..], (ushort)HostPort);
        return at + 8;
    }

    internal int WriteData(Span<byte> to)
    {
        to.Clear();
        Address.TryWriteBytes(to, out int at);
        BinaryPrimitives.WriteUInt16BigEndian(to[at..], (ushort)Port);
        return at + 4;
    }
}
