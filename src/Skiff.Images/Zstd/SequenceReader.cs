using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Skiff.Images.Zstd;

/// <summary>One step of a block: take literals, then repeat what stands further back.</summary>
[StructLayout(LayoutKind.Sequential, Size = 12)]
internal struct Sequence
{
    internal uint Literals;
    internal uint Match;

    /// <summary>1 to 3 are the last offsets used; above, it is three more than the offset.</summary>
    internal uint Offset;
}

/// <summary>Decodes the sequences of a block, some at a time (RFC 8878 section 3.1.1.3.2).</summary>
/// <remarks>Reading them first and copying afterwards keeps both loops small, and the one that waits for bits free of branches that depend on them.</remarks>
internal sealed unsafe class SequenceReader(SequenceTables tables)
{
    private const int LeastBits = 57; // in a word that is loaded below a position

    // Masks of 0 to 31 bits.
    private static ReadOnlySpan<uint> Masks =>
        [
            0,
            1,
            3,
            7,
            0xF,
            0x1F,
            0x3F,
            0x7F,
            0xFF,
            0x1FF,
            0x3FF,
            0x7FF,
            0xFFF,
            0x1FFF,
            0x3FFF,
            0x7FFF,
            0xFFFF,
            0x1FFFF,
            0x3FFFF,
            0x7FFFF,
            0xFFFFF,
            0x1FFFFF,
            0x3FFFFF,
            0x7FFFFF,
            0xFFFFFF,
            0x1FFFFFF,
            0x3FFFFFF,
            0x7FFFFFF,
            0xFFFFFFF,
            0x1FFFFFFF,
            0x3FFFFFFF,
            0x7FFFFFFF,
        ];

    private byte* _source;
    private long _position; // of the next bit; -1 when all are used
    private FseState* _literal;
    private FseState* _offset;
    private FseState* _match;

    /// <summary>Begins the sequences of a block. 32 bytes before <paramref name="source"/> must be readable.</summary>
    internal void Open(byte* source, int length)
    {
        if (!BackwardBits.TryOpen(source, length, out BackwardBits bits))
        {
            ZstdErrors.Throw("the sequences of a block are cut off");
        }
        _literal = tables.States + SequenceTables.LiteralPlace + bits.Read(tables.LiteralLog);
        _offset = tables.States + SequenceTables.OffsetPlace + bits.Read(tables.OffsetLog);
        _match = tables.States + SequenceTables.MatchPlace + bits.Read(tables.MatchLog);
        _source = source;
        _position = bits.Left - 1;
        if (_position < -1)
        {
            ZstdErrors.Throw("the sequences of a block are cut off");
        }
    }

    /// <summary>Checks that nothing is left over.</summary>
    internal void Close()
    {
        if (_position != -1)
        {
            ZstdErrors.Throw("the sequences of a block are longer than they say");
        }
    }

    /// <summary>Decodes the next <paramref name="count"/> sequences; the last of a block leaves the states as they are.</summary>
    internal void Read(Sequence* target, int count, bool last)
    {
        byte* source = _source;
        long position = _position;
        FseState* states = tables.States;
        FseState* literal = _literal;
        FseState* match = _match;
        FseState* offset = _offset;
        uint* masks = (uint*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Masks));
        Sequence* end = target + count;
        Sequence* final = last ? end - 1 : end;
        while (true)
        {
            long at = position >> 3;
            ulong word = *(ulong*)(source + at - 7);
            int left = (int)(position & 7) + LeastBits;

            left -= offset->Extra;
            target->Offset = offset->Base + ((uint)(word >> left) & masks[offset->Extra]);
            if (offset->Extra > 24) // else the lengths' bits fit beside it
            {
                Refill(source, ref at, ref left, out word);
            }
            target->Match = match->Base;
            target->Literals = literal->Base;
            if ((match->Extra | literal->Extra) != 0) // lengths above 34 and 15
            {
                left -= match->Extra;
                target->Match += (uint)(word >> left) & masks[match->Extra];
                left -= literal->Extra;
                target->Literals += (uint)(word >> left) & masks[literal->Extra];
            }
            if (target == final)
            {
                position = (at * 8) - LeastBits + left;
                break;
            }
            if (left < 26) // what the three states can take
            {
                Refill(source, ref at, ref left, out word);
            }
            left -= literal->Bits;
            literal = states + (literal->Next + ((uint)(word >> left) & masks[literal->Bits]));
            left -= match->Bits;
            match = states + (match->Next + ((uint)(word >> left) & masks[match->Bits]));
            left -= offset->Bits;
            offset = states + (offset->Next + ((uint)(word >> left) & masks[offset->Bits]));
            position = (at * 8) - LeastBits + left;
            target++;
            if (position < -1 || target == end)
            {
                break;
            }
        }
        if (position < -1)
        {
            ZstdErrors.Throw("the sequences of a block are shorter than they say");
        }
        _position = position;
        _literal = literal;
        _match = match;
        _offset = offset;
    }

    private static void Refill(byte* source, ref long at, ref int left, out ulong word)
    {
        long position = (at * 8) - LeastBits + left;
        at = position >> 3;
        left = (int)(position & 7) + LeastBits;
        word = *(ulong*)(source + at - 7);
    }
}
