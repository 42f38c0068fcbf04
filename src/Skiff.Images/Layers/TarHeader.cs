using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Skiff.Images.Layers;

/// <summary>The fixed header block of 512 bytes: v7, POSIX ustar, GNU and star (tar(5) of libarchive; GNU tar manual, "Basic Tar Format").</summary>
internal readonly ref struct TarHeader(ReadOnlySpan<byte> block, long offset)
{
    /// <summary>Size of a header and the unit of everything else.</summary>
    internal const int BlockSize = 512;

    private readonly ReadOnlySpan<byte> _block = block;

    internal byte TypeFlag => _block[156];

    internal ReadOnlySpan<byte> Name => Text(0, 100);

    internal ReadOnlySpan<byte> LinkName => Text(157, 100);

    internal uint Mode => (uint)Number(100, 8, "mode") & 0xFFF;

    internal long Uid => Number(108, 8, "uid");

    internal long Gid => Number(116, 8, "gid");

    internal long Size => Number(124, 12, "size");

    internal long ModificationTime => Number(136, 12, "mtime");

    /// <summary>GNU's own format, "ustar  " and a NUL: the place of the prefix holds times and sparse maps.</summary>
    internal bool IsGnu => _block.Slice(257, 8).SequenceEqual("ustar  \0"u8);

    internal bool IsUstar => _block.Slice(257, 5).SequenceEqual("ustar"u8);

    internal uint DeviceMajor => IsUstar ? (uint)Number(329, 8, "major") : 0;

    internal uint DeviceMinor => IsUstar ? (uint)Number(337, 8, "minor") : 0;

    /// <summary>What precedes the name: 155 bytes in ustar, 131 in star (which marks itself at the end), nothing in v7 and GNU.</summary>
    internal ReadOnlySpan<byte> Prefix =>
        !IsUstar || IsGnu ? default
        : _block.Slice(508, 4).SequenceEqual("tar\0"u8) ? Text(345, 131)
        : Text(345, 155);

    internal bool IsZero => !_block.ContainsAnyExcept((byte)0);

    /// <summary>The sum of all bytes with the checksum field as spaces; old writers summed signed bytes.</summary>
    internal void CheckSum()
    {
        long wanted = Number(148, 8, "checksum");
        int unsigned = Sum(_block) - Sum(_block.Slice(148, 8)) + (8 * ' '); // the field itself counts as spaces
        if (wanted == unsigned)
        {
            return;
        }
        int signed = unsigned; // some old programs add the bytes as signed ones
        for (int i = 0; i < BlockSize; i++)
        {
            signed -= i is (< 148 or >= 156) && _block[i] >= 0x80 ? 0x100 : 0;
        }
        if (wanted != signed)
        {
            throw new TarException($"wrong checksum of a header: {wanted} is written, {unsigned} is right", offset);
        }
    }

    /// <summary>The sum of up to 512 bytes, eight at a time, in four lanes of 16 bits: a lane gets 128 bytes at most, which cannot fill it.</summary>
    private static int Sum(ReadOnlySpan<byte> bytes)
    {
        const ulong Lanes = 0x00FF00FF00FF00FF;
        ulong sums = 0;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            sums += (word & Lanes) + ((word >> 8) & Lanes);
        }
        return (int)((sums & 0xFFFF) + ((sums >> 16) & 0xFFFF) + ((sums >> 32) & 0xFFFF) + (sums >> 48));
    }

    /// <summary>A number field: octal digits, or with the top bit set GNU's base-256 in two's complement.</summary>
    internal long Number(int start, int length, string field)
    {
        ReadOnlySpan<byte> bytes = _block.Slice(start, length);
        return (bytes[0] & 0x80) != 0 ? Base256(bytes, field) : Octal(bytes, field);
    }

    private long Octal(ReadOnlySpan<byte> bytes, string field)
    {
        int i = 0;
        while (i < bytes.Length && bytes[i] == ' ')
        {
            i++;
        }
        long value = 0;
        for (; i < bytes.Length && bytes[i] is not ((byte)' ' or 0); i++)
        {
            if (bytes[i] is < (byte)'0' or > (byte)'7')
            {
                throw new TarException($"the field {field} of a header is not a number", offset);
            }
            value = (value << 3) | (uint)(bytes[i] - '0');
        }
        return value; // at most 12 digits: 36 bits
    }

    private long Base256(ReadOnlySpan<byte> bytes, string field)
    {
        // the first byte is 0x80 for a positive and 0xff for a negative number
        bool negative = (bytes[0] & 0x40) != 0;
        int high = bytes.Length - 8;
        byte fill = negative ? (byte)0xFF : (byte)0;
        bool fits = high == 0 || (bytes[0] & 0x7F) == (fill & 0x7F);
        for (int i = 1; i < high; i++)
        {
            fits &= bytes[i] == fill;
        }
        long value = BinaryPrimitives.ReadInt64BigEndian(bytes[high..]);
        if (high == 0)
        {
            value = negative ? value | long.MinValue : value & long.MaxValue;
        }
        if (!fits || value < 0 != negative)
        {
            throw new TarException($"the field {field} of a header is out of range", offset);
        }
        return value;
    }

    private ReadOnlySpan<byte> Text(int start, int length)
    {
        ReadOnlySpan<byte> bytes = _block.Slice(start, length);
        int end = bytes.IndexOf((byte)0);
        return end < 0 ? bytes : bytes[..end];
    }
}
