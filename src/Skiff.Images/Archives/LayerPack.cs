using System.IO.Compression;
using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Archives;

/// <summary>A directory, as overlayfs has written it, as the blob of a layer: archived, packed and hashed in one pass.</summary>
public static class LayerPack
{
    /// <summary>Writes the blob.</summary>
    /// <param name="tree">The directory.</param>
    /// <param name="blob">The file to make.</param>
    /// <param name="root">The directory's own attributes are part of the layer.</param>
    /// <param name="compress">With gzip; otherwise the plain archive (docs/decisions/018).</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The blob, the digest of the plain archive, and the size of all files in bytes.</returns>
    public static (Descriptor Layer, Digest DiffId, long Size) Write(
        string tree,
        string blob,
        bool root,
        bool compress,
        CancellationToken cancel
    )
    {
        using FileStream file = new(blob, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
        using DigestStream packed = new(file);
        if (!compress)
        {
            using BufferedStream buffer = new(packed, 256 << 10);
            long bytes = Archive(buffer, tree, root, cancel);
            buffer.Flush();
            Digest digest = packed.Digest();
            return (new Descriptor(MediaTypes.OciLayer, digest, packed.Count), digest, bytes);
        }
        long size;
        Digest diffId;
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (BufferedStream buffered = new(gzip, 256 << 10))
        using (DigestStream plain = new(buffered))
        {
            size = Archive(plain, tree, root, cancel);
            buffered.Flush();
            diffId = plain.Digest();
        }
        return (new Descriptor(MediaTypes.OciLayerGzip, packed.Digest(), packed.Count), diffId, size);
    }

    private static long Archive(Stream target, string tree, bool root, CancellationToken cancel)
    {
        TarWriter writer = new(target);
        TreeArchiver archiver = new(writer, layer: true, remark: null, cancel);
        using SafeFd top = Files.Open(tree, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        if (root)
        {
            archiver.Directory(top.Value, []);
        }
        archiver.Content(top.Value, []);
        writer.Finish();
        return archiver.Bytes;
    }

    /// <summary>True if the root has the owner and mode that it has in the layer below.</summary>
    /// <param name="upper">The root of the layer.</param>
    /// <param name="lower">The directory of the layer below.</param>
    public static bool SameRoot(SafeFd upper, string lower)
    {
        using SafeFd below = Files.Open(lower, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
        return At.Stat(upper.Value, out StatxBuffer own) == 0
            && At.Stat(below.Value, out StatxBuffer old) == 0
            && (own.Mode, own.Uid, own.Gid) == (old.Mode, old.Uid, old.Gid);
    }
}
