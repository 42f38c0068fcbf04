using System.Numerics;
using System.Runtime.InteropServices;

namespace Skiff.Images.Zstd;

/// <summary>A state of a finite state entropy decoder: what it stands for and how to come to the next one.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
internal struct FseState
{
    /// <summary>The place of the next state, to which <see cref="Bits"/> bits of the stream are added.</summary>
    internal ushort Next;

    /// <summary>How many bits of the stream choose the next state.</summary>
    internal byte Bits;

    /// <summary>How many bits of the stream are added to <see cref="Base"/>.</summary>
    internal byte Extra;

    /// <summary>The least value of the code, or the symbol itself.</summary>
    internal uint Base;
}

/// <summary>Reads and builds tables of finite state entropy (RFC 8878 section 4.1).</summary>
internal static unsafe class FseTable
{
    /// <summary>More symbols than any table has: 255 Huffman weights is the greatest alphabet.</summary>
    internal const int MaxSymbols = 256;

    /// <summary>Reads the description of a distribution: how often each symbol occurs, -1 for "less than once".</summary>
    /// <param name="source">The description; eight bytes behind <paramref name="length"/> can be read too.</param>
    /// <param name="length">How many bytes may belong to it.</param>
    /// <param name="counts">Receives the counts.</param>
    /// <param name="maxLog">The greatest accuracy allowed.</param>
    /// <param name="log">The accuracy: the counts add up to 1 &lt;&lt; log.</param>
    /// <param name="symbols">How many symbols have a count.</param>
    /// <returns>The number of bytes read.</returns>
    internal static int ReadCounts(byte* source, int length, Span<short> counts, int maxLog, out int log, out int symbols)
    {
        if (length == 0)
        {
            ZstdErrors.Throw("a table of frequencies is missing");
        }
        long end = (long)length * 8;
        log = (source[0] & 15) + 5;
        if (log > maxLog)
        {
            ZstdErrors.Throw("a table of frequencies is too large");
        }
        long position = 4;
        int left = 1 << log;
        int symbol = 0;
        while (left > 0)
        {
            if (symbol >= counts.Length || position > end)
            {
                ZstdErrors.Throw("a table of frequencies does not end");
            }
            // a value of 0 to left + 1; small ones take a bit less where that many bits would have room to spare
            int bits = BitOperations.Log2((uint)left + 1) + 1;
            int spare = (1 << bits) - 2 - left;
            int value = Peek(source, position, bits);
            int low = value & ((1 << (bits - 1)) - 1);
            if (low < spare)
            {
                value = low;
                position += bits - 1;
            }
            else
            {
                value -= value > low ? spare : 0;
                position += bits;
            }
            int count = value - 1;
            counts[symbol++] = (short)count;
            left -= Math.Abs(count);
            if (count == 0)
            {
                position = ReadZeros(source, position, end, counts, ref symbol);
            }
        }
        if (left < 0 || position > end)
        {
            ZstdErrors.Throw("a table of frequencies adds up to too much");
        }
        symbols = symbol;
        return (int)((position + 7) >> 3);
    }

    /// <summary>After a count of zero stands how many more follow, in pieces of up to three.</summary>
    private static long ReadZeros(byte* source, long position, long end, Span<short> counts, ref int symbol)
    {
        int more;
        do
        {
            if (position > end)
            {
                ZstdErrors.Throw("a table of frequencies does not end");
            }
            more = Peek(source, position, 2);
            position += 2;
            if (symbol + more > counts.Length)
            {
                ZstdErrors.Throw("a table of frequencies has too many symbols");
            }
            counts.Slice(symbol, more).Clear();
            symbol += more;
        } while (more == 3);
        return position;
    }

    /// <summary>Builds the states of a distribution. <see cref="FseState.Base"/> becomes the symbol.</summary>
    /// <param name="table">Receives <c>1 &lt;&lt; log</c> states.</param>
    /// <param name="counts">The distribution.</param>
    /// <param name="log">Its accuracy.</param>
    /// <param name="place">Where the table stands among others: what <see cref="FseState.Next"/> counts from is so far before it.</param>
    internal static void Build(FseState* table, ReadOnlySpan<short> counts, int log, int place = 0)
    {
        int size = 1 << log;
        Span<ushort> next = stackalloc ushort[MaxSymbols];
        int top = size - 1;
        for (int symbol = 0; symbol < counts.Length; symbol++)
        {
            next[symbol] = (ushort)Math.Abs((int)counts[symbol]);
            if (counts[symbol] == -1)
            {
                table[top--].Base = (uint)symbol; // the rarest have one state each, at the end
            }
        }
        int step = (size >> 1) + (size >> 3) + 3;
        int position = 0;
        for (int symbol = 0; symbol < counts.Length; symbol++)
        {
            for (int i = 0; i < counts[symbol]; i++)
            {
                table[position].Base = (uint)symbol;
                do
                {
                    position = (position + step) & (size - 1);
                } while (position > top);
            }
        }
        for (int i = 0; i < size; i++)
        {
            uint number = next[(int)table[i].Base]++;
            int bits = log - BitOperations.Log2(number);
            table[i].Bits = (byte)bits;
            table[i].Next = (ushort)(place + (number << bits) - size);
            table[i].Extra = 0;
        }
    }

    /// <summary>The one state of a table with a single symbol: it takes no bits.</summary>
    internal static void BuildSingle(FseState* table, int symbol, int place) =>
        *table = new FseState { Next = (ushort)place, Base = (uint)symbol };

    private static int Peek(byte* source, long position, int bits) =>
        (int)(*(uint*)(source + (position >> 3)) >> (int)(position & 7)) & ((1 << bits) - 1);
}
