using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Skiff.Linux.Netlink;

/// <summary>Asks the kernel whether a process of the host uses a port, by bind(2).</summary>
public static unsafe class PortProbe
{
    private const int SOCK_STREAM = 1;
    private const int SOCK_DGRAM = 2;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int SOL_SOCKET = 1;
    private const int SO_REUSEADDR = 2;
    private const int IPPROTO_IPV6 = 41;
    private const int IPV6_V6ONLY = 26;

    /// <summary>0 when the port is free, else the errno of bind(2): EADDRINUSE, EADDRNOTAVAIL, …</summary>
    public static int Try(string address, int port, bool udp) => Bind(IPAddress.Parse(address), port, udp, out _);

    /// <summary>A port that is free now; throws <see cref="LinuxException"/>.</summary>
    public static int FreePort(string address, bool udp)
    {
        int errno = Bind(IPAddress.Parse(address), 0, udp, out int port);
        return errno == 0 ? port : throw new LinuxException("bind", address, errno);
    }

    private static int Bind(IPAddress address, int port, bool udp, out int bound)
    {
        bound = 0;
        bool v6 = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        int number = Libc.socket(v6 ? 10 : 2, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
        if (number < 0)
        {
            return Marshal.GetLastPInvokeError();
        }
        using SafeFd fd = new(number);
        int one = 1;
        if (!udp)
        {
            // A connection in TIME_WAIT must not count; a listening socket still does (socket(7)).
            _ = Libc.setsockopt(number, SOL_SOCKET, SO_REUSEADDR, (byte*)&one, 4);
        }
        if (v6)
        {
            _ = Libc.setsockopt(number, IPPROTO_IPV6, IPV6_V6ONLY, (byte*)&one, 4);
        }
        // struct sockaddr_in: family, port, address; sockaddr_in6: family, port, flow, address, scope.
        Span<byte> name = stackalloc byte[28];
        name.Clear();
        name[0] = v6 ? (byte)10 : (byte)2;
        BinaryPrimitives.WriteUInt16BigEndian(name[2..], (ushort)port);
        address.TryWriteBytes(name[(v6 ? 8 : 4)..], out _);
        fixed (byte* p = name)
        {
            uint length = v6 ? 28u : 16u;
            if (Libc.bind(number, p, length) != 0)
            {
                return Marshal.GetLastPInvokeError();
            }
            if (Libc.getsockname(number, p, &length) == 0)
            {
                bound = BinaryPrimitives.ReadUInt16BigEndian(name[2..]);
            }
        }
        return 0;
    }
}
