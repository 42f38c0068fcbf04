using System.Numerics;

namespace Skiff.Images.Zstd;

/// <summary>Bits read from the end of a buffer to its beginning (RFC 8878 section 4.1, "Bitstream"): the highest bit that is set in the last byte marks where they begin.</summary>
/// <remarks>It can be read past its beginning: <see cref="Left"/> is negative then. The eight bytes before it must be readable.</remarks>
internal unsafe ref struct BackwardBits
{
    private readonly byte* _start;

    private BackwardBits(byte* start, long left)
    {
        _start = start;
        Left = left;
    }

    /// <summary>The number of bits not read yet.</summary>
    internal long Left { get; private set; }

    internal static bool TryOpen(byte* start, int length, out BackwardBits bits)
    {
        bits = length > 0 && start[length - 1] != 0 ? new BackwardBits(start, Count(start, length)) : default;
        return bits._start != null;
    }

    /// <summary>The number of bits in a stream whose last byte is not zero.</summary>
    internal static long Count(byte* start, int length) => ((length - 1) * 8L) + BitOperations.Log2(start[length - 1]);

    /// <summary>The next bits, at most 32, as a number.</summary>
    internal uint Read(int count)
    {
        long at = Left - 1;
        ulong word = *(ulong*)(_start + (at >> 3) - 7);
        Left -= count;
        return (uint)((word >> ((int)(at & 7) + 57 - count)) & ((1UL << count) - 1));
    }
}
