using System.Runtime.InteropServices;

namespace Skiff.Linux;

/// <summary>Random bytes of the kernel, getrandom(2): no library to load on the start-up path.</summary>
public static unsafe class RandomBytes
{
    /// <summary>Fills <paramref name="buffer"/>, at most 256 bytes (larger requests may be cut short by signals).</summary>
    public static void Fill(Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(buffer.Length, 256);
        fixed (byte* p = buffer)
        {
            while (Libc.syscall(SyscallNumber.getrandom, (nint)p, buffer.Length, 0, 0, 0, 0) != buffer.Length)
            {
                if (Marshal.GetLastPInvokeError() != Errno.EINTR)
                {
                    throw LinuxException.Last("getrandom", "");
                }
            }
        }
    }

    /// <summary><paramref name="bytes"/> random bytes as lower-case hexadecimal; 32 give a container id.</summary>
    public static string Hex(int bytes)
    {
        Span<byte> buffer = stackalloc byte[bytes];
        Fill(buffer);
        return Convert.ToHexStringLower(buffer);
    }
}
