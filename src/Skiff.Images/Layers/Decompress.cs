using Skiff.Images.Zstd;
using Skiff.Linux;

namespace Skiff.Images.Layers;

/// <summary>Opens the tar inside a layer: gzip, zstd or plain.</summary>
public static class Decompress
{
    private const int ReadSize = 128 << 10;

    /// <summary>The uncompressed bytes of a layer. The magic number decides; a media type that says otherwise is an error.</summary>
    /// <param name="source">The layer's bytes; stays the caller's.</param>
    /// <param name="mediaType">The layer's media type; null to go by the magic number alone, as for <c>load</c> and <c>import</c>.</param>
    /// <exception cref="SkiffException">A media type or format that is not supported, or the two disagree.</exception>
    public static Stream Open(Stream source, string? mediaType)
    {
        LayerCompression? declared = null;
        if (mediaType is not null)
        {
            declared =
                MediaTypes.Compression(mediaType)
                ?? throw new SkiffException($"layers of type {Printable.Of(mediaType)} are not supported: only tar, tar+gzip and tar+zstd");
        }
        PeekStream peek = new(source, 6);
        LayerCompression found = Detect(peek.Head);
        if (declared is LayerCompression type && found != type && !peek.Head.IsEmpty)
        {
            string like = found == LayerCompression.None ? $"does not begin like it" : $"begins like {Name(found)}";
            throw new SkiffException($"the layer says it is {Name(type)} ({Printable.Of(mediaType!)}) but {like}");
        }
        return found switch
        {
            LayerCompression.Gzip => new GzipLayerStream(new BufferedReader(peek, ReadSize)),
            LayerCompression.Zstd => new ZstdStream(peek),
            _ => peek,
        };
    }

    /// <summary>Which compression the first bytes belong to; formats that are not supported are refused by name.</summary>
    /// <remarks>No bytes at all are a plain, empty tar. A tar never begins with these numbers unless a name does, and names of layers do not.</remarks>
    internal static LayerCompression Detect(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
        {
            return LayerCompression.Gzip;
        }
        if (head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]) || IsSkippableFrame(head))
        {
            return LayerCompression.Zstd;
        }
        string? other = head switch
        {
            [0x42, 0x5A, 0x68, ..] => "bzip2",
            [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, ..] => "xz",
            [0x04, 0x22, 0x4D, 0x18, ..] => "lz4",
            [0x50, 0x4B, 0x03, 0x04, ..] => "zip",
            _ => null,
        };
        return other is null
            ? LayerCompression.None
            : throw new SkiffException($"the data is compressed with {other}, which is not supported: recompress it with gzip or zstd");
    }

    /// <summary>0x184D2A50 to 5F: zstd:chunked and pzstd begin with one (RFC 8878 section 3.1.2).</summary>
    private static bool IsSkippableFrame(ReadOnlySpan<byte> head) =>
        head.Length >= 4 && (head[0] & 0xF0) == 0x50 && head[1..4].SequenceEqual((ReadOnlySpan<byte>)[0x2A, 0x4D, 0x18]);

    private static string Name(LayerCompression compression) =>
        compression switch
        {
            LayerCompression.Gzip => "gzip",
            LayerCompression.Zstd => "zstd",
            _ => "a plain tar",
        };
}
