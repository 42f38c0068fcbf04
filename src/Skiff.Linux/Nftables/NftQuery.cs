using Skiff.Linux.Netlink;

namespace Skiff.Linux.Nftables;

/// <summary>A base chain that drops what no rule accepts.</summary>
/// <param name="Family"><c>ip</c>, <c>ip6</c> or <c>inet</c>.</param>
/// <param name="Table">Name of its table.</param>
/// <param name="Chain">Its name.</param>
public sealed record DroppingChain(string Family, string Table, string Chain);

/// <summary>Reads nftables of the calling thread's network namespace.</summary>
public static class NftQuery
{
    /// <summary>True when the table of family inet exists; throws <see cref="LinuxException"/> when the kernel has no nf_tables.</summary>
    public static bool TableExists(NetlinkSocket socket, string table)
    {
        var writer = new NetlinkWriter();
        Begin(writer, NftBatch.NFT_MSG_GETTABLE, NetlinkSocket.NLM_F_REQUEST, (byte)NftFamily.Inet);
        writer.Text(1, table);
        writer.End();
        int errno = socket.Query(writer.ToArray(), dump: false, static (_, _) => { });
        return errno switch
        {
            0 => true,
            Errno.ENOENT => false,
            _ => throw new LinuxException("nft", $"list table inet {table}", errno),
        };
    }

    /// <summary>True when a rule of a chain names an interface.</summary>
    public static bool Mentions(NetlinkSocket socket, DroppingChain chain, string device)
    {
        byte[] name = System.Text.Encoding.UTF8.GetBytes(device + "\0");
        bool found = false;
        var writer = new NetlinkWriter();
        Begin(
            writer,
            NftBatch.NFT_MSG_GETRULE,
            NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_DUMP,
            chain.Family switch
            {
                "inet" => (byte)1,
                "ip" => (byte)2,
                _ => (byte)10,
            }
        );
        writer.Text(1, chain.Table);
        writer.Text(2, chain.Chain);
        writer.End();
        // The name is the operand of a comparison, padded with zeros (nft) or compared up to its own zero (iptables-nft).
        _ = socket.Query(writer.ToArray(), dump: true, (_, body) => found |= body.IndexOf(name) >= 0);
        return found;
    }

    /// <summary>Base chains of other tables at the forward hook whose policy is drop: an accept of ours cannot overrule them.</summary>
    public static IReadOnlyList<DroppingChain> ForwardDrops(NetlinkSocket socket)
    {
        const uint NF_INET_FORWARD = 2,
            NF_DROP = 0;
        var result = new List<DroppingChain>();
        var writer = new NetlinkWriter();
        Begin(writer, NftBatch.NFT_MSG_GETCHAIN, NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_DUMP, 0);
        writer.End();
        _ = socket.Query(
            writer.ToArray(),
            dump: true,
            (_, body) =>
            {
                string? family =
                    body.Length < 4
                        ? null
                        : body[0] switch
                        {
                            1 => "inet",
                            2 => "ip",
                            10 => "ip6",
                            _ => null,
                        };
                if (family is null)
                {
                    return;
                }
                string table = "",
                    chain = "";
                uint hook = uint.MaxValue,
                    policy = uint.MaxValue;
                var a = new NetlinkReader(body[4..]);
                while (a.Next())
                {
                    switch (a.Type)
                    {
                        case 1:
                            table = a.Text;
                            break;
                        case 3:
                            chain = a.Text;
                            break;
                        case 4:
                            var h = new NetlinkReader(a.Value);
                            while (h.Next())
                            {
                                hook = h.Type == 1 ? h.NetworkNumber : hook;
                            }
                            break;
                        case 5:
                            policy = a.NetworkNumber;
                            break;
                    }
                }
                if (hook == NF_INET_FORWARD && policy == NF_DROP)
                {
                    result.Add(new DroppingChain(family, table, chain));
                }
            }
        );
        return result;
    }

    private static void Begin(NetlinkWriter writer, ushort message, int flags, byte family) =>
        writer.Begin((ushort)((NftBatch.NFNL_SUBSYS_NFTABLES << 8) | message), (ushort)flags, [family, 0, 0, 0]);
}
