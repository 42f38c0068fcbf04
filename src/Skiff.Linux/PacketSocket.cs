using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>Unix sockets that keep the borders of messages, SOCK_SEQPACKET of unix(7): a message arrives whole or, where there is no room, is not taken at all.</summary>
public static unsafe class PacketSocket
{
    private const int AF_UNIX = 1;
    private const int SOCK_SEQPACKET = 5;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int SOCK_NONBLOCK = 0x800;
    private const int MSG_DONTWAIT = 0x40;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int AddressSize = 110;

    /// <summary>Two connected sockets.</summary>
    public static (SafeFd One, SafeFd Other) Pair()
    {
        int* fds = stackalloc int[2];
        return Libc.syscall(SyscallNumber.socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, (nint)fds, 0, 0) == 0
            ? (new SafeFd(fds[0]), new SafeFd(fds[1]))
            : throw LinuxException.Last("socketpair", "");
    }

    /// <summary>Listens under a name in a directory; a socket that a dead process left there is replaced. Mode 0600.</summary>
    /// <param name="directory">The directory; its path may be longer than the 108 bytes of an address, which then leads through <c>/proc/self/fd</c>.</param>
    /// <param name="name">At most 80 bytes.</param>
    public static SafeFd Listen(string directory, string name)
    {
        using SafeFd place = Files.Open(directory, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
        SafeFd socket = Make(SOCK_NONBLOCK);
        byte* address = stackalloc byte[AddressSize];
        uint length = Address(address, place, name);
        fixed (byte* path = CString.Encode(name))
        {
            _ = Libc.unlinkat(place.Value, path, 0);
            // The directory is root's alone (0700), so nobody connects between bind and chmod.
            if (
                Libc.bind(socket.Value, address, length) != 0
                || Libc.fchmodat(place.Value, path, 0x180, 0) != 0
                || Libc.listen(socket.Value, 64) != 0
            )
            {
                int errno = Marshal.GetLastPInvokeError();
                socket.Dispose();
                throw new LinuxException("listen", $"{directory}/{name}", errno);
            }
        }
        return socket;
    }

    /// <summary>Connects to the listener; null with the errno: ENOENT when there is none, ECONNREFUSED when it died.</summary>
    public static SafeFd? TryConnect(string directory, string name, out int errno)
    {
        using SafeFd? place = Files.TryOpen(directory, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out errno);
        if (place is null)
        {
            return null;
        }
        SafeFd socket = Make(0);
        byte* address = stackalloc byte[AddressSize];
        uint length = Address(address, place, name);
        if (Libc.syscall(SyscallNumber.connect, socket.Value, (nint)address, (nint)length, 0, 0, 0) == 0)
        {
            return socket;
        }
        errno = Marshal.GetLastPInvokeError();
        socket.Dispose();
        return null;
    }

    /// <summary>The next connection that waits; null when there is none.</summary>
    public static SafeFd? TryAccept(SafeFd listener)
    {
        nint fd = Libc.syscall(SyscallNumber.accept4, listener.Value, 0, 0, SOCK_CLOEXEC, 0, 0);
        return fd < 0 ? null : new SafeFd((int)fd);
    }

    /// <summary>Sends one message without waiting; 0, or the errno: EAGAIN when the other side reads too slowly, EPIPE when it has gone.</summary>
    public static int TrySend(SafeFd socket, ReadOnlySpan<byte> message)
    {
        fixed (byte* p = message)
        {
            return Libc.send(socket.Value, p, message.Length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Takes one message without waiting: its length, 0 when the other side has gone, -1 with the errno (EAGAIN when none waits).</summary>
    public static int TryReceive(SafeFd socket, Span<byte> buffer, out int errno)
    {
        fixed (byte* p = buffer)
        {
            int n = (int)Libc.recv(socket.Value, p, buffer.Length, MSG_DONTWAIT);
            errno = n < 0 ? Marshal.GetLastPInvokeError() : 0;
            return n;
        }
    }

    /// <summary>Waits for a message and looks at it without taking it: its length, 0 when the other side has gone, -1 on an error.</summary>
    public static int Peek(SafeFd socket, Span<byte> buffer)
    {
        const int MSG_PEEK = 2;
        fixed (byte* p = buffer)
        {
            int n;
            do
            {
                n = (int)Libc.recv(socket.Value, p, buffer.Length, MSG_PEEK);
            } while (n < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);
            return n;
        }
    }

    private static SafeFd Make(int flags)
    {
        int fd = Libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
        return fd >= 0 ? new SafeFd(fd) : throw LinuxException.Last("socket", "AF_UNIX");
    }

    /// <summary>struct sockaddr_un: the family, and the path with its zero.</summary>
    private static uint Address(byte* address, SafeFd directory, string name)
    {
        byte[] path = CString.Encode($"/proc/self/fd/{directory.Value}/{name}");
        *(ushort*)address = AF_UNIX;
        path.CopyTo(new Span<byte>(address + 2, AddressSize - 2));
        return (uint)(2 + path.Length);
    }
}
