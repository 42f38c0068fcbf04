using System.Text;
using Skiff.Images.Layers;
using Skiff.Images.Zstd;
using Xunit;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Skiff.Tests.Zstd;

/// <summary>The decoder against another implementation, and against what nobody should send.</summary>
public sealed class ZstdStreamTests
{
    private static byte[] Compress(byte[] plain, int level, params ReadOnlySpan<(ZSTD_cParameter Parameter, int Value)> parameters)
    {
        using Compressor compressor = new(level);
        foreach ((ZSTD_cParameter parameter, int value) in parameters)
        {
            compressor.SetParameter(parameter, value);
        }
        return compressor.Wrap(plain).ToArray();
    }

    /// <summary>Compressed as a stream: without a size in the header, flushed here and there, so that there are small blocks and windows of the parameters.</summary>
    private static byte[] CompressStream(byte[] plain, int level, int windowLog, Random random)
    {
        MemoryStream packed = new();
        using (CompressionStream stream = new(packed, level, leaveOpen: true))
        {
            stream.SetParameter(ZSTD_cParameter.ZSTD_c_windowLog, windowLog);
            for (int at = 0; at < plain.Length; )
            {
                int count = Math.Min(plain.Length - at, random.Next(1, 200_000));
                stream.Write(plain, at, count);
                at += count;
                if (random.Next(3) == 0)
                {
                    stream.Flush();
                }
            }
        }
        return packed.ToArray();
    }

    private static byte[] Decompress(byte[] packed, int piece = int.MaxValue)
    {
        using ZstdStream stream = new(new Pieces(packed, piece));
        MemoryStream plain = new();
        stream.CopyTo(plain);
        Assert.Equal(plain.ToArray(), DecompressInPieces(packed, piece));
        return plain.ToArray();
    }

    /// <summary>Takes what is decoded where it lies, and looks at it as late as it may.</summary>
    private static unsafe byte[] DecompressInPieces(byte[] packed, int piece)
    {
        using ZstdStream stream = new(new Pieces(packed, piece));
        MemoryStream plain = new();
        Queue<(nint Start, int Length)> held = new();
        int kept = 0;
        do
        {
            byte* start = stream.Next(out int length);
            Assert.InRange(length, 0, IPieceSource.MaxPiece);
            held.Enqueue(((nint)start, length));
            kept += length;
            while (held.TryPeek(out (nint Start, int Length) oldest) && (kept > IPieceSource.Kept || length == 0))
            {
                plain.Write(new ReadOnlySpan<byte>((byte*)oldest.Start, oldest.Length));
                kept -= oldest.Length;
                _ = held.Dequeue();
            }
        } while (held.Count > 0);
        return plain.ToArray();
    }

    /// <summary>What layers are made of: text, runs, tables with a stride, noise, and repetitions from near and far.</summary>
    private static byte[] Content(Random random, int length)
    {
        byte[] bytes = new byte[length];
        int alphabet = random.Next(1, 257);
        int at = 0;
        while (at < length)
        {
            int run = Math.Min(length - at, 1 << random.Next(0, 15));
            Span<byte> piece = bytes.AsSpan(at, run);
            switch (random.Next(6))
            {
                case 0:
                    random.NextBytes(piece);
                    break;
                case 1:
                    piece.Fill((byte)random.Next(alphabet));
                    break;
                case 2 when at > 0:
                    int distance = 1 + random.Next(random.Next(2) == 0 ? Math.Min(at, 40) : at);
                    for (int i = 0; i < run; i++)
                    {
                        bytes[at + i] = bytes[at + i - distance];
                    }
                    break;
                case 3:
                    for (int i = 0; i < run; i++)
                    {
                        piece[i] = (byte)(i % 12 < 9 ? i >> 6 : random.Next(alphabet));
                    }
                    break;
                default:
                    for (int i = 0; i < run; i++)
                    {
                        piece[i] = (byte)((random.Next(alphabet) * random.Next(alphabet)) >> 8);
                    }
                    break;
            }
            at += run;
        }
        return bytes;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Everything_that_the_other_implementation_compresses_comes_out_as_it_was(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 40; round++)
        {
            byte[] plain = Content(random, random.Next(3) == 0 ? random.Next(0, 600) : random.Next(0, 700_000));
            int level = random.Next(-5, round % 10 == 0 ? 20 : 9);
            byte[] packed =
                random.Next(2) == 0
                    ? CompressStream(plain, level, random.Next(10, 20), random)
                    : Compress(
                        plain,
                        level,
                        (ZSTD_cParameter.ZSTD_c_checksumFlag, random.Next(2)),
                        (ZSTD_cParameter.ZSTD_c_contentSizeFlag, random.Next(2)),
                        (ZSTD_cParameter.ZSTD_c_windowLog, random.Next(10, 22)),
                        (ZSTD_cParameter.ZSTD_c_minMatch, random.Next(3, 8))
                    );
            Assert.Equal(plain, Decompress(packed, random.Next(2) == 0 ? int.MaxValue : random.Next(1, 5000)));
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(18)]
    public void Matches_reach_back_over_the_whole_window_however_often_it_goes_round(int windowLog)
    {
        Random random = new(windowLog);
        int window = 1 << windowLog;
        byte[] plain = new byte[Math.Max(40 * window, 3 << 20)];
        random.NextBytes(plain.AsSpan(0, window));
        for (int at = window; at < plain.Length; )
        {
            int run = Math.Min(plain.Length - at, random.Next(3, random.Next(8) == 0 ? window : 100));
            int distance = window - random.Next(0, 40); // as far as a match may go
            for (int end = at + run; at < end; at++)
            {
                plain[at] = plain[at - distance];
            }
            if (at < plain.Length)
            {
                plain[at++] = (byte)random.Next(256);
            }
        }
        byte[] packed = CompressStream(plain, 6, windowLog, random);
        Assert.True(packed.Length < plain.Length / 2, "the test is about matches");
        Assert.Equal(plain, Decompress(packed));
    }

    /// <summary>What is damaged is refused, or it is the same to both: it never comes out as something else, and never does harm.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Damaged_data_is_refused_with_a_sentence(int seed)
    {
        Random random = new(seed);
        int refused = 0;
        const int Rounds = 1500;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] plain = Content(random, random.Next(1, round % 20 == 0 ? 300_000 : 3000));
            byte[] packed = CompressStream(plain, random.Next(1, 10), random.Next(10, 18), random);
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                // headers are where it matters most
                int at = random.Next(random.Next(3) == 0 ? packed.Length : Math.Min(packed.Length, 60));
                packed[at] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)(packed[at] ^ (1 << random.Next(8)));
            }
            packed = random.Next(10) == 0 ? packed[..random.Next(packed.Length)] : packed;
            byte[]? ours = Try(() => Decompress(packed));
            byte[]? theirs = Try(() => Other(packed));
            refused += ours is null ? 1 : 0;
            if (ours is not null && theirs is not null)
            {
                Assert.Equal(theirs, ours);
            }
        }
        Assert.InRange(refused, Rounds / 4, Rounds);
    }

    private static byte[]? Try(Func<byte[]> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or ZstdException or EndOfStreamException)
        {
            Assert.False(e is InvalidDataException && !e.Message.StartsWith("the zstd data ", StringComparison.Ordinal), e.Message);
            return null;
        }
    }

    private static byte[] Other(byte[] packed)
    {
        using DecompressionStream stream = new(new MemoryStream(packed));
        MemoryStream plain = new();
        stream.CopyTo(plain);
        return plain.ToArray();
    }

    [Fact]
    public void Data_that_is_cut_off_anywhere_is_refused()
    {
        byte[] packed = Compress(Content(new Random(7), 5000), 5, (ZSTD_cParameter.ZSTD_c_checksumFlag, 1));
        for (int length = 1; length < packed.Length; length++)
        {
            Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => Decompress(packed[..length])).Message);
        }
        Assert.Empty(Decompress([]));
    }

    [Fact]
    public void Frames_follow_each_other_without_remembering_the_one_before()
    {
        Random random = new(5);
        MemoryStream packed = new();
        MemoryStream plain = new();
        for (int i = 0; i < 100; i++)
        {
            byte[] piece = Content(random, random.Next(0, i % 20 == 0 ? 3_000_000 : 20_000)); // a greater one needs a greater window
            plain.Write(piece);
            packed.Write(i % 3 == 0 ? CompressStream(piece, 3, random.Next(10, 21), random) : Compress(piece, random.Next(1, 12)));
            packed.Write([(byte)(0x50 + (i % 16)), 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 9, 9]); // skippable
        }
        Assert.Equal(plain.ToArray(), Decompress(packed.ToArray()));
        // a match that reaches into the frame before: sequence of a block with nothing of its own
        byte[] first = Compress(new byte[2000], 3);
        byte[] alone = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50, .. Block(2, last: true, [0x08, 1, 1, 0x54, 1, 4, 0, 0x10])];
        Assert.Contains("before its window", Assert.Throws<InvalidDataException>(() => Decompress([.. first, .. alone])).Message);
    }

    private static byte[] Block(int type, bool last, byte[] content, int? size = null)
    {
        int header = ((size ?? content.Length) << 3) | (type << 1) | (last ? 1 : 0);
        return [(byte)header, (byte)(header >> 8), (byte)(header >> 16), .. content];
    }

    [Fact]
    public void Raw_and_repeated_bytes_are_read_as_blocks_of_their_own()
    {
        byte[] frame =
        [
            0x28,
            0xB5,
            0x2F,
            0xFD,
            0x00,
            0x50, // a window of 1 MiB
            .. Block(0, last: false, "raw,"u8.ToArray()),
            .. Block(1, last: false, [(byte)'x'], size: 100_000),
            .. Block(0, last: true, []),
        ];
        Assert.Equal("raw," + new string('x', 100_000), Encoding.ASCII.GetString(Decompress(frame)));
    }

    public static TheoryData<string, byte[]> Wrong =>
        new()
        {
            { "something that is no frame follows", [.. Compress([1, 2, 3], 1), 1, 2, 3, 4] },
            { "needs the dictionary 7", [0x28, 0xB5, 0x2F, 0xFD, 0x21, 7, 1, 1, 0, 0] },
            { "needs a window of 256 MiB", [0x28, 0xB5, 0x2F, 0xFD, 0x00, 18 << 3, 1, 0, 0] },
            { "needs a window of 1073741824 MiB", [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0] },
            { "reserved bit", [0x28, 0xB5, 0x2F, 0xFD, 0x08, 0x50, 1, 0, 0] },
            { "reserved type", [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50, .. Block(3, last: true, [])] },
            { "larger than its frame allows", [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50, .. Block(1, last: true, [0], size: (128 << 10) + 1)] },
            {
                "holds more than it says",
                [0x28, 0xB5, 0x2F, 0xFD, 0x20, 2, .. Block(0, last: false, [1]), .. Block(0, last: true, [1, 1])]
            },
            { "holds less than it says", [0x28, 0xB5, 0x2F, 0xFD, 0x20, 2, .. Block(0, last: true, [1])] },
            { "a block is empty", [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50, .. Block(2, last: true, [])] },
            { "sequences of a block are missing", [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50, .. Block(2, last: true, [0])] },
            { "without sequences goes on", [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50, .. Block(2, last: true, [0, 0, 0])] },
            { "repeats a code", [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50, .. Block(2, last: true, [0x13, 0x40, 0, 1, 0])] },
            { "repeats a table", [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50, .. Block(2, last: true, [0, 1, 0xC0, 1])] },
            { "reserved bits", [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50, .. Block(2, last: true, [0, 1, 1, 1])] },
            { "literals are longer", [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50, .. Block(2, last: true, [0x10, 0])] },
        };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_the_format_forbids_is_refused_by_name(string sentence, byte[] packed) =>
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => Decompress(packed)).Message);

    /// <summary>Gives at most so many bytes at a time, as networks do.</summary>
    private sealed class Pieces(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, most)]);
    }
}
