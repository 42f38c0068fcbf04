using System.Numerics;

namespace Skiff.Images.Zstd;

/// <summary>Reads the Huffman code of literals (RFC 8878 section 4.2.1) into a table that 11 bits of the stream look up.</summary>
internal static unsafe class HuffmanTable
{
    /// <summary>No code is longer.</summary>
    internal const int Log = 11;

    /// <summary>Entries: the length of the code in the low byte, its symbol above.</summary>
    internal const int Size = 1 << Log;

    private const int MaxWeightLog = 6;

    /// <summary>Reads the description of a code.</summary>
    /// <param name="table">Receives <see cref="Size"/> entries.</param>
    /// <param name="source">The description; 16 bytes before and behind can be read too.</param>
    /// <param name="length">How many bytes may belong to it.</param>
    /// <returns>The number of bytes read.</returns>
    internal static int Read(ushort* table, byte* source, int length)
    {
        if (length == 0)
        {
            ZstdErrors.Throw("the code of the literals is missing");
        }
        Span<byte> weights = stackalloc byte[FseTable.MaxSymbols];
        int head = source[0];
        int count;
        int size;
        if (head < 128)
        {
            size = head + 1;
            Require(size <= length);
            count = ReadPacked(source + 1, head, weights);
        }
        else
        {
            count = head - 127;
            size = 1 + ((count + 1) >> 1);
            Require(size <= length);
            for (int i = 0; i < count; i++)
            {
                weights[i] = (byte)((i & 1) == 0 ? source[1 + (i >> 1)] >> 4 : source[1 + (i >> 1)] & 15);
            }
        }
        Build(table, weights, count);
        return size;
    }

    /// <summary>Weights as two interleaved finite state streams, read until the bits are used up.</summary>
    private static int ReadPacked(byte* source, int length, Span<byte> weights)
    {
        Span<short> counts = stackalloc short[16];
        int used = FseTable.ReadCounts(source, length, counts, MaxWeightLog, out int log, out int symbols);
        FseState* states = stackalloc FseState[1 << MaxWeightLog];
        FseTable.Build(states, counts[..symbols], log);
        if (!BackwardBits.TryOpen(source + used, length - used, out BackwardBits bits))
        {
            ZstdErrors.Throw("the code of the literals is cut off");
        }
        FseState one = states[bits.Read(log)];
        FseState other = states[bits.Read(log)];
        int count = 0;
        Require(bits.Left >= 0);
        while (true)
        {
            Require(count < weights.Length - 2);
            weights[count++] = (byte)one.Base;
            if (bits.Left < one.Bits)
            {
                weights[count++] = (byte)other.Base;
                return count;
            }
            (one, other) = (other, states[one.Next + bits.Read(one.Bits)]);
        }
    }

    /// <summary>Gives each symbol its place: codes are handed out from the longest to the shortest, and by symbol among equals.</summary>
    private static void Build(ushort* table, Span<byte> weights, int count)
    {
        Span<int> places = stackalloc int[Log + 2];
        places.Clear();
        int sum = 0;
        for (int i = 0; i < count; i++)
        {
            Require(weights[i] <= Log);
            places[weights[i]]++;
            sum += weights[i] == 0 ? 0 : 1 << (weights[i] - 1);
        }
        // the last weight is not written: it fills up to a power of two
        Require(sum > 0);
        int log = BitOperations.Log2((uint)sum) + 1;
        int rest = (1 << log) - sum;
        Require(log <= Log && BitOperations.IsPow2(rest) && count < weights.Length);
        int last = BitOperations.Log2((uint)rest) + 1;
        weights[count++] = (byte)last;
        places[last]++;
        Require(places[1] >= 2); // the longest codes come in pairs
        int widen = Log - log;
        int at = 0;
        for (int weight = 1; weight <= log; weight++)
        {
            int start = at;
            at += places[weight] << (weight - 1 + widen);
            places[weight] = start;
        }
        for (int symbol = 0; symbol < count; symbol++)
        {
            int weight = weights[symbol];
            if (weight > 0)
            {
                int width = 1 << (weight - 1 + widen);
                new Span<ushort>(table + places[weight], width).Fill((ushort)((symbol << 8) | (log + 1 - weight)));
                places[weight] += width;
            }
        }
    }

    private static void Require(bool right)
    {
        if (!right)
        {
            ZstdErrors.Throw("the code of the literals is not one");
        }
    }
}
