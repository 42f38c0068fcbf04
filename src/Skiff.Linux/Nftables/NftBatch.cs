using System.Text;
using Skiff.Linux.Actions;
using Skiff.Linux.Netlink;

namespace Skiff.Linux.Nftables;

/// <summary>Hooks of the inet family, linux/netfilter.h.</summary>
public enum NftHook
{
    /// <summary>Before routing.</summary>
    Prerouting = 0,

    /// <summary>Routed through this host.</summary>
    Forward = 2,

    /// <summary>Sent by this host.</summary>
    Output = 3,

    /// <summary>About to leave.</summary>
    Postrouting = 4,
}

/// <summary>Families of tables, linux/netfilter.h.</summary>
public enum NftFamily
{
    /// <summary>IPv4 and IPv6.</summary>
    Inet = 1,

    /// <summary>Frames of one device, before anything else sees them.</summary>
    Netdev = 5,
}

/// <summary>Builds one transaction on one table (linux/netfilter/nf_tables.h).</summary>
public sealed class NftBatch
{
    internal const ushort NFNL_SUBSYS_NFTABLES = 10;
    internal const ushort NFT_MSG_GETTABLE = 1;
    internal const ushort NFT_MSG_GETCHAIN = 4;
    internal const ushort NFT_MSG_GETRULE = 7;

    private const ushort NFNL_MSG_BATCH_BEGIN = 0x10;
    private const ushort NFNL_MSG_BATCH_END = 0x11;
    private const ushort NFT_MSG_NEWTABLE = 0;
    private const ushort NFT_MSG_DELTABLE = 2;
    private const ushort NFT_MSG_NEWCHAIN = 3;
    private const ushort NFT_MSG_NEWRULE = 6;
    private const ushort NFT_MSG_NEWSET = 9;
    private const ushort NFT_MSG_NEWSETELEM = 12;
    private const ushort NFT_MSG_DELSETELEM = 14;
    private const uint NFT_SET_MAP = 8;

    private readonly string _table;
    private readonly NftFamily _family;
    private readonly NetlinkWriter _writer = new();
    private readonly List<string> _lines = [];
    private uint _sets;

    /// <summary>Starts a transaction.</summary>
    /// <param name="table">Name of the table, at most 255 bytes.</param>
    /// <param name="family">Its family.</param>
    public NftBatch(string table, NftFamily family = NftFamily.Inet)
    {
        _table = table;
        _family = family;
        // The reserved id of a batch's begin and end names the subsystem, in network order.
        _writer.Begin(NFNL_MSG_BATCH_BEGIN, NetlinkSocket.NLM_F_REQUEST, [0, 0, 0, (byte)NFNL_SUBSYS_NFTABLES]);
        _writer.End();
    }

    /// <summary>Creates the table; it is an error when it exists.</summary>
    public NftBatch AddTable()
    {
        Begin(NFT_MSG_NEWTABLE, NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_EXCL);
        _writer.Text(1, _table);
        return Done($"create table {Table}");
    }

    /// <summary>Deletes the table with all that is in it.</summary>
    public NftBatch DeleteTable()
    {
        Begin(NFT_MSG_DELTABLE, 0);
        _writer.Text(1, _table);
        return Done($"delete table {Table}");
    }

    /// <summary>Adds a base chain whose policy is accept.</summary>
    public NftBatch AddChain(string name, string type, NftHook hook, int priority)
    {
        Begin(NFT_MSG_NEWCHAIN, NetlinkSocket.NLM_F_CREATE);
        _writer.Text(1, _table);
        _writer.Text(3, name);
        int at = _writer.Open(4);
        _writer.NetworkNumber(1, (uint)hook);
        _writer.NetworkNumber(2, (uint)priority);
        _writer.Close(at);
        _writer.NetworkNumber(5, 1);
        _writer.Text(7, type);
        return Done($"add chain {Table} {name} {{ type {type} hook {HookName(hook)} priority {priority}; }}");
    }

    /// <summary>Adds a base chain that sees what a device receives, family netdev; it goes with the device.</summary>
    public NftBatch AddIngressChain(string name, string device, int priority)
    {
        const uint NF_NETDEV_INGRESS = 0;
        Begin(NFT_MSG_NEWCHAIN, NetlinkSocket.NLM_F_CREATE);
        _writer.Text(1, _table);
        _writer.Text(3, name);
        int at = _writer.Open(4);
        _writer.NetworkNumber(1, NF_NETDEV_INGRESS);
        _writer.NetworkNumber(2, (uint)priority);
        _writer.Text(3, device);
        _writer.Close(at);
        _writer.NetworkNumber(5, 1);
        _writer.Text(7, "filter");
        return Done($"add chain {Table} {name} {{ type filter hook ingress device \"{device}\" priority {priority}; }}");
    }

    /// <summary>Adds the map of published ports that <paramref name="map"/> describes.</summary>
    public NftBatch AddMap(PortMap map)
    {
        Begin(NFT_MSG_NEWSET, NetlinkSocket.NLM_F_CREATE);
        _writer.Text(1, _table);
        _writer.Text(2, map.Name);
        _writer.NetworkNumber(3, NFT_SET_MAP);
        _writer.NetworkNumber(4, map.KeyType);
        _writer.NetworkNumber(5, (uint)map.KeyLength);
        _writer.NetworkNumber(6, map.DataType);
        _writer.NetworkNumber(7, (uint)map.DataLength);
        _writer.NetworkNumber(10, ++_sets);
        return Done($"add map {Table} {map.Name} {{ type {map.TypeText}; }}");
    }

    /// <summary>Appends a rule.</summary>
    public NftBatch AddRule(string chain, NftRule rule)
    {
        Begin(NFT_MSG_NEWRULE, NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_APPEND);
        _writer.Text(1, _table);
        _writer.Text(2, chain);
        int at = _writer.Open(4);
        rule.Write(_writer);
        _writer.Close(at);
        return Done($"add rule {Table} {chain} {rule.Text}");
    }

    /// <summary>Publishes a port. It is an error (EEXIST) when the host port is taken.</summary>
    /// <param name="rule">The port.</param>
    /// <param name="comment">Shown by nft as the element's comment, at most 120 bytes.</param>
    public NftBatch AddElement(PortRule rule, string comment) => Element(rule, comment);

    /// <summary>Takes a published port back. It is an error (ENOENT) when it is not there.</summary>
    public NftBatch DeleteElement(PortRule rule) => Element(rule, null);

    /// <summary>The finished transaction.</summary>
    /// <param name="accepted">An errno that counts as success; 0 for none.</param>
    /// <param name="inverse">What takes it back.</param>
    /// <param name="socket">The socket to send it on; null to open one.</param>
    public NftTransaction Build(int accepted = 0, HostAction? inverse = null, NetlinkSocket? socket = null)
    {
        _writer.AddFlags(NetlinkSocket.NLM_F_ACK);
        _writer.Begin(NFNL_MSG_BATCH_END, NetlinkSocket.NLM_F_REQUEST, [0, 0, 0, (byte)NFNL_SUBSYS_NFTABLES]);
        _writer.End();
        return new NftTransaction(_writer.ToArray(), [.. _lines])
        {
            Accepted = accepted,
            Inverse = inverse,
            Socket = socket,
        };
    }

    private NftBatch Element(PortRule rule, string? comment)
    {
        PortMap map = rule.Map;
        Begin(
            comment is null ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM,
            comment is null ? 0 : NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_EXCL
        );
        _writer.Text(1, _table);
        _writer.Text(2, map.Name);
        int list = _writer.Open(3);
        int element = _writer.Open(1);
        Span<byte> bytes = stackalloc byte[32];
        int n = rule.WriteKey(bytes);
        Value(1, bytes[..n]);
        if (comment is not null)
        {
            n = rule.WriteData(bytes);
            Value(2, bytes[..n]);
            // libnftnl's user data: type 0 (comment), length with the zero, text.
            byte[] text = Encoding.UTF8.GetBytes(comment);
            byte[] user = new byte[text.Length + 3];
            user[1] = (byte)(text.Length + 1);
            text.CopyTo(user, 2);
            _writer.Bytes(6, user);
        }
        _writer.Close(element);
        _writer.Close(list);
        string key = rule.KeyText;
        return Done(
            comment is null
                ? $"delete element {Table} {map.Name} {{ {key} }}"
                : $"create element {Table} {map.Name} {{ {key} comment \"{comment}\" : {rule.DataText} }}"
        );
    }

    private void Value(ushort type, ReadOnlySpan<byte> bytes)
    {
        int at = _writer.Open(type);
        _writer.Bytes(1, bytes);
        _writer.Close(at);
    }

    private string Table => (_family == NftFamily.Inet ? "inet " : "netdev ") + _table;

    private void Begin(ushort message, int flags) =>
        _writer.Begin(
            (ushort)((NFNL_SUBSYS_NFTABLES << 8) | message),
            (ushort)(NetlinkSocket.NLM_F_REQUEST | flags),
            [(byte)_family, 0, 0, 0]
        );

    private NftBatch Done(string line)
    {
        _writer.End();
        _lines.Add(line);
        return this;
    }

    private static string HookName(NftHook hook) =>
        hook switch
        {
            NftHook.Prerouting => "prerouting",
            NftHook.Forward => "forward",
            NftHook.Output => "output",
            _ => "postrouting",
        };
}
