using System.Net;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;
using Xunit;

namespace Skiff.Tests.Network;

/// <summary>The bytes on the wire. The headers are those that strace shows for ip(8) and nft(8); the system tests let nft and ip judge what the kernel made of them.</summary>
public sealed class NetlinkGoldenTests
{
    [Fact]
    public void A_link_is_brought_up_by_one_message_with_an_acknowledgement()
    {
        // nlmsghdr: length 32, RTM_NEWLINK, NLM_F_REQUEST|NLM_F_ACK, sequence 1; ifinfomsg: index 1, IFF_UP in flags and mask.
        Assert.Equal(
            "20000000 1000 0500 01000000 00000000 00000000 01000000 01000000 01000000",
            Hex(ContainerLink.LoopbackUp.Message, 4, 2, 2, 4, 4, 4, 4, 4, 4)
        );
    }

    [Fact]
    public void A_containers_half_is_one_request_whose_last_message_asks_for_the_answer()
    {
        NetlinkRequest request = ContainerLink.Configure((IPAddress.Parse("10.89.0.2"), 16, IPAddress.Parse("10.89.0.1")));
        List<(int Type, int Flags, int Sequence)> headers = Headers(request.Message.Span);
        Assert.Equal([(16, 0x001, 1), (16, 0x001, 2), (20, 0x601, 3), (24, 0x605, 4)], headers);
        Assert.Equal(
            [
                "RTM_NEWLINK \"lo\" (index 1) up",
                "RTM_NEWLINK \"eth0\" (index 64) up",
                "RTM_NEWADDR 10.89.0.2/16 dev \"eth0\" (index 64)",
                "RTM_NEWROUTE default via 10.89.0.1 dev \"eth0\" (index 64)",
            ],
            request.Lines
        );
    }

    [Fact]
    public void An_address_carries_its_broadcast_address()
    {
        NetlinkRequest request = new RouteMessages().AddAddress(64, "eth0", IPAddress.Parse("10.89.0.2"), 16).Build();
        // ifaddrmsg: AF_INET, /16, no flags, universe, index 64; IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST.
        Assert.Equal(
            "30000000140005060100000000000000" + "0210000040000000" + "080002000a590002" + "080001000a590002" + "080004000a59ffff",
            Convert.ToHexStringLower(request.Message.Span)
        );
    }

    [Fact]
    public void A_route_of_type_local_is_in_table_255_behind_those_of_the_kernel()
    {
        NetlinkRequest request = new RouteMessages().AddLocalRoute(7, "skiff0", IPAddress.IPv6Loopback, 1024).Build();
        // rtmsg: AF_INET6, /128, no source, tos 0, table 255, protocol boot, scope host, RTN_LOCAL, flags; RTA_DST, RTA_OIF, RTA_PRIORITY 1024.
        Assert.Equal(
            "40000000180005060100000000000000"
                + "0a800000ff03fe0200000000"
                + "1400010000000000000000000000000000000001"
                + "0800040007000000"
                + "0800060000040000",
            Convert.ToHexStringLower(request.Message.Span)
        );
    }

    [Fact]
    public void A_port_of_a_bridge_gets_hairpin_mode_and_no_link_local_address()
    {
        NetlinkRequest request = new RouteMessages().SetPort(9, "sk0", hairpin: true, withoutLinkLocal: true).Build();
        // IFLA_LINKINFO { IFLA_INFO_SLAVE_KIND "bridge", IFLA_INFO_SLAVE_DATA { IFLA_BRPORT_MODE 1 } }, IFLA_AF_SPEC { AF_INET6 { IFLA_INET6_ADDR_GEN_MODE 1 } }
        Assert.Equal(
            "4c000000100005000100000000000000"
                + "00000000090000000000000000000000"
                + "1c001280"
                + "0a0004006272696467650000"
                + "0c000580"
                + "0500040001000000"
                + "10001a80"
                + "0c000a80"
                + "0500080001000000",
            Convert.ToHexStringLower(request.Message.Span)
        );
    }

    [Fact]
    public void A_published_port_is_a_transaction_of_one_element_per_family()
    {
        NftTransaction add = new NftBatch("skiff")
            .AddElement(new PortRule(6, IPAddress.Any, 8080, IPAddress.Parse("10.89.0.2"), 80), "c")
            .AddElement(new PortRule(17, IPAddress.IPv6Loopback, 53, IPAddress.Parse("fd00::2"), 5353), "c")
            .Build();
        // begin, two NFT_MSG_NEWSETELEM (create, exclusive; the second asks for the answer), end.
        Assert.Equal([(0x10, 0x001, 1), (0xA0C, 0x601, 2), (0xA0C, 0x605, 3), (0x11, 0x001, 4)], Headers(add.Message.Span));
        Assert.Equal(
            [
                "create element inet skiff published4 { tcp . 8080 comment \"c\" : 10.89.0.2 . 80 }",
                "create element inet skiff published_at6 { ::1 . udp . 53 comment \"c\" : fd00::2 . 5353 }",
            ],
            add.Lines
        );
        // The key of the first: protocol and port, each in a register of its own.
        Assert.Contains(
            "0c000180" + "0600" + "0000" + "1f90" + "0000",
            Convert.ToHexStringLower(add.Message.Span).Replace("0c000100", "0c000180", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        Assert.Contains("0a590002" + "0050" + "0000", Convert.ToHexStringLower(add.Message.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void Flows_are_forgotten_by_the_address_that_answered()
    {
        ConntrackFlush flush = ConntrackFlush.OfContainer(IPAddress.Parse("10.89.0.2"));
        // IPCTNL_MSG_CT_DELETE, AF_INET; CTA_TUPLE_REPLY { CTA_TUPLE_IP { CTA_IP_V4_SRC } }, CTA_FILTER { CTA_FILTER_REPLY_FLAGS CTA_IP_SRC }
        Assert.Equal(
            "30000000020105000100000000000000"
                + "02000000"
                + "10000280"
                + "0c000180"
                + "080001000a590002"
                + "0c001980"
                + "0800020001000000",
            Convert.ToHexStringLower(flush.Message.Span)
        );
    }

    private static List<(int, int, int)> Headers(ReadOnlySpan<byte> bytes)
    {
        List<(int, int, int)> result = [];
        while (bytes.Length >= 16)
        {
            result.Add((BitConverter.ToUInt16(bytes[4..]), BitConverter.ToUInt16(bytes[6..]), BitConverter.ToInt32(bytes[8..])));
            bytes = bytes[((BitConverter.ToInt32(bytes) + 3) & ~3)..];
        }
        Assert.Equal(0, bytes.Length);
        return result;
    }

    private static string Hex(ReadOnlyMemory<byte> bytes, params int[] groups)
    {
        List<string> parts = [];
        int at = 0;
        foreach (int size in groups)
        {
            parts.Add(Convert.ToHexStringLower(bytes.Span.Slice(at, size)));
            at += size;
        }
        Assert.Equal(bytes.Length, at);
        return string.Join(' ', parts);
    }
}
