using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Skiff.Linux.Netlink;

/// <summary>A link as the kernel lists it.</summary>
/// <param name="Index">Interface index.</param>
/// <param name="Name">Interface name.</param>
/// <param name="MasterIndex">Index of the bridge it is a port of, or 0.</param>
/// <param name="Mtu">MTU in bytes.</param>
/// <param name="Alias">The note set with <c>ip link set … alias</c>, or empty.</param>
/// <param name="Kind">Such as <c>bridge</c> or <c>veth</c>; empty for hardware.</param>
/// <param name="Up">True when administratively up.</param>
public sealed record LinkInfo(int Index, string Name, int MasterIndex, int Mtu, string Alias, string Kind, bool Up);

/// <summary>An address as the kernel lists it.</summary>
/// <param name="Index">Interface it belongs to.</param>
/// <param name="Address">The local address.</param>
/// <param name="PrefixLength">Bits of its network.</param>
public sealed record AddressInfo(int Index, IPAddress Address, int PrefixLength);

/// <summary>A route of the main table, or of another one that policy rules may use.</summary>
/// <param name="Destination">Network; 0.0.0.0/0 or ::/0 is the default route.</param>
/// <param name="PrefixLength">Bits of the network.</param>
/// <param name="Index">Output interface, or 0 for several or none.</param>
/// <param name="Table">254 is main, 255 local.</param>
/// <param name="Gateway">Next hop, or null.</param>
public sealed record RouteInfo(IPAddress Destination, int PrefixLength, int Index, uint Table, IPAddress? Gateway);

/// <summary>Reads links, addresses and routes of the calling thread's network namespace (rtnetlink(7)). Used when a network is made, not for each container.</summary>
public static unsafe class RouteDump
{
    private const ushort RTM_GETLINK = 18;
    private const ushort RTM_GETADDR = 22;
    private const ushort RTM_GETROUTE = 26;

    /// <summary>Interface index of a name, 0 if there is no such link: one ioctl, no dump.</summary>
    public static int IndexOf(string name)
    {
        Span<byte> bytes = stackalloc byte[64];
        int n = Encoding.UTF8.GetBytes(name, bytes[..63]);
        bytes[n] = 0;
        fixed (byte* p = bytes)
        {
            return (int)Libc.if_nametoindex(p);
        }
    }

    /// <summary>The link with this name, or null.</summary>
    public static LinkInfo? FindLink(string name)
    {
        int index = IndexOf(name);
        if (index == 0)
        {
            return null;
        }
        LinkInfo? found = null;
        Span<byte> header = stackalloc byte[16];
        RouteMessages.LinkHeader(header, index, up: false);
        _ = Ask(RTM_GETLINK, header, dump: false, (_, body) => found = ParseLink(body));
        return found;
    }

    /// <summary>All links.</summary>
    public static IReadOnlyList<LinkInfo> Links()
    {
        var result = new List<LinkInfo>();
        Check(
            "RTM_GETLINK",
            Ask(
                RTM_GETLINK,
                stackalloc byte[16],
                dump: true,
                (_, body) =>
                {
                    if (ParseLink(body) is { } link)
                    {
                        result.Add(link);
                    }
                }
            )
        );
        return result;
    }

    /// <summary>All addresses of both families.</summary>
    public static IReadOnlyList<AddressInfo> Addresses()
    {
        const ushort IFA_ADDRESS = 1,
            IFA_LOCAL = 2;
        var result = new List<AddressInfo>();
        Check(
            "RTM_GETADDR",
            Ask(
                RTM_GETADDR,
                stackalloc byte[8],
                dump: true,
                (_, body) =>
                {
                    if (body.Length < 8)
                    {
                        return;
                    }
                    IPAddress? address = null;
                    bool local = false;
                    var a = new NetlinkReader(body[8..]);
                    while (a.Next())
                    {
                        // On a point-to-point link IFA_ADDRESS is the other side.
                        if (a.Type == IFA_LOCAL || (a.Type == IFA_ADDRESS && !local))
                        {
                            address = Address(a.Value);
                            local = a.Type == IFA_LOCAL;
                        }
                    }
                    if (address is not null)
                    {
                        result.Add(new AddressInfo(BinaryPrimitives.ReadInt32LittleEndian(body[4..]), address, body[1]));
                    }
                }
            )
        );
        return result;
    }

    /// <summary>All unicast routes of both families and all tables but <c>local</c>.</summary>
    public static IReadOnlyList<RouteInfo> Routes()
    {
        const ushort RTA_DST = 1,
            RTA_OIF = 4,
            RTA_GATEWAY = 5,
            RTA_TABLE = 15;
        var result = new List<RouteInfo>();
        Check(
            "RTM_GETROUTE",
            Ask(
                RTM_GETROUTE,
                stackalloc byte[12],
                dump: true,
                (_, body) =>
                {
                    const byte RTN_UNICAST = 1,
                        RT_TABLE_LOCAL = 255;
                    const uint RTM_F_CLONED = 0x200;
                    if (
                        body.Length < 12
                        || body[7] != RTN_UNICAST
                        || (BinaryPrimitives.ReadUInt32LittleEndian(body[8..]) & RTM_F_CLONED) != 0
                    )
                    {
                        return;
                    }
                    IPAddress destination = body[0] == 10 ? IPAddress.IPv6Any : IPAddress.Any;
                    IPAddress? gateway = null;
                    int index = 0;
                    uint table = body[4];
                    var a = new NetlinkReader(body[12..]);
                    while (a.Next())
                    {
                        switch (a.Type)
                        {
                            case RTA_DST:
                                destination = Address(a.Value) ?? destination;
                                break;
                            case RTA_OIF:
                                index = (int)a.Number;
                                break;
                            case RTA_GATEWAY:
                                gateway = Address(a.Value);
                                break;
                            case RTA_TABLE:
                                table = a.Number;
                                break;
                        }
                    }
                    if (table != RT_TABLE_LOCAL)
                    {
                        result.Add(new RouteInfo(destination, body[1], index, table, gateway));
                    }
                }
            )
        );
        return result;
    }

    private static LinkInfo? ParseLink(ReadOnlySpan<byte> body)
    {
        const ushort IFLA_IFNAME = 3,
            IFLA_MTU = 4,
            IFLA_MASTER = 10,
            IFLA_LINKINFO = 18,
            IFLA_IFALIAS = 20,
            IFLA_INFO_KIND = 1;
        if (body.Length < 16)
        {
            return null;
        }
        string name = "",
            alias = "",
            kind = "";
        int master = 0,
            mtu = 0;
        var a = new NetlinkReader(body[16..]);
        while (a.Next())
        {
            switch (a.Type)
            {
                case IFLA_IFNAME:
                    name = a.Text;
                    break;
                case IFLA_MTU:
                    mtu = (int)a.Number;
                    break;
                case IFLA_MASTER:
                    master = (int)a.Number;
                    break;
                case IFLA_IFALIAS:
                    alias = a.Text;
                    break;
                case IFLA_LINKINFO:
                    var info = new NetlinkReader(a.Value);
                    while (info.Next())
                    {
                        kind = info.Type == IFLA_INFO_KIND ? info.Text : kind;
                    }
                    break;
            }
        }
        return new LinkInfo(BinaryPrimitives.ReadInt32LittleEndian(body[4..]), name, master, mtu, alias, kind, (body[8] & 1) != 0);
    }

    private static IPAddress? Address(ReadOnlySpan<byte> bytes) => bytes.Length is 4 or 16 ? new IPAddress(bytes) : null;

    private static int Ask(ushort type, ReadOnlySpan<byte> header, bool dump, NetlinkMessageHandler each)
    {
        var writer = new NetlinkWriter();
        writer.Begin(type, (ushort)(NetlinkSocket.NLM_F_REQUEST | (dump ? NetlinkSocket.NLM_F_DUMP : 0)), header);
        writer.End();
        using var socket = NetlinkSocket.Open(NetlinkSocket.NETLINK_ROUTE);
        return socket.Query(writer.ToArray(), dump, each);
    }

    private static void Check(string request, int errno)
    {
        if (errno != 0)
        {
            throw new LinuxException("netlink", request, errno);
        }
    }
}
