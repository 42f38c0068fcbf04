using System.Buffers.Text;
using System.Text;
using Skiff.Linux;

namespace Skiff.Engine.Containers;

/// <summary>The text of a name's symbolic link: the container's id in base64url (RFC 4648, section 5). Its 43 characters fit into the inode of the link, where ext4 has room for 59; the 64 digits themselves took a block
/// of the disk, which cost a start and the end after it 30 microseconds each.</summary>
internal static class NameLink
{
    private const int IdBytes = 32;

    /// <summary>symlink(2): atomic, and fails with EEXIST when the name is taken; returns 0 or the errno.</summary>
    internal static int TryMake(string path, string id) => Files.TrySymlink(TextOf(id), path);

    /// <summary>The id that the link at a path leads to; null where there is none.</summary>
    internal static string? TryRead(string path) => Files.TryReadLink(path, out _) is { } text ? IdOf(text) : null;

    internal static string TextOf(string id)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        return Convert.FromHexString(id, bytes, out int used, out int written) == System.Buffers.OperationStatus.Done && written == IdBytes
            ? Base64Url.EncodeToString(bytes)
            : id;
    }

    /// <summary>A link with the digits themselves is as good: earlier versions wrote them.</summary>
    internal static string IdOf(string text)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        return
            text.Length == Base64Url.GetEncodedLength(IdBytes)
            && Base64Url.TryDecodeFromChars(text, bytes, out int written)
            && written == IdBytes
            ? Convert.ToHexStringLower(bytes)
            : text;
    }
}
