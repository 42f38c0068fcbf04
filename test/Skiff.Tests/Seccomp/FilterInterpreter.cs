using System.Buffers.Binary;
using Skiff.Linux.Seccomp;

namespace Skiff.Tests.Seccomp;

/// <summary>Runs a filter on one struct seccomp_data as the kernel would.</summary>
internal static class FilterInterpreter
{
    internal static SeccompAction Run(ReadOnlySpan<byte> program, SeccompArchitecture architecture, int number, params ulong[] arguments)
    {
        Span<byte> data = stackalloc byte[64];
        bool x32 = architecture == SeccompArchitecture.X32;
        BinaryPrimitives.WriteInt32LittleEndian(data, number);
        BinaryPrimitives.WriteUInt32LittleEndian(data[4..], (uint)(x32 ? SeccompArchitecture.X86_64 : architecture));
        for (int i = 0; i < arguments.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(data[(16 + (8 * i))..], arguments[i]);
        }
        uint a = 0;
        for (int pc = 0; ; pc++)
        {
            ReadOnlySpan<byte> i = program.Slice(pc * 8, 8);
            uint k = BinaryPrimitives.ReadUInt32LittleEndian(i[4..]);
            switch (BinaryPrimitives.ReadUInt16LittleEndian(i))
            {
                case 0x20:
                    a = BinaryPrimitives.ReadUInt32LittleEndian(data[(int)k..]);
                    break;
                case 0x54:
                    a &= k;
                    break;
                case 0x15:
                    pc += a == k ? i[2] : i[3];
                    break;
                case 0x25:
                    pc += a > k ? i[2] : i[3];
                    break;
                case 0x35:
                    pc += a >= k ? i[2] : i[3];
                    break;
                case 0x05:
                    pc += (int)k;
                    break;
                case 0x06:
                    return new SeccompAction(k);
                default:
                    throw new InvalidOperationException($"instruction {pc}: {Convert.ToHexString(i)}");
            }
        }
    }
}
