using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Skiff.Linux.Netlink;

/// <summary>Builds rtnetlink requests (rtnetlink(7)); several can share one <see cref="NetlinkRequest"/> and so one system call.</summary>
public sealed class RouteMessages
{
    private const ushort RTM_NEWLINK = 16;
    private const ushort RTM_DELLINK = 17;
    private const ushort RTM_NEWADDR = 20;
    private const ushort RTM_NEWROUTE = 24;

    private const ushort IFLA_ADDRESS = 1;
    private const ushort IFLA_IFNAME = 3;
    private const ushort IFLA_MTU = 4;
    private const ushort IFLA_MASTER = 10;
    private const ushort IFLA_LINKINFO = 18;
    private const ushort IFLA_NET_NS_PID = 19;
    private const ushort IFLA_IFALIAS = 20;
    private const ushort IFLA_AF_SPEC = 26;
    private const ushort IFLA_NUM_TX_QUEUES = 31;
    private const ushort IFLA_NUM_RX_QUEUES = 32;
    private const ushort IFLA_INFO_KIND = 1;
    private const ushort IFLA_INFO_DATA = 2;
    private const ushort IFLA_INFO_SLAVE_KIND = 4;
    private const ushort IFLA_INFO_SLAVE_DATA = 5;
    private const ushort IFLA_BRPORT_MODE = 4;
    private const ushort IFLA_BRPORT_ISOLATED = 33;
    private const ushort IFLA_INET6_ADDR_GEN_MODE = 8;
    private const byte IN6_ADDR_GEN_MODE_NONE = 1;
    private const ushort VETH_INFO_PEER = 1;

    private const ushort IFA_ADDRESS = 1;
    private const ushort IFA_LOCAL = 2;
    private const ushort IFA_BROADCAST = 4;
    private const byte IFA_F_NODAD = 2;

    private const ushort RTA_DST = 1;
    private const ushort RTA_OIF = 4;
    private const ushort RTA_GATEWAY = 5;
    private const ushort RTA_PRIORITY = 6;
    private const byte RT_TABLE_LOCAL = 255;
    private const byte RT_SCOPE_HOST = 254;
    private const byte RTN_LOCAL = 2;
    private const byte RT_TABLE_MAIN = 254;
    private const byte RTPROT_BOOT = 3;
    private const byte RTN_UNICAST = 1;

    private const uint IFF_UP = 1;
    private const ushort Create = NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_EXCL;

    private const ushort Replace = NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_REPLACE;

    private readonly NetlinkWriter _writer = new();
    private readonly List<string> _lines = [];

    /// <summary>Creates a bridge and brings it up.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="index">Interface index, fixed so that the messages for its addresses can follow in the same request.</param>
    /// <param name="mac">Its MAC address: without one it takes the lowest of its ports and so changes with them.</param>
    /// <param name="alias">Shown by <c>ip link</c>; null for none.</param>
    /// <param name="mtu">MTU in bytes, or 0 for that of its ports.</param>
    public RouteMessages AddBridge(string name, int index, MacAddress mac, string? alias = null, int mtu = 0)
    {
        BeginLink(RTM_NEWLINK, Create, index, up: true);
        _writer.Text(IFLA_IFNAME, name);
        Mac(mac);
        Mtu(mtu);
        int info = _writer.Open(IFLA_LINKINFO);
        _writer.Bytes(IFLA_INFO_KIND, "bridge"u8);
        _writer.Close(info);
        Done($"RTM_NEWLINK bridge \"{name}\" index {index} address {mac}{(mtu == 0 ? "" : $" mtu {mtu}")} up");
        return alias is null ? this : SetAlias(name, alias);
    }

    /// <summary>Creates a veth pair whose peer is born inside the network namespace of a process: nothing has to be moved or renamed.</summary>
    /// <param name="name">Name of the end that stays in this namespace; it comes up at once.</param>
    /// <param name="index">Interface index of this end. Needed whenever <paramref name="peerIndex"/> is: veth_newlink() looks at the peer's only when this one is given too.</param>
    /// <param name="masterIndex">Index of the bridge, or 0 for none.</param>
    /// <param name="masterName">Name of the bridge, for the reader.</param>
    /// <param name="pid">A process in the target namespace; 0 prints as <c>&lt;pid&gt;</c> for a plan that is not run.</param>
    /// <param name="peerName">Name of the other end.</param>
    /// <param name="peerIndex">Interface index of the other end, fixed so that the messages for its addresses and routes are constants.</param>
    /// <param name="peerMac">MAC address of the other end.</param>
    /// <param name="mtu">MTU of both ends in bytes, or 0 for the kernel's default.</param>
    public RouteMessages AddVeth(
        string name,
        int index,
        int masterIndex,
        string masterName,
        int pid,
        string peerName,
        int peerIndex,
        MacAddress peerMac,
        int mtu = 0
    )
    {
        BeginLink(RTM_NEWLINK, Create, index, up: true);
        _writer.Text(IFLA_IFNAME, name);
        Mtu(mtu);
        OneQueue();
        if (masterIndex != 0)
        {
            _writer.Number(IFLA_MASTER, (uint)masterIndex);
        }
        int info = _writer.Open(IFLA_LINKINFO);
        _writer.Bytes(IFLA_INFO_KIND, "veth"u8);
        int data = _writer.Open(IFLA_INFO_DATA);
        int peer = _writer.Open(VETH_INFO_PEER);
        // The nest starts with its own ifinfomsg, whose index applies to the peer. Its flags must not say up: drivers/net/veth.c opens the peer
        // before it joins the two ends, and veth_open answers ENOTCONN.
        Span<byte> header = stackalloc byte[16];
        LinkHeader(header, peerIndex, up: false);
        _writer.Raw(header);
        _writer.Text(IFLA_IFNAME, peerName);
        Mac(peerMac);
        Mtu(mtu);
        OneQueue();
        _writer.Number(IFLA_NET_NS_PID, (uint)pid);
        _writer.Close(peer);
        _writer.Close(data);
        _writer.Close(info);
        string who = pid == 0 ? "<pid>" : pid.ToString();
        string size = mtu == 0 ? "" : $" mtu {mtu}";
        return Done(
            $"RTM_NEWLINK veth \"{name}\" index {index}{(masterIndex != 0 || masterName.Length > 0 ? $" master \"{masterName}\"" : "")}{size} up peer \"{peerName}\" index {peerIndex} address {peerMac} netns of pid {who}"
        );
    }

    /// <summary>A veth uses one queue. Unasked, the kernel makes one for each processor, takes all but one away again, and waits for RCU meanwhile.</summary>
    private void OneQueue()
    {
        _writer.Number(IFLA_NUM_TX_QUEUES, 1);
        _writer.Number(IFLA_NUM_RX_QUEUES, 1);
    }

    /// <summary>Brings a link up.</summary>
    public RouteMessages SetUp(int index, string name)
    {
        BeginLink(RTM_NEWLINK, NetlinkSocket.NLM_F_REQUEST, index, up: true);
        return Done($"RTM_NEWLINK \"{name}\" (index {index}) up");
    }

    /// <summary>Gives a link a note of at most 255 bytes, which <c>ip link</c> shows; RTM_NEWLINK cannot set it while it creates.</summary>
    public RouteMessages SetAlias(string name, string alias)
    {
        BeginLink(RTM_NEWLINK, NetlinkSocket.NLM_F_REQUEST, 0, up: false);
        _writer.Text(IFLA_IFNAME, name);
        _writer.Bytes(IFLA_IFALIAS, System.Text.Encoding.UTF8.GetBytes(alias));
        return Done($"RTM_NEWLINK \"{name}\" alias \"{alias}\"");
    }

    /// <summary>Settings of a bridge port that the kernel does not take while it creates the link.</summary>
    /// <param name="index">Interface index of the port.</param>
    /// <param name="name">Its name, for the reader.</param>
    /// <param name="hairpin">A frame may leave by the port it came from: a container that uses its own published port, where bridged packets pass iptables (bridge-nf-call-iptables).</param>
    /// <param name="withoutLinkLocal">No IPv6 link-local address: nobody talks to this end, and each one costs multicast to all ports.</param>
    /// <param name="isolated">No frame passes between this port and others that have it too (kernel 4.18).</param>
    public RouteMessages SetPort(int index, string name, bool hairpin, bool withoutLinkLocal, bool isolated = false)
    {
        BeginLink(RTM_NEWLINK, NetlinkSocket.NLM_F_REQUEST, index, up: false);
        if (hairpin || isolated)
        {
            int info = _writer.Open(IFLA_LINKINFO);
            _writer.Bytes(IFLA_INFO_SLAVE_KIND, "bridge"u8);
            int data = _writer.Open(IFLA_INFO_SLAVE_DATA);
            if (hairpin)
            {
                _writer.Byte(IFLA_BRPORT_MODE, 1);
            }
            if (isolated)
            {
                _writer.Byte(IFLA_BRPORT_ISOLATED, 1);
            }
            _writer.Close(data);
            _writer.Close(info);
        }
        if (withoutLinkLocal)
        {
            int families = _writer.Open(IFLA_AF_SPEC);
            int v6 = _writer.Open(Family(v6: true));
            _writer.Byte(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
            _writer.Close(v6);
            _writer.Close(families);
        }
        return Done(
            $"RTM_NEWLINK \"{name}\" (index {index}){(hairpin ? " hairpin on" : "")}{(isolated ? " isolated on" : "")}{(withoutLinkLocal ? " addrgenmode none" : "")}"
        );
    }

    /// <summary>Makes a link a port of a bridge (or of none, index 0).</summary>
    public RouteMessages SetMaster(int index, string name, int masterIndex, string masterName)
    {
        BeginLink(RTM_NEWLINK, NetlinkSocket.NLM_F_REQUEST, index, up: false);
        _writer.Number(IFLA_MASTER, (uint)masterIndex);
        return Done($"RTM_NEWLINK \"{name}\" (index {index}) {(masterIndex == 0 ? "nomaster" : $"master \"{masterName}\"")}");
    }

    /// <summary>Sets the MTU in bytes.</summary>
    public RouteMessages SetMtu(int index, string name, int mtu)
    {
        BeginLink(RTM_NEWLINK, NetlinkSocket.NLM_F_REQUEST, index, up: false);
        Mtu(mtu);
        return Done($"RTM_NEWLINK \"{name}\" (index {index}) mtu {mtu}");
    }

    /// <summary>Deletes a link by name. The kernel waits for an RCU grace period, 15 ms or so: never on the path of a run.</summary>
    public RouteMessages DeleteLink(string name)
    {
        BeginLink(RTM_DELLINK, NetlinkSocket.NLM_F_REQUEST, 0, up: false);
        _writer.Text(IFLA_IFNAME, name);
        return Done($"RTM_DELLINK \"{name}\"");
    }

    /// <summary>Adds an address; IPv4 with the broadcast address of its network, IPv6 usable at once (no duplicate address detection).</summary>
    public RouteMessages AddAddress(int index, string name, IPAddress address, int prefixLength)
    {
        bool v6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        Span<byte> header = stackalloc byte[8];
        header[0] = Family(v6);
        header[1] = (byte)prefixLength;
        header[2] = v6 ? IFA_F_NODAD : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], index);
        _writer.Begin(RTM_NEWADDR, Create, header);
        byte[] bytes = address.GetAddressBytes();
        _writer.Bytes(IFA_LOCAL, bytes);
        _writer.Bytes(IFA_ADDRESS, bytes);
        if (!v6 && prefixLength < 31)
        {
            uint broadcast = BinaryPrimitives.ReadUInt32BigEndian(bytes) | (uint)((1UL << (32 - prefixLength)) - 1);
            _writer.NetworkNumber(IFA_BROADCAST, broadcast);
        }
        return Done($"RTM_NEWADDR {address}/{prefixLength} dev \"{name}\" (index {index}){(v6 ? " nodad" : "")}");
    }

    /// <summary>Adds the default route of the gateway's address family.</summary>
    /// <param name="index">The link's index.</param>
    /// <param name="name">Its name, for the reader.</param>
    /// <param name="gateway">The next hop.</param>
    /// <param name="replaces">Instead of the one that is there, if any.</param>
    public RouteMessages AddDefaultRoute(int index, string name, IPAddress gateway, bool replaces = false)
    {
        bool v6 = gateway.AddressFamily == AddressFamily.InterNetworkV6;
        Span<byte> header = stackalloc byte[12];
        header[0] = Family(v6);
        header[4] = RT_TABLE_MAIN;
        header[5] = RTPROT_BOOT;
        header[7] = RTN_UNICAST;
        _writer.Begin(RTM_NEWROUTE, replaces ? Replace : Create, header);
        _writer.Bytes(RTA_GATEWAY, gateway.GetAddressBytes());
        _writer.Number(RTA_OIF, (uint)index);
        return Done($"RTM_NEWROUTE {(replaces ? "replace " : "")}default via {gateway} dev \"{name}\" (index {index})");
    }

    /// <summary>Makes an address one of this host for packets that enter by a link: a route of type local, behind those of the kernel (metric 0).</summary>
    /// <param name="index">The link's index.</param>
    /// <param name="name">Its name, for the reader.</param>
    /// <param name="address">The address.</param>
    /// <param name="metric">Two routes to one address must differ in it.</param>
    public RouteMessages AddLocalRoute(int index, string name, IPAddress address, uint metric)
    {
        byte[] bytes = address.GetAddressBytes();
        Span<byte> header = stackalloc byte[12];
        header[0] = Family(bytes.Length == 16);
        header[1] = (byte)(bytes.Length * 8);
        header[4] = RT_TABLE_LOCAL;
        header[5] = RTPROT_BOOT;
        header[6] = RT_SCOPE_HOST;
        header[7] = RTN_LOCAL;
        _writer.Begin(RTM_NEWROUTE, Create, header);
        _writer.Bytes(RTA_DST, bytes);
        _writer.Number(RTA_OIF, (uint)index);
        _writer.Number(RTA_PRIORITY, metric);
        return Done($"RTM_NEWROUTE local {address} dev \"{name}\" (index {index}) table local metric {metric}");
    }

    /// <summary>The finished request.</summary>
    /// <param name="accepted">An errno that counts as success; 0 for none.</param>
    /// <param name="inverse">What takes it back.</param>
    public NetlinkRequest Build(int accepted = 0, Actions.HostAction? inverse = null)
    {
        _writer.AddFlags(NetlinkSocket.NLM_F_ACK);
        return new NetlinkRequest(_writer.ToArray(), [.. _lines]) { Accepted = accepted, Inverse = inverse };
    }

    internal static void LinkHeader(Span<byte> header, int index, bool up)
    {
        // struct ifinfomsg: family, pad, type, index, flags, change mask.
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], index);
        if (up)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header[8..], IFF_UP);
            BinaryPrimitives.WriteUInt32LittleEndian(header[12..], IFF_UP);
        }
    }

    internal static byte Family(bool v6) => v6 ? (byte)10 : (byte)2;

    private void BeginLink(ushort type, ushort flags, int index, bool up)
    {
        Span<byte> header = stackalloc byte[16];
        LinkHeader(header, index, up);
        _writer.Begin(type, flags, header);
    }

    private void Mac(MacAddress mac)
    {
        Span<byte> bytes = stackalloc byte[6];
        mac.Write(bytes);
        _writer.Bytes(IFLA_ADDRESS, bytes);
    }

    private void Mtu(int mtu)
    {
        if (mtu != 0)
        {
            _writer.Number(IFLA_MTU, (uint)mtu);
        }
    }

    private RouteMessages Done(string line)
    {
        _writer.End();
        _lines.Add(line);
        return this;
    }
}
