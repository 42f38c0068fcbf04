using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>Messages over a unix socket that carry open descriptors, SCM_RIGHTS of unix(7).</summary>
public static unsafe class DescriptorMessage
{
    /// <summary>The most descriptors that a message of ours carries.</summary>
    public const int MaxDescriptors = 40;
    private const int SOL_SOCKET = 1;
    private const int SCM_RIGHTS = 1;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;

    // struct cmsghdr is a length of 8 bytes, level and type of 4 each, then the descriptors.
    private const int ControlHeader = 16;
    private const int ControlSize = ControlHeader + (MaxDescriptors * sizeof(int));

    // struct msghdr below: name and its length, vector and count, control and its length, flags.

    /// <summary>Sends one message; 0, or the errno: EPIPE when the other side has gone.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="message">At least one byte.</param>
    /// <param name="descriptors">At most forty; the other side gets duplicates.</param>
    public static int TrySend(SafeFd socket, ReadOnlySpan<byte> message, ReadOnlySpan<int> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors);
        byte* control = stackalloc byte[ControlSize];
        new Span<byte>(control, ControlSize).Clear();
        *(nint*)control = ControlHeader + (descriptors.Length * sizeof(int));
        ((int*)control)[2] = SOL_SOCKET;
        ((int*)control)[3] = SCM_RIGHTS;
        descriptors.CopyTo(new Span<int>(control + ControlHeader, MaxDescriptors));
        fixed (byte* data = message)
        {
            nint* vector = stackalloc nint[2] { (nint)data, message.Length };
            nint* header = stackalloc nint[7] { 0, 0, (nint)vector, 1, (nint)control, descriptors.IsEmpty ? 0 : *(nint*)control, 0 };
            return RawCall.Invoke(SyscallNumber.sendmsg, socket.Value, (nint)header, MSG_NOSIGNAL) >= 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Waits for one message.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="message">Receives the bytes.</param>
    /// <param name="descriptors">The descriptors that came with it, close-on-exec.</param>
    /// <returns>Its length; 0 when the other side has gone, or died before it sent any.</returns>
    public static int Receive(SafeFd socket, Span<byte> message, out SafeFd[] descriptors)
    {
        byte* control = stackalloc byte[ControlSize];
        new Span<byte>(control, ControlSize).Clear();
        fixed (byte* data = message)
        {
            nint* vector = stackalloc nint[2] { (nint)data, message.Length };
            nint* header = stackalloc nint[7] { 0, 0, (nint)vector, 1, (nint)control, ControlSize, 0 };
            nint n;
            do
            {
                n = RawCall.Invoke(SyscallNumber.recvmsg, socket.Value, (nint)header, MSG_CMSG_CLOEXEC);
            } while (n < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);
            bool carries = n > 0 && *(nint*)control > ControlHeader && ((int*)control)[2] == SOL_SOCKET && ((int*)control)[3] == SCM_RIGHTS;
            descriptors = new SafeFd[carries ? ((int)*(nint*)control - ControlHeader) / sizeof(int) : 0];
            for (int i = 0; i < descriptors.Length; i++)
            {
                descriptors[i] = new SafeFd(((int*)(control + ControlHeader))[i]);
            }
            return (int)Math.Max(0, n);
        }
    }
}
