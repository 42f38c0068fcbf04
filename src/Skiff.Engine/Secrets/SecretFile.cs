using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Secrets;

/// <summary>A secret's file, in the store or in a container's directory: one line of description, then the content. Never changed, only replaced as a whole.</summary>
internal static class SecretFile
{
    /// <summary>The longest first line.</summary>
    internal const int HeadLimit = 64 << 10;

    /// <summary>The description, and where the content lies; null when there is no such file, or it is damaged.</summary>
    internal static (Secret Secret, int Offset, int Length)? TryHead(string path)
    {
        using SafeFd? fd = Files.TryOpen(path, OpenFlags.O_RDONLY | OpenFlags.O_NOFOLLOW, out int errno);
        if (fd is null)
        {
            return errno == Errno.ENOENT ? null : throw new LinuxException("open", path, errno);
        }
        byte[] head = new byte[HeadLimit];
        int length = Files.TryReadAt(fd, head, 0);
        int end = head.AsSpan(0, Math.Max(length, 0)).IndexOf((byte)'\n');
        if (
            end < 0
            || At.Stat(fd.Value, out StatxBuffer stat) != 0
            || Secret.TryParse(Path.GetFileName(path), head.AsSpan(0, end)) is not { } secret
        )
        {
            return null;
        }
        return (secret, end + 1, (int)((long)stat.Size - end - 1));
    }

    /// <summary>The content.</summary>
    internal static byte[]? TryContent(string path)
    {
        byte[]? all = Files.TryReadAll(path, out int errno, HeadLimit + Secret.ContentLimit);
        if (all is null)
        {
            return errno == Errno.ENOENT ? null : throw new LinuxException("read", path, errno);
        }
        return all[(all.AsSpan().IndexOf((byte)'\n') + 1)..];
    }
}
