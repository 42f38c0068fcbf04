using Skiff.Images.Layers;
using Skiff.Linux;

namespace Skiff.Build.Context;

/// <summary>What ADD unpacks: tar archives, by their content and not by their name.</summary>
internal static class ArchiveForm
{
    private const int Block = 512;

    /// <summary>True for a tar archive, plain or compressed.</summary>
    /// <exception cref="SkiffException">It is compressed in a way that cannot be unpacked here.</exception>
    internal static bool IsArchive(SafeFd file, string name)
    {
        using FileStream stream = new($"/proc/self/fd/{file.Value}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
        byte[] head = new byte[Block];
        int length = stream.ReadAtLeast(head, Block, throwOnEndOfStream: false);
        string? other = head.AsSpan(0, length) switch
        {
            [0x42, 0x5A, 0x68, ..] => "bzip2",
            [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, ..] => "xz",
            _ => null,
        };
        if (other is not null)
        {
            throw new SkiffException(
                $"ADD {name}: archives compressed with {other} are not unpacked: compress it with gzip or zstd, or copy it as it is with COPY"
            );
        }
        bool compressed = head.AsSpan(0, length) is [0x1F, 0x8B, ..] or [0x28, 0xB5, 0x2F, 0xFD, ..];
        if (!compressed)
        {
            return length == Block && IsHeader(head);
        }
        stream.Position = 0;
        try
        {
            using Stream plain = Decompress.Open(stream, null);
            length = plain.ReadAtLeast(head, Block, throwOnEndOfStream: false);
            return length == Block && IsHeader(head);
        }
        catch (InvalidDataException)
        {
            return false; // it only begins like one
        }
    }

    /// <summary>A tar header has the sum of its bytes in it (tar(5)), its own place counted as spaces.</summary>
    private static bool IsHeader(ReadOnlySpan<byte> block)
    {
        long sum = 0;
        for (int i = 0; i < Block; i++)
        {
            sum += i is >= 148 and < 156 ? 32 : block[i];
        }
        long written = 0;
        bool any = false;
        foreach (byte b in block.Slice(148, 8))
        {
            if (b is >= (byte)'0' and <= (byte)'7')
            {
                written = (written << 3) + (b - '0');
                any = true;
            }
            else if (any)
            {
                break;
            }
        }
        return any && written == sum;
    }
}
