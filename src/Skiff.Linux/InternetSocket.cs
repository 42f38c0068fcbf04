using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>UDP and TCP sockets that never block, ip(7), with addresses as the kernel has them.</summary>
public static unsafe class InternetSocket
{
    /// <summary>Room for any address: struct sockaddr_in6.</summary>
    public const int AddressSize = 28;

    private const int AF_INET = 2;
    private const int AF_INET6 = 10;
    private const int SOCK_STREAM = 1;
    private const int SOCK_DGRAM = 2;
    private const int NonblockingAndCloseOnExec = 0x80800; // SOCK_NONBLOCK, SOCK_CLOEXEC
    private const int SOL_SOCKET = 1;
    private const int SO_ERROR = 4;
    private const int MSG_NOSIGNAL = 0x4000;

    /// <summary>Makes a socket in the calling thread's network namespace; null when there is no such family or no memory.</summary>
    public static SafeFd? TryOpen(bool v6, bool udp)
    {
        int fd = Libc.socket(v6 ? AF_INET6 : AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | NonblockingAndCloseOnExec, 0);
        return fd < 0 ? null : new SafeFd(fd);
    }

    /// <summary>A socket that answers at an IPv4 address and a port that the kernel chooses; TCP listens.</summary>
    /// <exception cref="LinuxException">It could not be made.</exception>
    public static SafeFd Serve(IPAddress address, bool udp, out int port)
    {
        SafeFd fd = TryOpen(v6: false, udp) ?? throw LinuxException.Last("socket", udp ? "UDP" : "TCP");
        byte* name = stackalloc byte[AddressSize];
        Span<byte> span = new(name, AddressSize);
        uint length = (uint)Write(span, new IPEndPoint(address, 0));
        if (Libc.bind(fd.Value, name, length) != 0 || Libc.getsockname(fd.Value, name, &length) != 0)
        {
            LinuxException failure = LinuxException.Last("bind", address.ToString());
            fd.Dispose();
            throw failure;
        }
        port = BinaryPrimitives.ReadUInt16BigEndian(span[2..]);
        if (!udp && Libc.listen(fd.Value, 32) != 0)
        {
            LinuxException failure = LinuxException.Last("listen", address.ToString());
            fd.Dispose();
            throw failure;
        }
        return fd;
    }

    /// <summary>Writes an address as the kernel has it; its length.</summary>
    public static int Write(Span<byte> to, IPEndPoint end)
    {
        bool v6 = end.AddressFamily == AddressFamily.InterNetworkV6;
        to[..AddressSize].Clear();
        to[0] = v6 ? (byte)AF_INET6 : (byte)AF_INET;
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)end.Port);
        _ = end.Address.TryWriteBytes(to[(v6 ? 8 : 4)..], out _);
        if (v6)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(to[24..], (uint)end.Address.ScopeId);
        }
        return v6 ? 28 : 16;
    }

    /// <summary>Connects; 0, or the errno: EINPROGRESS (115) for TCP that is on its way.</summary>
    public static int Connect(SafeFd fd, IPEndPoint end)
    {
        byte* name = stackalloc byte[AddressSize];
        int length = Write(new Span<byte>(name, AddressSize), end);
        return RawCall.Invoke(SyscallNumber.connect, fd.Value, (nint)name, length) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Why a connection that was on its way did not come to be; 0 when it did.</summary>
    public static int Error(SafeFd fd)
    {
        int value = 0;
        uint length = 4;
        return Libc.getsockopt(fd.Value, SOL_SOCKET, SO_ERROR, (byte*)&value, &length) == 0 ? value : Marshal.GetLastPInvokeError();
    }

    /// <summary>Takes a connection; null when none waits.</summary>
    public static SafeFd? TryAccept(SafeFd fd)
    {
        nint accepted = RawCall.Invoke(SyscallNumber.accept4, fd.Value, 0, 0, NonblockingAndCloseOnExec);
        return accepted < 0 ? null : new SafeFd((int)accepted);
    }

    /// <summary>Takes a datagram and the address of its sender; its length, or −1 when none waits.</summary>
    public static int ReceiveFrom(SafeFd fd, Span<byte> buffer, Span<byte> sender)
    {
        fixed (byte* p = buffer)
        fixed (byte* name = sender)
        {
            uint length = (uint)sender.Length;
            return (int)RawCall.Invoke(SyscallNumber.recvfrom, fd.Value, (nint)p, buffer.Length, 0, (nint)name, (nint)(&length));
        }
    }

    /// <summary>Sends a datagram to an address that <see cref="ReceiveFrom"/> gave. What does not go is lost, as datagrams are.</summary>
    public static void SendTo(SafeFd fd, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> receiver)
    {
        fixed (byte* p = bytes)
        fixed (byte* name = receiver)
        {
            int length = receiver[0] == AF_INET ? 16 : AddressSize;
            _ = RawCall.Invoke(SyscallNumber.sendto, fd.Value, (nint)p, bytes.Length, MSG_NOSIGNAL, (nint)name, length);
        }
    }

    /// <summary>Sends on a connected socket; how much went, or −1: <paramref name="errno"/> is EAGAIN when it takes no more now.</summary>
    public static int Send(SafeFd fd, ReadOnlySpan<byte> bytes, out int errno)
    {
        fixed (byte* p = bytes)
        {
            int n = (int)RawCall.Invoke(SyscallNumber.sendto, fd.Value, (nint)p, bytes.Length, MSG_NOSIGNAL, 0, 0);
            errno = n < 0 ? Marshal.GetLastPInvokeError() : 0;
            return n;
        }
    }

    /// <summary>Receives on a connected socket; 0 at its end, or −1: <paramref name="errno"/> is EAGAIN when nothing is there now.</summary>
    public static int Receive(SafeFd fd, Span<byte> buffer, out int errno)
    {
        fixed (byte* p = buffer)
        {
            int n = (int)RawCall.Invoke(SyscallNumber.recvfrom, fd.Value, (nint)p, buffer.Length, 0, 0, 0);
            errno = n < 0 ? Marshal.GetLastPInvokeError() : 0;
            return n;
        }
    }
}
