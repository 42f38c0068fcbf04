namespace Skiff.Images.Zstd;

/// <summary>The three tables that sequences are decoded with: lengths of literals, offsets, lengths of matches (RFC 8878 section 3.1.1.3.2.1).</summary>
internal sealed unsafe class SequenceTables
{
    private const int MaxLiteralLog = 9;
    private const int MaxOffsetLog = 8;
    private const int MaxMatchLog = 9;
    private const int Usual = 0;
    private const int Single = 1;
    private const int Packed = 2;

    private static ReadOnlySpan<short> LiteralCounts =>
        [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1];

    private static ReadOnlySpan<short> OffsetCounts =>
        [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1];

    private static ReadOnlySpan<short> MatchCounts =>
        [
            1,
            4,
            3,
            2,
            2,
            2,
            2,
            2,
            2,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            -1,
            -1,
            -1,
            -1,
            -1,
            -1,
            -1,
        ];

    private static ReadOnlySpan<byte> LiteralBits =>
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    private static ReadOnlySpan<byte> MatchBits =>
        [
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            1,
            1,
            1,
            1,
            2,
            2,
            3,
            3,
            4,
            4,
            5,
            7,
            8,
            9,
            10,
            11,
            12,
            13,
            14,
            15,
            16,
        ];

    private static ReadOnlySpan<byte> OffsetBits =>
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];

    /// <summary>Where the tables begin.</summary>
    internal const int LiteralPlace = 0;
    internal const int OffsetPlace = 1 << MaxLiteralLog;
    internal const int MatchPlace = OffsetPlace + (1 << MaxOffsetLog);

    /// <summary>How many states need room.</summary>
    internal const int Places = MatchPlace + (1 << MaxMatchLog);

    /// <summary>Uses memory for <see cref="Places"/> states, which stays the caller's.</summary>
    internal SequenceTables(FseState* states) => States = states;

    /// <summary>All states, whose <see cref="FseState.Next"/> counts from here.</summary>
    internal FseState* States { get; }

    /// <summary>The accuracies of the tables; -1 where a frame has had none yet.</summary>
    internal int LiteralLog { get; private set; } = -1;

    internal int OffsetLog { get; private set; } = -1;

    internal int MatchLog { get; private set; } = -1;

    /// <summary>A frame begins: nothing can be repeated.</summary>
    internal void Forget() => LiteralLog = OffsetLog = MatchLog = -1;

    /// <summary>Reads the tables of a block; gives the number of bytes read.</summary>
    internal int Read(byte* source, int length)
    {
        if (length == 0)
        {
            ZstdErrors.Throw("the tables of a block are missing");
        }
        int modes = source[0];
        if ((modes & 3) != 0)
        {
            ZstdErrors.Throw("a block uses reserved bits");
        }
        int at = 1;
        LiteralLog = ReadOne(modes >> 6, LiteralPlace, source, length, ref at, LiteralCounts, 6, MaxLiteralLog, LiteralBits, 0, LiteralLog);
        OffsetLog = ReadOne((modes >> 4) & 3, OffsetPlace, source, length, ref at, OffsetCounts, 5, MaxOffsetLog, OffsetBits, 1, OffsetLog);
        MatchLog = ReadOne((modes >> 2) & 3, MatchPlace, source, length, ref at, MatchCounts, 6, MaxMatchLog, MatchBits, 3, MatchLog);
        return at;
    }

    private int ReadOne(
        int mode,
        int place,
        byte* source,
        int length,
        ref int at,
        ReadOnlySpan<short> usual,
        int usualLog,
        int maxLog,
        ReadOnlySpan<byte> bits,
        int least,
        int before
    )
    {
        FseState* table = States + place;
        int log = before;
        switch (mode)
        {
            case Usual:
                log = usualLog;
                FseTable.Build(table, usual, log, place);
                break;
            case Single:
                if (at >= length || source[at] >= bits.Length)
                {
                    ZstdErrors.Throw("a table of one code names none");
                }
                log = 0;
                FseTable.BuildSingle(table, source[at++], place);
                break;
            case Packed:
                Span<short> counts = stackalloc short[bits.Length];
                at += FseTable.ReadCounts(source + at, length - at, counts, maxLog, out log, out int symbols);
                FseTable.Build(table, counts[..symbols], log, place);
                break;
            default:
                if (before < 0)
                {
                    ZstdErrors.Throw("a block repeats a table that its frame has not had");
                }
                return before;
        }
        Complete(table, log, bits, least);
        return log;
    }

    /// <summary>Puts the values of the codes in place of the codes: each begins where the one before ends.</summary>
    private static void Complete(FseState* table, int log, ReadOnlySpan<byte> bits, int least)
    {
        Span<uint> values = stackalloc uint[64];
        uint value = (uint)least;
        for (int code = 0; code < bits.Length; code++)
        {
            values[code] = value;
            value += 1u << bits[code];
        }
        for (int i = 0; i < 1 << log; i++)
        {
            int code = (int)table[i].Base;
            table[i].Base = values[code];
            table[i].Extra = bits[code];
        }
    }
}
