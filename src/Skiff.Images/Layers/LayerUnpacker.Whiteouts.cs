using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Layers;

/// <content>Whiteouts: <c>.wh.name</c> becomes a character device 0:0, <c>.wh..wh..opq</c> the attribute overlay.opaque.</content>
public sealed partial class LayerUnpacker
{
    /// <summary>Whiteouts only hide what lower layers have, wherever they stand in the archive (image-spec layer.md, "Whiteouts"; LAY-01, LAY-02).</summary>
    private void Whiteout(int parent, ReadOnlySpan<byte> name, TarEntry entry)
    {
        if (name.SequenceEqual(".wh..wh..opq\0"u8))
        {
            _directories.Get(ParentPath).Opaque = true;
            return;
        }
        ReadOnlySpan<byte> hidden = name[".wh.".Length..];
        if (hidden.SequenceEqual("\0"u8) || hidden.SequenceEqual(".\0"u8) || hidden.SequenceEqual("..\0"u8))
        {
            throw new TarException($"the whiteout {entry.DisplayName} names nothing", entry.Offset);
        }
        MakeWhiteout(parent, hidden, entry);
    }

    private void MakeWhiteout(int parent, ReadOnlySpan<byte> name, TarEntry entry)
    {
        byte[] path = LayerPath.Join(ParentPath, name[..^1]);
        int errno = At.MakeNode(parent, name, At.S_IFCHR);
        if (errno == 0)
        {
            _whiteouts.Add(path);
            return;
        }
        if (errno != Errno.EEXIST)
        {
            Check(errno, "mknod", entry);
        }
        // this layer's own content stays; of a directory only what is below is hidden
        Check(At.Stat(parent, name, out StatxBuffer stat), "stat", entry);
        if ((stat.Mode & At.S_IFMT) == At.S_IFDIR)
        {
            _directories.Get(path).Opaque = true;
        }
    }

    /// <summary>What AUFS kept for itself: names in <c>.wh..wh.*</c>, and anything inside of a whiteout. They are not content.</summary>
    /// <remarks>At the top, hardlinks may lead to <c>.wh..wh.plnk</c>: it is unpacked like anything else and removed in the end.</remarks>
    private bool IsMetadata(int lastSlash, TarEntry entry)
    {
        if (IsAufsRoot(_path))
        {
            return false;
        }
        ReadOnlySpan<byte> path = _path.AsSpan(0, _length);
        ReadOnlySpan<byte> name = path[(lastSlash + 1)..];
        if (name.StartsWith(".wh..wh."u8) && !name.SequenceEqual(".wh..wh..opq"u8))
        {
            return true;
        }
        ReadOnlySpan<byte> directories = path[..(lastSlash + 1)];
        if (directories.StartsWith(".wh."u8) || directories.IndexOf("/.wh."u8) >= 0)
        {
            Note(entry, "left out, it is inside of a whiteout");
            return true;
        }
        return false;
    }

    /// <summary>True for AUFS' own directories at the top of a layer; <paramref name="path"/> ends with a zero.</summary>
    private static bool IsAufsRoot(ReadOnlySpan<byte> path) =>
        path[12] is 0 or (byte)'/'
        && (path.StartsWith(".wh..wh.plnk"u8) || path.StartsWith(".wh..wh.aufs"u8) || path.StartsWith(".wh..wh.orph"u8));
}
