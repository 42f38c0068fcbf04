using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Skiff.Linux.Actions;
using Skiff.Linux.Netlink;

namespace Skiff.Linux.Nftables;

/// <summary>Makes the kernel forget flows (linux/netfilter/nfnetlink_conntrack.h): a known flow keeps its translation, or its lack of one, whatever the rules say now.</summary>
/// <remarks>UDP has no end that the kernel could see, so a client that goes on sending would talk to a container that is gone, or never reach a new one.</remarks>
public sealed record ConntrackFlush : HostAction
{
    private const ushort NFNL_SUBSYS_CTNETLINK = 1;
    private const ushort IPCTNL_MSG_CT_GET = 1;
    private const ushort IPCTNL_MSG_CT_DELETE = 2;
    private const ushort CTA_TUPLE_ORIG = 1;
    private const ushort CTA_TUPLE_REPLY = 2;
    private const ushort CTA_FILTER = 25;
    private const byte IPPROTO_UDP = 17;

    private readonly byte[] _families;
    private readonly IReadOnlyList<int> _ports;
    private readonly Action<NetlinkWriter> _filter;

    private ConntrackFlush(byte[] families, IReadOnlyList<int> ports, string text, Action<NetlinkWriter> filter)
    {
        _families = families;
        _ports = ports;
        _filter = filter;
        Text = text;
        Message = Write(IPCTNL_MSG_CT_DELETE, NetlinkSocket.NLM_F_ACK, families[0], filter);
    }

    /// <summary>The bytes of one send(2) on a NETLINK_NETFILTER socket that delete all of them at once: kernel 6.11; older ones refuse it with EOPNOTSUPP, <see cref="Run()"/> works with both.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    /// <summary>The socket to send it on; null to open one. See <see cref="NftTransaction.Socket"/>.</summary>
    public NetlinkSocket? Socket { get; init; }

    /// <inheritdoc/>
    public override string Text { get; }

    /// <inheritdoc/>
    public override string ManPage => "conntrack(8)";

    /// <summary>UDP flows of both families that were begun towards ports of this host.</summary>
    public static ConntrackFlush ToPorts(IReadOnlyList<int> ports) =>
        new(
            [RouteMessages.Family(v6: false), RouteMessages.Family(v6: true)],
            ports,
            $"IPCTNL_MSG_CT_DELETE orig proto udp dport {string.Join(',', ports)}",
            w =>
            {
                int tuple = w.Open(CTA_TUPLE_ORIG);
                int proto = w.Open(2);
                w.Byte(1, IPPROTO_UDP);
                w.Close(proto);
                w.Close(tuple);
                // CTA_PROTO_NUM of net/netfilter/nf_conntrack_internal.h; the ports are compared here, so that one listing serves for any number.
                Filter(w, 1, 1 << 3);
            }
        );

    /// <summary>Flows that a container answered.</summary>
    public static ConntrackFlush OfContainer(IPAddress address)
    {
        bool v6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        return new(
            [RouteMessages.Family(v6)],
            [],
            $"IPCTNL_MSG_CT_DELETE family {(v6 ? "ipv6" : "ipv4")} reply src {address}",
            w =>
            {
                int tuple = w.Open(CTA_TUPLE_REPLY);
                int ip = w.Open(1);
                w.Bytes(v6 ? (ushort)3 : (ushort)1, address.GetAddressBytes());
                w.Close(ip);
                w.Close(tuple);
                Filter(w, 2, 1 << 0);
            }
        );
    }

    /// <inheritdoc/>
    public override void Run()
    {
        if (Socket is not null)
        {
            Run(Socket);
            return;
        }
        using var socket = NetlinkSocket.Open(NetlinkSocket.NETLINK_NETFILTER);
        Run(socket);
    }

    /// <summary>Lists and deletes one by one. A kernel without ctnetlink keeps its flows: they end by their timeouts.</summary>
    private void Run(NetlinkSocket socket)
    {
        foreach (byte family in _families)
        {
            foreach (byte[] tuple in List(socket, family))
            {
                _ = socket.Transact(
                    Write(
                        IPCTNL_MSG_CT_DELETE,
                        NetlinkSocket.NLM_F_ACK,
                        family,
                        w =>
                        {
                            int at = w.Open(CTA_TUPLE_ORIG);
                            w.Raw(tuple);
                            w.Close(at);
                        }
                    )
                );
            }
        }
    }

    private List<byte[]> List(NetlinkSocket socket, byte family)
    {
        List<byte[]> found = [];
        _ = socket.Query(
            Write(IPCTNL_MSG_CT_GET, NetlinkSocket.NLM_F_DUMP, family, _filter),
            dump: true,
            (_, body) =>
            {
                var a = new NetlinkReader(body.Length < 4 ? default : body[4..]);
                while (a.Next())
                {
                    if (a.Type == CTA_TUPLE_ORIG && (_ports.Count == 0 || _ports.Contains(Port(a.Value))))
                    {
                        found.Add(a.Value.ToArray());
                    }
                }
            }
        );
        return found;
    }

    /// <summary>The destination port of a tuple; -1 without one.</summary>
    private static int Port(ReadOnlySpan<byte> tuple)
    {
        const ushort CTA_TUPLE_PROTO = 2,
            CTA_PROTO_DST_PORT = 3;
        var a = new NetlinkReader(tuple);
        while (a.Next())
        {
            var p = new NetlinkReader(a.Type == CTA_TUPLE_PROTO ? a.Value : default);
            while (p.Next())
            {
                if (p.Type == CTA_PROTO_DST_PORT && p.Value.Length == 2)
                {
                    return BinaryPrimitives.ReadUInt16BigEndian(p.Value);
                }
            }
        }
        return -1;
    }

    private static byte[] Write(ushort message, ushort flags, byte family, Action<NetlinkWriter> content)
    {
        NetlinkWriter writer = new();
        writer.Begin((ushort)((NFNL_SUBSYS_CTNETLINK << 8) | message), (ushort)(NetlinkSocket.NLM_F_REQUEST | flags), [family, 0, 0, 0]);
        content(writer);
        writer.End();
        return writer.ToArray();
    }

    /// <summary>Which fields of a tuple count: 1 names the original direction, 2 the reply (kernel 5.8).</summary>
    private static void Filter(NetlinkWriter w, ushort direction, uint fields)
    {
        int filter = w.Open(CTA_FILTER);
        w.Number(direction, fields);
        w.Close(filter);
    }
}
