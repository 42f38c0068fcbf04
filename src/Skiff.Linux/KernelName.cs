using System.Text;

namespace Skiff.Linux;

/// <summary>What uname(2) says of the machine: one call where the files of /proc/sys/kernel are three each.</summary>
public static unsafe class KernelName
{
    private const int FieldLength = 65; // struct new_utsname: six texts of 64 bytes and a zero

    /// <summary>The host's name in this uts namespace.</summary>
    public static string Node => Field(1);

    /// <summary>Such as <c>6.1.0-28-cloud-amd64</c>; empty when it cannot be had.</summary>
    public static string Release => Field(2);

    private static string Field(int index)
    {
        byte* names = stackalloc byte[6 * FieldLength];
        if (Libc.syscall(SyscallNumber.uname, (nint)names, 0, 0, 0, 0, 0) != 0)
        {
            return "";
        }
        ReadOnlySpan<byte> field = new(names + (index * FieldLength), FieldLength);
        int end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }
}
