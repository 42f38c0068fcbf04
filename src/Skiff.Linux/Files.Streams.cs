using System.Runtime.InteropServices;

namespace Skiff.Linux;

public static unsafe partial class Files
{
    /// <summary>One write(2): how many bytes were taken; −1 with the errno (EAGAIN on a non-blocking descriptor that is full).</summary>
    public static int TryWrite(int fd, ReadOnlySpan<byte> bytes, out int errno)
    {
        fixed (byte* p = bytes)
        {
            nint n;
            do
            {
                n = Libc.write(fd, p, bytes.Length);
                errno = n < 0 ? Marshal.GetLastPInvokeError() : 0;
            } while (errno == Errno.EINTR);
            return (int)n;
        }
    }

    /// <summary>Makes a pipe's end or a terminal's master non-blocking, fcntl(2). Only for an open file description that nobody else has.</summary>
    public static void SetNonBlocking(SafeFd fd)
    {
        const int F_GETFL = 3;
        const int F_SETFL = 4;
        int flags = Libc.fcntl(fd.Value, F_GETFL, 0);
        if (flags < 0 || Libc.fcntl(fd.Value, F_SETFL, flags | OpenFlags.O_NONBLOCK) < 0)
        {
            throw LinuxException.Last("fcntl F_SETFL", "");
        }
    }

    /// <summary>pread(2): −1 when it fails, 0 at the end of the file.</summary>
    public static int TryReadAt(SafeFd fd, Span<byte> buffer, long offset)
    {
        fixed (byte* p = buffer)
        {
            nint n;
            do
            {
                n = Libc.pread(fd.Value, p, buffer.Length, offset);
            } while (n < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);
            return (int)n;
        }
    }

    /// <summary>lseek(2) from the beginning of the file.</summary>
    public static void Seek(SafeFd fd, long offset)
    {
        if (Libc.lseek(fd.Value, offset, 0) < 0)
        {
            throw LinuxException.Last("lseek", "");
        }
    }

    /// <summary>ftruncate(2); returns 0 or the errno.</summary>
    public static int TryTruncate(SafeFd fd, long length) => Libc.ftruncate(fd.Value, length) == 0 ? 0 : Marshal.GetLastPInvokeError();
}
