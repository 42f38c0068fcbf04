using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Skiff.Linux.Netlink;

namespace Skiff.Linux.Nftables;

/// <summary>A rule as a list of expressions, written side by side in nft(8)'s syntax and in the kernel's.</summary>
public sealed class NftRule
{
    // linux/netfilter/nf_tables.h: 32-bit registers start at 8.
    private const uint REG = 8;
    private const uint NFT_META_MARK = 3;
    private const uint NFT_META_IIFNAME = 6;
    private const uint NFT_META_OIFNAME = 7;
    private const uint NFT_META_NFPROTO = 15;
    private const uint NFT_META_L4PROTO = 16;
    private const uint NFT_PAYLOAD_NETWORK_HEADER = 1;
    private const uint NFT_PAYLOAD_TRANSPORT_HEADER = 2;
    private const int NFT_RETURN = -5;

    private readonly List<Action<NetlinkWriter>> _expressions = [];
    private readonly StringBuilder _text = new();

    /// <summary>The rule in nft(8)'s syntax.</summary>
    public string Text => _text.ToString();

    /// <summary>Input interface.</summary>
    public NftRule InputName(string name, bool equal = true) => Name("iifname", NFT_META_IIFNAME, name, equal);

    /// <summary>Output interface.</summary>
    public NftRule OutputName(string name, bool equal = true) => Name("oifname", NFT_META_OIFNAME, name, equal);

    /// <summary>Source address in a network.</summary>
    public NftRule From(IPAddress network, int prefixLength) => Network("saddr", network, prefixLength, source: true);

    /// <summary>Destination address in a network.</summary>
    public NftRule To(IPAddress network, int prefixLength) => Network("daddr", network, prefixLength, source: false);

    /// <summary>The destination is an address of this host.</summary>
    public NftRule ToLocal()
    {
        const uint NFT_FIB_RESULT_ADDRTYPE = 3,
            NFTA_FIB_F_DADDR = 2,
            RTN_LOCAL = 2;
        Say("fib daddr type local");
        Add(
            "fib",
            w =>
            {
                w.NetworkNumber(1, REG);
                w.NetworkNumber(2, NFT_FIB_RESULT_ADDRTYPE);
                w.NetworkNumber(3, NFTA_FIB_F_DADDR);
            }
        );
        return HostNumber(RTN_LOCAL, equal: true);
    }

    /// <summary>Belongs to a connection that is known, or is related to one.</summary>
    public NftRule Established()
    {
        // NF_CT_STATE_BIT: established is bit 1, related bit 2.
        Say("ct state established,related");
        return Ct(0, 2 | 4);
    }

    /// <summary>The destination of its connection was translated.</summary>
    public NftRule DestinationTranslated()
    {
        const uint IPS_DST_NAT = 1 << 5;
        Say("ct status dnat");
        return Ct(2, IPS_DST_NAT);
    }

    /// <summary>Translates the destination by a map of published ports; packets whose key is not in the map pass.</summary>
    public NftRule Translate(PortMap map)
    {
        Family(map.V6);
        string family = map.V6 ? "ip6" : "ip";
        if (!map.WithAddress)
        {
            // nft derives the family from "ip daddr"; without an address in the key it has to be said.
            Say($"meta nfproto {(map.V6 ? "ipv6" : "ipv4")}");
        }
        Say($"dnat {family} to {(map.WithAddress ? $"{family} daddr . " : "")}meta l4proto . th dport map @{map.Name}");
        uint register = REG;
        if (map.WithAddress)
        {
            Payload(NFT_PAYLOAD_NETWORK_HEADER, map.V6 ? 24u : 16u, (uint)map.AddressLength, register);
            register += (uint)map.AddressLength / 4;
        }
        Meta(NFT_META_L4PROTO, register);
        Payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, register + 1);
        string set = map.Name;
        uint port = REG + ((uint)map.AddressLength / 4);
        bool v6 = map.V6;
        Add(
            "lookup",
            w =>
            {
                w.Text(1, set);
                w.NetworkNumber(2, REG);
                w.NetworkNumber(3, REG);
            }
        );
        Add(
            "nat",
            w =>
            {
                const uint NFT_NAT_DNAT = 1;
                w.NetworkNumber(1, NFT_NAT_DNAT);
                w.NetworkNumber(2, RouteMessages.Family(v6));
                w.NetworkNumber(3, REG);
                w.NetworkNumber(5, port);
            }
        );
        return this;
    }

    /// <summary>The source becomes the address of the interface the packet leaves by.</summary>
    public NftRule Masquerade()
    {
        Say("masquerade");
        Add("masq", static _ => { });
        return this;
    }

    /// <summary>The packet is IPv6 and goes to exactly this address; for family netdev, whose chains see frames of every protocol.</summary>
    public NftRule FrameTo(IPAddress address)
    {
        const uint NFT_META_PROTOCOL = 1;
        Say($"ip6 daddr {address}");
        Meta(NFT_META_PROTOCOL, REG);
        Compare([0x86, 0xDD], equal: true);
        Payload(NFT_PAYLOAD_NETWORK_HEADER, 24, 16, REG);
        return Compare(address.GetAddressBytes(), equal: true);
    }

    /// <summary>Carries a mark.</summary>
    public NftRule Marked(uint mark)
    {
        Say($"meta mark 0x{mark:x8}");
        Meta(NFT_META_MARK, REG);
        return HostNumber(mark, equal: true);
    }

    /// <summary>Sets the packet's mark.</summary>
    public NftRule SetMark(uint mark)
    {
        Say($"meta mark set 0x{mark:x8}");
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, mark);
        Immediate(bytes);
        Add(
            "meta",
            w =>
            {
                w.NetworkNumber(2, NFT_META_MARK);
                w.NetworkNumber(3, REG);
            }
        );
        return this;
    }

    /// <summary>Hands the frame to the loopback device as if it had been sent there; family netdev only. Its Ethernet destination becomes that of the device, or it would count as somebody else's.</summary>
    public NftRule ForwardToLoopback()
    {
        const uint NFT_PAYLOAD_LL_HEADER = 0;
        Say("ether daddr set 00:00:00:00:00:00 fwd to \"lo\"");
        Immediate(new byte[6]);
        Add(
            "payload",
            w =>
            {
                w.NetworkNumber(5, REG);
                w.NetworkNumber(2, NFT_PAYLOAD_LL_HEADER);
                w.NetworkNumber(3, 0);
                w.NetworkNumber(4, 6);
                w.NetworkNumber(6, 0);
                w.NetworkNumber(7, 0);
            }
        );
        // LOOPBACK_IFINDEX is 1 in every network namespace.
        Immediate([1, 0, 0, 0]);
        Add("fwd", w => w.NetworkNumber(1, REG));
        return this;
    }

    /// <summary>Passes this chain.</summary>
    public NftRule Accept() => Verdict("accept", 1);

    /// <summary>Drops the packet.</summary>
    public NftRule Drop() => Verdict("drop", 0);

    /// <summary>Leaves the chain; its policy holds.</summary>
    public NftRule Return() => Verdict("return", NFT_RETURN);

    internal void Write(NetlinkWriter writer)
    {
        foreach (Action<NetlinkWriter> expression in _expressions)
        {
            expression(writer);
        }
    }

    private NftRule Name(string word, uint key, string name, bool equal)
    {
        Say($"{word} {(equal ? "" : "!= ")}\"{name}\"");
        Meta(key, REG);
        // The register holds the name padded to IFNAMSIZ.
        byte[] bytes = new byte[16];
        Encoding.UTF8.GetBytes(name, bytes);
        return Compare(bytes, equal);
    }

    private NftRule Network(string word, IPAddress network, int prefixLength, bool source)
    {
        bool v6 = network.AddressFamily == AddressFamily.InterNetworkV6;
        Family(v6);
        Say($"{(v6 ? "ip6" : "ip")} {word} {network}/{prefixLength}");
        byte[] bytes = network.GetAddressBytes();
        Payload(
            NFT_PAYLOAD_NETWORK_HEADER,
            (v6, source) switch
            {
                (false, true) => 12u,
                (false, false) => 16u,
                (true, true) => 8u,
                _ => 24u,
            },
            (uint)bytes.Length,
            REG
        );
        byte[] mask = new byte[bytes.Length];
        for (int i = 0; i < prefixLength; i++)
        {
            mask[i / 8] |= (byte)(0x80 >> (i % 8));
        }
        return Mask(mask).Compare(bytes, equal: true);
    }

    private void Family(bool v6)
    {
        Meta(NFT_META_NFPROTO, REG);
        Compare([RouteMessages.Family(v6)], equal: true);
    }

    private NftRule Ct(uint key, uint bits)
    {
        Add(
            "ct",
            w =>
            {
                w.NetworkNumber(1, REG);
                w.NetworkNumber(2, key);
            }
        );
        byte[] mask = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(mask, bits);
        return Mask(mask).HostNumber(0, equal: false);
    }

    private NftRule HostNumber(uint value, bool equal)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Compare(bytes, equal);
    }

    private void Meta(uint key, uint register) =>
        Add(
            "meta",
            w =>
            {
                w.NetworkNumber(1, register);
                w.NetworkNumber(2, key);
            }
        );

    private void Payload(uint header, uint offset, uint length, uint register) =>
        Add(
            "payload",
            w =>
            {
                w.NetworkNumber(1, register);
                w.NetworkNumber(2, header);
                w.NetworkNumber(3, offset);
                w.NetworkNumber(4, length);
            }
        );

    private NftRule Mask(byte[] mask)
    {
        Add(
            "bitwise",
            w =>
            {
                w.NetworkNumber(1, REG);
                w.NetworkNumber(2, REG);
                w.NetworkNumber(3, (uint)mask.Length);
                Value(w, 4, mask);
                Value(w, 5, new byte[mask.Length]);
            }
        );
        return this;
    }

    private NftRule Compare(byte[] value, bool equal)
    {
        Add(
            "cmp",
            w =>
            {
                w.NetworkNumber(1, REG);
                w.NetworkNumber(2, equal ? 0u : 1u);
                Value(w, 3, value);
            }
        );
        return this;
    }

    private void Immediate(byte[] value) =>
        Add(
            "immediate",
            w =>
            {
                w.NetworkNumber(1, REG);
                Value(w, 2, value);
            }
        );

    private NftRule Verdict(string word, int code)
    {
        Say(word);
        Add(
            "immediate",
            w =>
            {
                w.NetworkNumber(1, 0);
                int data = w.Open(2);
                int verdict = w.Open(2);
                w.NetworkNumber(1, (uint)code);
                w.Close(verdict);
                w.Close(data);
            }
        );
        return this;
    }

    private static void Value(NetlinkWriter w, ushort type, byte[] value)
    {
        int at = w.Open(type);
        w.Bytes(1, value);
        w.Close(at);
    }

    private void Add(string name, Action<NetlinkWriter> data) =>
        _expressions.Add(w =>
        {
            int element = w.Open(1);
            w.Text(1, name);
            int at = w.Open(2);
            data(w);
            w.Close(at);
            w.Close(element);
        });

    private void Say(string words)
    {
        if (_text.Length > 0)
        {
            _text.Append(' ');
        }
        _text.Append(words);
    }
}
