using System.Text;
using CsCheck;
using Skiff.Images.Layers;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Layers;

public sealed class TarReaderTests
{
    private static readonly byte[] s_end = new byte[1024];

    private static TarReader Over(params byte[][] parts) => new(new MemoryStream([.. parts.SelectMany(p => p), .. s_end]));

    private static string Name(TarReader reader) => Encoding.Latin1.GetString(reader.Entry.Name);

    private static string Data(TarReader reader)
    {
        byte[] all = new byte[reader.Entry.Size];
        while (reader.ReadData(out long position, out ReadOnlySpan<byte> data))
        {
            data.CopyTo(all.AsSpan((int)position));
        }
        return Encoding.Latin1.GetString(all);
    }

    [Fact]
    public void A_v7_archive_with_a_directory_marked_by_a_slash_is_read()
    {
        TarReader reader = Over(RawTar.Header("d/", '\0', "00000000000"), RawTar.Header("d/f", '\0', "00000000003"), RawTar.Padded("abc"));
        Assert.True(reader.Next());
        Assert.Equal(TarEntryType.Directory, reader.Entry.Type);
        Assert.True(reader.Next());
        Assert.Equal("d/f", Name(reader));
        Assert.Equal("abc", Data(reader));
        Assert.False(reader.Next());
    }

    /// <summary>Gives some bytes at a time, never the same number.</summary>
    private sealed class Drips(byte[] bytes, Random random, int most) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, random.Next(1, most))]);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(600)]
    [InlineData(200_000)]
    public void An_archive_is_read_the_same_in_whatever_pieces_it_arrives(int most)
    {
        Random random = new(most);
        MemoryStream archive = new();
        TarWriter writer = new(archive);
        List<byte[]> files = [];
        for (int i = 0; i < 60; i++)
        {
            byte[] data = new byte[random.Next(4) == 0 ? 0 : random.Next(most * 30)];
            random.NextBytes(data);
            files.Add(data);
            writer.WriteFile(new string((char)('a' + (i % 26)), 1 + (i * 3)) + i, data); // some need an extended header
        }
        writer.Finish();
        TarReader plain = new(new Drips(archive.ToArray(), random, most));
        using StreamPieces pieces = new(new Drips(archive.ToArray(), random, most));
        using ReadAhead ahead = new(pieces, static _ => { });
        TarReader read = new(ahead);
        for (int i = 0; i < files.Count; i++)
        {
            Assert.True(plain.Next() && read.Next());
            Assert.EndsWith($"{i}", Name(plain));
            Assert.Equal(Name(plain), Name(read));
            Assert.Equal(Encoding.Latin1.GetString(files[i]), Data(plain));
            Assert.Equal(Encoding.Latin1.GetString(files[i]), Data(read));
        }
        Assert.False(plain.Next() || read.Next());
    }

    [Fact]
    public void GNU_long_names_and_links_are_joined_to_the_next_entry()
    {
        string name = new('n', 300);
        string link = new('l', 200);
        TarReader reader = Over(
            RawTar.Header("././@LongLink", 'L', "00000000455"),
            RawTar.Padded(name + "\0"),
            RawTar.Header("././@LongLink", 'K', "00000000311"),
            RawTar.Padded(link + "\0"),
            RawTar.Header("short", '2', "00000000000", link: "short"),
            RawTar.Header("next", '0', "00000000000")
        );
        Assert.True(reader.Next());
        Assert.Equal(name, Name(reader));
        Assert.Equal(link, Encoding.Latin1.GetString(reader.Entry.LinkName));
        Assert.True(reader.Next());
        Assert.Equal("next", Name(reader));
    }

    [Fact]
    public void Base_256_numbers_are_read_positive_and_negative()
    {
        byte[] header = RawTar.Header("f", '0', "00000000000");
        header[136] = 0xFF;
        header.AsSpan(137, 11).Fill(0xFF);
        header[108] = 0x80;
        header[112] = 0x12;
        header[113] = 0x34;
        header[114] = header[115] = 0;
        header[109] = header[110] = header[111] = 0;
        RawTar.FixChecksum(header, 0);
        TarReader reader = Over(header);
        Assert.True(reader.Next());
        Assert.Equal(-1, reader.Entry.ModificationTime.Seconds);
        Assert.Equal(0x12340000u, reader.Entry.Uid);
    }

    [Fact]
    public void PAX_records_override_the_header_and_global_ones_stay()
    {
        string local = "13 path=long\n12 uid=70000\n27 mtime=1600000000.000000001\n"
            .Replace("12 uid=70000\n", "13 uid=70000\n")
            .Replace("27 mtime=1600000000.000000001\n", "30 mtime=1600000000.000000001\n");
        TarReader reader = Over(
            RawTar.Header("g", 'g', "00000000014"),
            RawTar.Padded("12 gid=1234\n"),
            RawTar.Header("x", 'x', Convert.ToString(local.Length, 8).PadLeft(11, '0')),
            RawTar.Padded(local),
            RawTar.Header("f", '0', "00000000000"),
            RawTar.Header("h", '0', "00000000000")
        );
        Assert.True(reader.Next());
        Assert.Equal("long", Name(reader));
        Assert.Equal(70000u, reader.Entry.Uid);
        Assert.Equal(1234u, reader.Entry.Gid);
        Assert.Equal(1, reader.Entry.ModificationTime.Nanoseconds);
        Assert.True(reader.Next());
        Assert.Equal("h", Name(reader));
        Assert.Equal(0u, reader.Entry.Uid);
        Assert.Equal(1234u, reader.Entry.Gid);
    }

    [Theory]
    [InlineData("0", 0, 0)]
    [InlineData("-1.5", -2, 500_000_000)]
    [InlineData("-0.25", -1, 750_000_000)]
    [InlineData("1.123456789999", 1, 123_456_789)]
    [InlineData("1.", 1, 0)]
    public void PAX_times_have_fractions_and_signs(string text, long seconds, long nanoseconds)
    {
        TimeSpec time = PaxRecords.Time(Encoding.ASCII.GetBytes(text), 0);
        Assert.Equal((seconds, nanoseconds), (time.Seconds, time.Nanoseconds));
    }

    [Theory]
    [InlineData("5 a=b\n")] // too short
    [InlineData("7 a=b\n")] // too long
    [InlineData("6 ab\n\n")] // no equals sign
    [InlineData("x a=b\n")]
    [InlineData("12 size=abc\n")]
    [InlineData("12 size=-12\n")]
    public void A_wrong_PAX_record_is_an_error_with_the_offset(string record)
    {
        TarReader reader = Over(
            RawTar.Header("x", 'x', Convert.ToString(record.Length, 8).PadLeft(11, '0')),
            RawTar.Padded(record),
            RawTar.Header("f", '0', "00000000000")
        );
        Assert.Contains("at byte 0", Assert.Throws<TarException>(() => reader.Next()).Message);
    }

    [Fact]
    public void Binary_xattr_values_with_zeros_and_line_ends_survive()
    {
        byte[] value = [1, 0, 0, 2, (byte)'\n', (byte)'=', 0xFF];
        MemoryStream stream = new();
        TarWriter writer = new(stream);
        writer.Write(Item.Of(TarEntryType.File, "f") with { Xattrs = [new TarXattr("security.capability"u8.ToArray(), value)] });
        writer.Finish();
        TarReader reader = new(new MemoryStream(stream.ToArray()));
        Assert.True(reader.Next());
        Assert.Equal(value, Assert.Single(reader.Entry.Xattrs).Value.ToArray());
    }

    [Fact]
    public void A_wrong_checksum_and_a_cut_archive_are_errors_with_the_offset()
    {
        byte[] tar = LayerFixture.Tar(Item.File("a", "data"), Item.File("b", "more"));
        byte[] wrong = [.. tar];
        wrong[1024] ^= 1;
        TarReader reader = new(new MemoryStream(wrong));
        Assert.True(reader.Next());
        Assert.Equal(1024, Assert.Throws<TarException>(() => reader.Next()).Offset);
        reader = new TarReader(new MemoryStream(tar[..514]));
        Assert.True(reader.Next());
        Assert.Contains("cut off", Assert.Throws<TarException>(() => reader.Next()).Message);
        reader = new TarReader(new MemoryStream(tar[..300]));
        Assert.Contains("cut off", Assert.Throws<TarException>(() => reader.Next()).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(344)]
    public void A_checksum_counts_bytes_as_unsigned_or_as_signed_ones(int high)
    {
        // every byte that may be anything: up to the largest sum there is
        byte[] header = RawTar.Header("f", '0', "00000000000");
        header.AsSpan(512 - high, high).Fill(0xFF);
        header.AsSpan(1, 99).Fill(0xE9);
        RawTar.FixChecksum(header, 0);
        TarReader reader = Over(header);
        Assert.True(reader.Next());
        long sum = Convert.ToInt64(Encoding.ASCII.GetString(header, 148, 6), 8) - (256 * (high + 99));
        if (sum >= 0)
        {
            Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0')).CopyTo(header, 148);
            Assert.True(Over(header).Next());
        }
        Encoding.ASCII.GetBytes("000001").CopyTo(header, 148);
        _ = Assert.Throws<TarException>(() => Over(header).Next());
    }

    [Fact]
    public void A_lone_zero_block_before_more_entries_is_an_error()
    {
        byte[] entry = RawTar.Header("f", '0', "00000000000");
        TarReader reader = Over(entry, new byte[512], entry);
        Assert.True(reader.Next());
        Assert.Contains("lone zero block", Assert.Throws<TarException>(() => reader.Next()).Message);
    }

    [Theory]
    [InlineData('x')]
    [InlineData('L')]
    public void A_huge_extended_header_is_refused_before_memory_is_taken(char type)
    {
        TarReader reader = Over(RawTar.Header("x", type, "77777777777"));
        Assert.Contains("at most", Assert.Throws<TarException>(() => reader.Next()).Message);
    }

    [Fact]
    public void What_the_writer_writes_the_reader_reads()
    {
        var record =
            from type in Gen.OneOf(
                new[] { TarEntryType.File, TarEntryType.Directory, TarEntryType.Symlink, TarEntryType.Fifo, TarEntryType.CharacterDevice }
                    .Select(Gen.Const)
                    .ToArray()
            )
            from name in Gen.Byte[1, 255].Array[1, 300]
            from link in Gen.Byte[1, 255].Array[1, 200]
            from data in Gen.Byte.Array[0, 2000]
            from uid in Gen.UInt[0, uint.MaxValue - 1]
            from seconds in Gen.Long[-10_000_000_000, 1_000_000_000_000]
            from nanoseconds in Gen.Int[0, 999_999_999]
            from mode in Gen.UInt[0, 0xFFF]
            select (
                Record: new TarRecord(type, name)
                {
                    LinkName = type == TarEntryType.Symlink ? link : ReadOnlyMemory<byte>.Empty,
                    Size = type == TarEntryType.File ? data.Length : 0,
                    Uid = uid,
                    Gid = uid / 3,
                    Mode = mode,
                    ModificationTime = new TimeSpec { Seconds = seconds, Nanoseconds = nanoseconds },
                },
                Data: data
            );
        record
            .Where(r => r.Record.Name.Span[^1] != (byte)'/')
            .Array[0, 6]
            .Sample(
                records =>
                {
                    MemoryStream stream = new();
                    TarWriter writer = new(stream);
                    foreach ((TarRecord one, byte[] data) in records)
                    {
                        writer.Write(one);
                        if (one.Type == TarEntryType.File)
                        {
                            writer.WriteData(data);
                        }
                    }
                    writer.Finish();
                    TarReader reader = new(new MemoryStream(stream.ToArray()));
                    foreach ((TarRecord one, byte[] data) in records)
                    {
                        Assert.True(reader.Next());
                        TarEntry entry = reader.Entry;
                        Assert.Equal(one.Type, entry.Type);
                        Assert.Equal(one.Name.ToArray(), entry.Name.ToArray());
                        Assert.Equal(one.LinkName.ToArray(), entry.LinkName.ToArray());
                        Assert.Equal((one.Mode, one.Uid, one.Gid, one.Size), (entry.Mode, entry.Uid, entry.Gid, entry.Size));
                        Assert.Equal(one.ModificationTime, entry.ModificationTime);
                        if (one.Type == TarEntryType.File)
                        {
                            Assert.Equal(Encoding.Latin1.GetString(data), Data(reader));
                        }
                    }
                    Assert.False(reader.Next());
                },
                iter: 300
            );
    }

    [Fact]
    public void Mutated_archives_end_in_entries_or_a_TarException()
    {
        byte[] tar = LayerFixture.Tar(
            Item.File(new string('n', 150), "data"),
            Item.Symlink("l", new string('t', 150)),
            Item.Dir("d"),
            new Item(
                Item.Of(TarEntryType.File, "x") with
                {
                    Xattrs = [new TarXattr("user.a"u8.ToArray(), new byte[40])],
                    ModificationTime = new TimeSpec { Seconds = -5, Nanoseconds = 7 },
                },
                "tail"
            )
        );
        Gen.Select(Gen.Int[0, tar.Length - 1], Gen.Byte, Gen.Int[0, tar.Length])
            .Array[1, 8]
            .Sample(
                changes =>
                {
                    byte[] mutated = [.. tar];
                    foreach ((int at, byte value, int _) in changes)
                    {
                        mutated[at] = value;
                    }
                    for (int block = 0; block + 512 <= mutated.Length; block += 512)
                    {
                        if (mutated[block + 257] == 'u')
                        {
                            RawTar.FixChecksum(mutated, block);
                        }
                    }
                    TarReader reader = new(new MemoryStream(mutated[..(changes[0].Item3 % 3 == 0 ? changes[0].Item3 : mutated.Length)]));
                    try
                    {
                        while (reader.Next())
                        {
                            while (reader.ReadData(out _, out ReadOnlySpan<byte> data))
                            {
                                Assert.False(data.IsEmpty);
                            }
                        }
                    }
                    catch (TarException) { }
                },
                iter: 3000
            );
    }
}
