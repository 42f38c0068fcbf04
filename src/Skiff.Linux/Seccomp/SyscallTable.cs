using System.Buffers.Text;
using System.Text;

namespace Skiff.Linux.Seccomp;

/// <summary>System call names to numbers, for every architecture whose calls a filter may meet.</summary>
internal static partial class SyscallTable
{
    /// <summary>__X32_SYSCALL_BIT, asm/unistd.h.</summary>
    internal const int X32Bit = 0x40000000;

    /// <summary>All calls of one architecture.</summary>
    internal static Dictionary<string, int> Load(SeccompArchitecture architecture)
    {
        int column = architecture switch
        {
            SeccompArchitecture.X86_64 or SeccompArchitecture.X32 => 0,
            SeccompArchitecture.X86 => 1,
            SeccompArchitecture.Arm64 => 2,
            _ => 3,
        };
        Dictionary<string, int> table = new(520);
        ReadOnlySpan<byte> data = Data;
        foreach (Range range in data.Split((byte)' '))
        {
            ReadOnlySpan<byte> entry = data[range];
            int colon = entry.IndexOf((byte)':');
            if (colon < 0)
            {
                continue;
            }
            ReadOnlySpan<byte> numbers = entry[(colon + 1)..];
            bool found = TryField(numbers, column, out int number);
            if (architecture == SeccompArchitecture.X32)
            {
                found |= TryField(numbers, 4, out int own);
                number = X32Bit | (own != 0 ? own : number);
            }
            if (found)
            {
                table[Encoding.ASCII.GetString(entry[..colon])] = number;
            }
        }
        return table;
    }

    private static bool TryField(ReadOnlySpan<byte> numbers, int column, out int number)
    {
        for (; column > 0; column--)
        {
            int comma = numbers.IndexOf((byte)',');
            if (comma < 0)
            {
                number = 0;
                return false;
            }
            numbers = numbers[(comma + 1)..];
        }
        return Utf8Parser.TryParse(numbers, out number, out _);
    }
}
