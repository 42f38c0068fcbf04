using System.IO.Compression;
using System.Text;
using Skiff.Images;
using Skiff.Images.Layers;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Layers;

public sealed class DecompressTests
{
    private static byte[] Gzip(string text)
    {
        MemoryStream stream = new();
        using (GZipStream gzip = new(stream, CompressionMode.Compress))
        {
            gzip.Write(Encoding.ASCII.GetBytes(text));
        }
        return stream.ToArray();
    }

    /// <summary>What gzip(1) writes for no input; GZipStream writes nothing at all.</summary>
    private static readonly byte[] s_emptyMember = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private static byte[] Zstd(string text)
    {
        using ZstdSharp.Compressor compressor = new();
        return compressor.Wrap(Encoding.ASCII.GetBytes(text)).ToArray();
    }

    private static string Read(byte[] bytes, string? type)
    {
        using Stream stream = Decompress.Open(new Trickle(bytes), type);
        MemoryStream all = new();
        stream.CopyTo(all);
        return Encoding.ASCII.GetString(all.ToArray());
    }

    [Fact]
    public void LAY_26_Several_gzip_members_and_an_empty_first_one_are_read_to_the_end()
    {
        Assert.Equal("onetwo", Read([.. Gzip("one"), .. Gzip("two")], MediaTypes.OciLayerGzip));
        Assert.Equal("two", Read([.. s_emptyMember, .. Gzip("two")], MediaTypes.OciLayerGzip));
        Assert.Equal("onetwo", Read([.. Gzip("one"), .. s_emptyMember, .. Gzip("two"), .. s_emptyMember], MediaTypes.DockerLayerGzip));
        string big = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{i},"));
        Assert.Equal(big + big, Read([.. Gzip(big), .. Gzip(big)], null));
    }

    [Fact]
    public void Several_zstd_frames_and_skippable_ones_are_read_to_the_end()
    {
        byte[] skip = [0x52, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
        Assert.Equal("onetwo", Read([.. Zstd("one"), .. Zstd("two")], MediaTypes.OciLayerZstd));
        Assert.Equal("onetwo", Read([.. skip, .. Zstd("one"), .. skip, .. Zstd("two"), .. skip], MediaTypes.OciLayerZstd));
    }

    [Theory]
    [InlineData(MediaTypes.OciLayer)]
    [InlineData(null)]
    public void A_plain_tar_passes_through(string? type) => Assert.Equal("plain", Read("plain"u8.ToArray(), type));

    [Fact]
    public void Nothing_at_all_is_an_empty_tar() => Assert.Equal("", Read([], MediaTypes.OciLayerGzip));

    [Fact]
    public void A_magic_number_that_contradicts_the_media_type_is_refused()
    {
        Assert.Contains("says it is gzip", Assert.Throws<SkiffException>(() => Read(Zstd("x"), MediaTypes.OciLayerGzip)).Message);
        Assert.Contains("begins like gzip", Assert.Throws<SkiffException>(() => Read(Gzip("x"), MediaTypes.OciLayer)).Message);
    }

    [Fact]
    public void Gzip_that_is_cut_off_or_damaged_is_said_in_words()
    {
        byte[] whole = Gzip(string.Concat(Enumerable.Range(0, 10_000).Select(i => $"{i},")));
        for (int length = 2; length < whole.Length; length += 1 + (whole.Length / 50))
        {
            Assert.Equal("the gzip data is cut off", Assert.Throws<InvalidDataException>(() => Read(whole[..length], null)).Message);
        }
        byte[] damaged = [.. whole];
        damaged[^6] ^= 1;
        Assert.Equal("the gzip data is damaged", Assert.Throws<InvalidDataException>(() => Read(damaged, null)).Message);
        Assert.Contains("does not begin like it", Assert.Throws<SkiffException>(() => Read([1, 2, 3], MediaTypes.OciLayerZstd)).Message);
    }

    [Fact]
    public void Other_compressions_and_media_types_are_refused_by_name()
    {
        Assert.Contains("xz", Assert.Throws<SkiffException>(() => Read([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0], null)).Message);
        Assert.Contains("bzip2", Assert.Throws<SkiffException>(() => Read("BZh91AY"u8.ToArray(), MediaTypes.OciLayer)).Message);
        Assert.Contains("tar+encrypted", Assert.Throws<SkiffException>(() => Read([], MediaTypes.OciLayer + "+encrypted")).Message);
    }

    [Fact]
    public void A_cut_or_damaged_gzip_stream_is_an_error()
    {
        byte[] good = Gzip(new string('x', 5000) + "y");
        Assert.ThrowsAny<Exception>(() => Read(good[..^12], MediaTypes.OciLayerGzip));
        byte[] bad = [.. good];
        bad[^6] ^= 0xFF; // the CRC
        Assert.ThrowsAny<Exception>(() => Read(bad, MediaTypes.OciLayerGzip));
    }

    /// <summary>Gives a few bytes at a time, as networks do.</summary>
    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 7)]);

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 7));
    }
}
