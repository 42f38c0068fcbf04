using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Skiff.Images.Layers;
using Skiff.Linux;

namespace Skiff.Images.Zstd;

/// <summary>What a frame has produced lately, as far back as its window goes, in a ring of memory.</summary>
/// <remarks>
/// A block is always written in one piece: where it might not fit behind the last one, it begins at the start of the ring, and what lies
/// behind the new piece until its end is older. Copies go on in whole vectors past their end; <see cref="Slack"/> bytes behind a block are room for that.
/// What was decoded is used where it lies (<see cref="IPieceSource"/>), so the next frame begins behind the last one, and the ring is never too small for what must be kept.
/// </remarks>
internal sealed unsafe class Window : IDisposable
{
    /// <summary>How far a copy may write or read past its end.</summary>
    internal const int Slack = 64;

    // What a pattern of so many bytes is multiplied by to fill eight.
    private static ReadOnlySpan<ulong> Repeats =>
        [
            0,
            0x0101010101010101,
            0x0001000100010001,
            0x0001000001000001,
            0x0000000100000001,
            0x0000010000000001,
            0x0001000000000001,
            0x0100000000000001,
        ];

    private LargeBuffer? _memory;
    private readonly List<LargeBuffer> _outgrown = []; // what was given may still be in use
    private byte* _start; // of the piece that is written
    private byte* _at;
    private byte* _oldEnd; // of the older piece
    private long _oldLength;
    private long _size;
    private int _block;

    // the offsets used last
    private uint _first;
    private uint _second;
    private uint _third;

    /// <summary>The end of what is written.</summary>
    internal byte* At => _at;

    /// <summary>A frame begins: makes room for it.</summary>
    /// <param name="size">How far back it may reach.</param>
    /// <param name="block">The greatest size of its blocks.</param>
    /// <param name="content">Its size if it says so: no more is needed.</param>
    internal void Begin(long size, int block, long? content)
    {
        long need = Math.Max(Math.Min(size, content ?? size), IPieceSource.Kept + block) + block + (2 * Slack);
        if (_memory is null || _memory.Length < need)
        {
            if (_memory is not null)
            {
                _outgrown.Add(_memory);
                need = Math.Max(need, 2L * _memory.Length); // so that all that are outgrown are no more than the last
            }
            _memory = new LargeBuffer(checked((int)need));
            _at = _memory.Pointer;
        }
        _size = size;
        _block = block;
        _start = _oldEnd = _at;
        _oldLength = 0;
        (_first, _second, _third) = (1, 4, 8);
    }

    /// <summary>A block begins; gives the place where it is written.</summary>
    internal byte* Next()
    {
        if (_memory!.Length - (_at - _memory.Pointer) < _block + Slack)
        {
            _oldLength = _at - _start;
            _oldEnd = _at;
            _start = _at = _memory.Pointer;
        }
        return _at;
    }

    /// <summary>Takes over bytes that were written at <see cref="At"/>.</summary>
    internal void Advance(byte* end) => _at = end;

    /// <summary>Copies literals and matches.</summary>
    /// <param name="sequence">The first sequence.</param>
    /// <param name="count">How many.</param>
    /// <param name="literals">The next literal; moves on.</param>
    /// <param name="literalsEnd">The end of the literals; <see cref="Slack"/> bytes behind it are readable.</param>
    /// <param name="limit">The end of the block's room.</param>
    internal void Execute(Sequence* sequence, int count, ref byte* literals, byte* literalsEnd, byte* limit)
    {
        long taken = FindOffsets(sequence, sequence + count, _at, out long matched);
        if (taken > literalsEnd - literals || taken + matched > limit - _at)
        {
            ZstdErrors.Throw("a block holds more than it may");
        }
        _at = Copy(sequence, sequence + count, _at, literals);
        literals += taken;
    }

    /// <summary>Puts distances in place of what stands for them, adds up the lengths, and has the processor fetch what will be repeated.</summary>
    /// <remarks>A match may be anywhere in the window, which no cache holds: copying would wait for memory at every other one.</remarks>
    private long FindOffsets(Sequence* sequence, Sequence* end, byte* at, out long matched)
    {
        uint first = _first;
        uint second = _second;
        uint third = _third;
        long taken = 0;
        long repeated = 0;
        for (; sequence < end; sequence++)
        {
            uint length = sequence->Literals;
            taken += length;
            uint value = sequence->Offset;
            if (value > 3)
            {
                value -= 3;
                third = second;
                second = first;
                first = value;
            }
            else
            {
                // counted from the second where there are no literals; what would be the fourth is the first less one
                value += length == 0 ? 1u : 0;
                if (value != 1)
                {
                    uint chosen =
                        value == 2 ? second
                        : value == 3 ? third
                        : first - 1;
                    third = value == 2 ? third : second;
                    second = first;
                    first = chosen;
                }
            }
            sequence->Offset = first;
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(at + taken + repeated - first);
            }
            repeated += sequence->Match;
        }
        _first = first;
        _second = second;
        _third = third;
        matched = repeated;
        return taken;
    }

    private byte* Copy(Sequence* sequence, Sequence* end, byte* at, byte* literal)
    {
        byte* start = _start;
        for (; sequence < end; sequence++)
        {
            nint length = (nint)sequence->Literals;
            Copy16(at, literal);
            if (length > 16)
            {
                CopyOn(at, literal, length);
            }
            at += length;
            literal += length;

            length = (nint)sequence->Match;
            nint offset = (nint)sequence->Offset;
            byte* from = at - offset;
            if ((nuint)(offset - 1) >= (nuint)(at - start)) // 0 is not an offset either
            {
                from = FindOld(at, offset);
                nint old = (nint)(_oldEnd - from);
                if (old < length)
                {
                    at = CopyAcross(at, from, old, length);
                    continue;
                }
            }
            if (offset >= 16)
            {
                Copy16(at, from);
                Copy16(at + 16, from + 16);
                if (length > 32)
                {
                    CopyOn(at + 16, from + 16, length - 16);
                }
            }
            else
            {
                Repeat(at, from, length, offset);
            }
            at += length;
        }
        return at;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _memory?.Dispose();
        foreach (LargeBuffer memory in _outgrown)
        {
            memory.Dispose();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy16(byte* to, byte* from) => Vector128.Store(Vector128.Load(from), to);

    /// <summary>The rest of a copy whose first 16 bytes are done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyOn(byte* to, byte* from, nint length)
    {
        byte* end = to + length;
        do
        {
            to += 16;
            from += 16;
            Copy16(to, from);
            Copy16(to + 16, from + 16);
            to += 16;
            from += 16;
        } while (to + 16 < end);
    }

    /// <summary>A match that overlaps itself closely: eight bytes at a time, which hold a pattern as often as it fits.</summary>
    private static void Repeat(byte* to, byte* from, nint length, nint offset)
    {
        byte* end = to + length;
        if (offset >= 8)
        {
            do
            {
                *(ulong*)to = *(ulong*)from;
                to += 8;
                from += 8;
            } while (to < end);
            return;
        }
        int bits = (int)offset * 8;
        ulong pattern = (*(ulong*)from & ((1UL << bits) - 1)) * Repeats[(int)offset];
        nint step = 8 - (8 % offset);
        do
        {
            *(ulong*)to = pattern;
            to += step;
        } while (to < end);
    }

    /// <summary>Where a match begins that reaches back before the piece that is written.</summary>
    private byte* FindOld(byte* at, nint offset)
    {
        long back = offset - (at - _start);
        if (offset == 0 || offset > _size || back > _oldLength)
        {
            ZstdErrors.Throw("a block repeats what lies before its window");
        }
        return _oldEnd - back;
    }

    /// <summary>A match that begins in the older piece and goes on in the new one.</summary>
    private byte* CopyAcross(byte* at, byte* from, nint old, nint length)
    {
        byte* end = at + length;
        byte* next = _start;
        while (at < end)
        {
            *at++ = old-- > 0 ? *from++ : *next++;
        }
        return at;
    }
}
