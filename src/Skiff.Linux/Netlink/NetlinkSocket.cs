using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Skiff.Linux.Netlink;

/// <summary>A raw AF_NETLINK socket of the calling thread's network namespace; it keeps that namespace whatever thread uses it later.</summary>
/// <remarks>Requests are processed inside send(2), so the reply is there when it returns: no waiting, no event loop.</remarks>
public sealed unsafe class NetlinkSocket : IDisposable
{
    /// <summary>Links, addresses, routes: rtnetlink(7).</summary>
    public const int NETLINK_ROUTE = 0;

    /// <summary>nftables and the other netfilter subsystems.</summary>
    public const int NETLINK_NETFILTER = 12;

    internal const ushort NLM_F_REQUEST = 1;
    internal const ushort NLM_F_ACK = 4;
    internal const ushort NLM_F_DUMP = 0x300;
    internal const ushort NLM_F_REPLACE = 0x100;
    internal const ushort NLM_F_EXCL = 0x200;
    internal const ushort NLM_F_CREATE = 0x400;
    internal const ushort NLM_F_APPEND = 0x800;
    internal const ushort NLMSG_ERROR = 2;
    internal const ushort NLMSG_DONE = 3;

    private const int AF_NETLINK = 16;
    private const int SOCK_RAW = 3;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int SOL_NETLINK = 270;
    private const int NETLINK_EXT_ACK = 11;
    private const int NETLINK_GET_STRICT_CHK = 12;
    private const int SOL_SOCKET = 1;
    private const int SO_SNDBUFFORCE = 32;

    private readonly SafeFd _fd;

    private NetlinkSocket(SafeFd fd) => _fd = fd;

    /// <summary>Opens a socket for <see cref="NETLINK_ROUTE"/> or <see cref="NETLINK_NETFILTER"/>; throws <see cref="LinuxException"/>.</summary>
    public static NetlinkSocket Open(int protocol)
    {
        int fd = Libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
        if (fd < 0)
        {
            throw LinuxException.Last("socket", protocol == NETLINK_ROUTE ? "NETLINK_ROUTE" : "NETLINK_NETFILTER");
        }
        var socket = new NetlinkSocket(new SafeFd(fd));
        // Extended acks carry the kernel's own sentence (4.12); where they are missing the errno alone is reported.
        socket.Set(SOL_NETLINK, NETLINK_EXT_ACK, 1);
        return socket;
    }

    /// <summary>A socket that another process has opened and handed over, with no answer outstanding.</summary>
    public static NetlinkSocket Adopt(SafeFd fd) => new(fd);

    /// <summary>The descriptor.</summary>
    public SafeFd Fd => _fd;

    /// <summary>Sends the messages in one system call and reads the first reply. The last message must carry NLM_F_ACK, the others must not:
    /// then success is exactly one reply with error 0, and anything else comes first with the error.</summary>
    public NetlinkReply Transact(ReadOnlySpan<byte> messages)
    {
        Send(messages);
        byte[] buffer = GC.AllocateUninitializedArray<byte>(4096);
        int n = Receive(buffer);
        return NetlinkReply.Parse(buffer.AsSpan(0, n));
    }

    /// <summary>Sends one request and hands every message of the (possibly many-part) answer to <paramref name="each"/> until it is complete.</summary>
    /// <returns>0, or the errno of the answer.</returns>
    internal int Query(ReadOnlySpan<byte> request, bool dump, NetlinkMessageHandler each)
    {
        if (dump)
        {
            // Without it the kernel ignores the filter in the header of a dump request (4.20).
            Set(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
        }
        Send(request);
        byte[] buffer = GC.AllocateUninitializedArray<byte>(32768);
        while (true)
        {
            ReadOnlySpan<byte> rest = buffer.AsSpan(0, Receive(buffer));
            while (rest.Length >= 16)
            {
                int length = (int)BinaryPrimitives.ReadUInt32LittleEndian(rest);
                if (length < 16 || length > rest.Length)
                {
                    throw new LinuxException("recv", "netlink: malformed message", Errno.EIO);
                }
                ushort type = BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]);
                if (type is NLMSG_ERROR or NLMSG_DONE)
                {
                    return length >= 20 ? -BinaryPrimitives.ReadInt32LittleEndian(rest[16..]) : 0;
                }
                each(type, rest[16..length]);
                if (!dump)
                {
                    return 0;
                }
                rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
            }
        }
    }

    /// <summary>Throws away answers that nobody reads, so that the next one is that of the next request.</summary>
    internal void Drain()
    {
        const int MSG_DONTWAIT = 0x40;
        byte* buffer = stackalloc byte[64];
        while (Libc.recv(_fd.Value, buffer, 64, MSG_DONTWAIT) > 0) { }
    }

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();

    private void Set(int level, int name, int value) => _ = Libc.setsockopt(_fd.Value, level, name, (byte*)&value, 4);

    private void Send(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 100_000)
        {
            // The default send buffer (net.core.wmem_default, 212992 with overhead) is too small for hundreds of published ports.
            Set(SOL_SOCKET, SO_SNDBUFFORCE, bytes.Length * 2);
        }
        fixed (byte* p = bytes)
        {
            while (Libc.send(_fd.Value, p, bytes.Length, 0) < 0)
            {
                if (Marshal.GetLastPInvokeError() is int errno && errno != Errno.EINTR)
                {
                    throw new LinuxException("send", "netlink", errno);
                }
            }
        }
    }

    private int Receive(byte[] buffer)
    {
        fixed (byte* p = buffer)
        {
            while (true)
            {
                nint n = Libc.recv(_fd.Value, p, buffer.Length, 0);
                if (n > 0)
                {
                    return (int)n;
                }
                int errno = n == 0 ? Errno.EIO : Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR)
                {
                    throw new LinuxException("recv", "netlink", errno);
                }
            }
        }
    }
}

/// <summary>Receives one message of an answer: its type and what follows the nlmsghdr.</summary>
internal delegate void NetlinkMessageHandler(ushort type, ReadOnlySpan<byte> body);
