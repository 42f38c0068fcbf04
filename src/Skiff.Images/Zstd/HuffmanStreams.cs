using System.Runtime.CompilerServices;

namespace Skiff.Images.Zstd;

/// <summary>Decodes literals: one Huffman stream, or four that are independent so that a processor can work on all of them at once (RFC 8878 section 4.2.2).</summary>
/// <remarks>
/// Positions are bits counted from one base, and a stream is read from its end to its start. A word loaded below a position has at least 57 bits, enough for five codes of 11.
/// Loops run unchecked only as often as both input and output surely suffice; the rest is done code by code. Sixteen bytes before the input must be readable.
/// </remarks>
internal static unsafe class HuffmanStreams
{
    private const int Batch = 5;
    private const int BatchBits = Batch * HuffmanTable.Log;

    /// <summary>Decodes one stream to exactly <paramref name="count"/> bytes.</summary>
    internal static void DecodeOne(ushort* table, byte* source, int length, byte* target, int count)
    {
        long position = Open(source, length, 0);
        position = Finish(table, source, position, 0, target, target + count);
        Close(position, 0);
    }

    /// <summary>Decodes four streams behind a table of their sizes to exactly <paramref name="count"/> bytes.</summary>
    internal static void DecodeFour(ushort* table, byte* source, int length, byte* target, int count)
    {
        const int Jumps = 6;
        int quarter = (count + 3) >> 2;
        if (length < Jumps + 4 || count - (3 * quarter) <= 0)
        {
            ZstdErrors.Throw("the streams of the literals are cut off");
        }
        long start1 = Jumps;
        long start2 = start1 + ((ushort*)source)[0];
        long start3 = start2 + ((ushort*)source)[1];
        long start4 = start3 + ((ushort*)source)[2];
        if (start4 >= length)
        {
            ZstdErrors.Throw("the streams of the literals are longer than their block");
        }
        long position1 = Open(source, (int)(start2 - start1), start1);
        long position2 = Open(source, (int)(start3 - start2), start2);
        long position3 = Open(source, (int)(start4 - start3), start3);
        long position4 = Open(source, (int)(length - start4), start4);
        (start1, start2, start3, start4) = (start1 * 8, start2 * 8, start3 * 8, start4 * 8);

        byte* at = target;
        byte* end4 = target + count - (3L * quarter);
        while (true)
        {
            long bits = Math.Min(Math.Min(position1 - start1, position2 - start2), Math.Min(position3 - start3, position4 - start4));
            long turns = Math.Min(bits / BatchBits, (end4 - at) / Batch);
            if (turns <= 0)
            {
                break;
            }
            DecodeBatches(table, source, at, quarter, turns, ref position1, ref position2, ref position3, ref position4);
            at += turns * Batch;
        }
        byte* end = target + quarter;
        Close(Finish(table, source, position1, start1, at, end), start1);
        Close(Finish(table, source, position2, start2, at + quarter, end + quarter), start2);
        Close(Finish(table, source, position3, start3, at + (2L * quarter), end + (2L * quarter)), start3);
        Close(Finish(table, source, position4, start4, at + (3L * quarter), target + count), start4);
    }

    private static void DecodeBatches(
        ushort* table,
        byte* source,
        byte* at,
        nint quarter,
        long turns,
        ref long position1,
        ref long position2,
        ref long position3,
        ref long position4
    )
    {
        long p1 = position1 - 1;
        long p2 = position2 - 1;
        long p3 = position3 - 1;
        long p4 = position4 - 1;
        nint three = quarter * 3;
        byte* end = at + (turns * Batch);
        do
        {
            ulong word1 = Load(source, p1);
            ulong word2 = Load(source, p2);
            ulong word3 = Load(source, p3);
            ulong word4 = Load(source, p4);
            uint used1 = 0;
            uint used2 = 0;
            uint used3 = 0;
            uint used4 = 0;
            byte* stop = at + Batch;
            do
            {
                uint code1 = table[word1 >> (64 - HuffmanTable.Log)];
                uint code2 = table[word2 >> (64 - HuffmanTable.Log)];
                uint code3 = table[word3 >> (64 - HuffmanTable.Log)];
                uint code4 = table[word4 >> (64 - HuffmanTable.Log)];
                word1 <<= (int)code1;
                word2 <<= (int)code2;
                word3 <<= (int)code3;
                word4 <<= (int)code4;
                at[0] = (byte)(code1 >> 8);
                at[quarter] = (byte)(code2 >> 8);
                at[quarter * 2] = (byte)(code3 >> 8);
                at[three] = (byte)(code4 >> 8);
                used1 += code1;
                used2 += code2;
                used3 += code3;
                used4 += code4;
                at++;
            } while (at < stop);
            p1 -= (byte)used1; // the lengths have summed up below the symbols
            p2 -= (byte)used2;
            p3 -= (byte)used3;
            p4 -= (byte)used4;
        } while (at < end);
        position1 = p1 + 1;
        position2 = p2 + 1;
        position3 = p3 + 1;
        position4 = p4 + 1;
    }

    /// <summary>The bits below a position, the next one on top.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Load(byte* source, long at) => *(ulong*)(source + (at >> 3) - 7) << (int)(~at & 7);

    private static long Open(byte* source, int length, long start)
    {
        if (length <= 0 || source[start + length - 1] == 0)
        {
            ZstdErrors.Throw("a stream of the literals is cut off");
        }
        return (start * 8) + BackwardBits.Count(source + start, length);
    }

    private static long Finish(ushort* table, byte* source, long position, long start, byte* at, byte* end)
    {
        while (at < end)
        {
            uint code = table[Load(source, position - 1) >> (64 - HuffmanTable.Log)];
            position -= (byte)code;
            if (position < start)
            {
                ZstdErrors.Throw("a stream of the literals is too short");
            }
            *at++ = (byte)(code >> 8);
        }
        return position;
    }

    private static void Close(long position, long start)
    {
        if (position != start)
        {
            ZstdErrors.Throw("a stream of the literals is too long");
        }
    }
}
