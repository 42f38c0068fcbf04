using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>A unix datagram socket that sends to a path, unix(7): the journal's way in.</summary>
public static unsafe class DatagramSocket
{
    private const int AF_UNIX = 1;
    private const int SOCK_DGRAM = 2;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int MSG_DONTWAIT = 0x40;
    private const int MSG_NOSIGNAL = 0x4000;

    private const int SOL_SOCKET = 1;
    private const int SO_SNDTIMEO = 21;

    /// <summary>A socket without a name, which waits for a second at most.</summary>
    public static SafeFd Make()
    {
        int fd = Libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            throw LinuxException.Last("socket", "AF_UNIX");
        }
        long* second = stackalloc long[2] { 1, 0 };
        _ = Libc.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, (byte*)second, 16);
        return new SafeFd(fd);
    }

    /// <summary>struct sockaddr_un for a path of at most 107 bytes.</summary>
    public static byte[] Address(string path)
    {
        byte[] address = [AF_UNIX, 0, .. CString.Encode(path)];
        return address.Length <= 110 ? address : throw new LinuxException("connect", path, Errno.ENAMETOOLONG);
    }

    /// <summary>Sends one datagram; returns 0 or the errno, EAGAIN when there was no room.</summary>
    public static int TrySend(SafeFd socket, ReadOnlySpan<byte> address, ReadOnlySpan<byte> bytes, bool wait)
    {
        fixed (byte* a = address)
        fixed (byte* p = bytes)
        {
            return
                Libc.syscall(
                    SyscallNumber.sendto,
                    socket.Value,
                    (nint)p,
                    bytes.Length,
                    (wait ? 0 : MSG_DONTWAIT) | MSG_NOSIGNAL,
                    (nint)a,
                    address.Length
                ) >= 0
                ? 0
                : Marshal.GetLastPInvokeError();
        }
    }
}
