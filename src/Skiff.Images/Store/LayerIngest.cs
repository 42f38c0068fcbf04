using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Store;

/// <summary>Brings one layer in, in one pass on the calling thread: hash, keep, decompress, hash again, unpack.</summary>
/// <remarks>
/// Files, all under <c>ingest/</c>: <c>HEX</c> the blob so far, <c>HEX.tree/diff</c> the unpacked tree, <c>HEX.pending</c> what finishing must do: it is written last and
/// says that the tree is whole. The blob is renamed into <c>blobs/</c> only when size and both digests are right.
/// Callers hold the blob's lock.
/// </remarks>
internal sealed class LayerIngest(ImageStore store, Action<string>? noted = null)
{
    private const int SampleBytes = 1 << 20;

    /// <summary>Makes sure that the blob is in the store and, unless the layer is there in its finished form, that its tree is unpacked.</summary>
    /// <param name="layer">The layer's descriptor.</param>
    /// <param name="diffId">The digest of the uncompressed tar.</param>
    /// <param name="needTree">False if the finished layer is there already: then only the blob is fetched.</param>
    /// <param name="openAt">Opens the blob at an offset.</param>
    /// <param name="unpacked">Told the number of bytes of the tar so far, about once per MiB.</param>
    /// <param name="cancel">Ends it; what has arrived stays for the next attempt.</param>
    internal void Run(
        Descriptor layer,
        Digest diffId,
        bool needTree,
        Func<long, CancellationToken, Stream> openAt,
        Action<long>? unpacked,
        CancellationToken cancel
    )
    {
        bool haveBlob = store.HasBlob(layer.Digest);
        if (haveBlob && (!needTree || Pending(layer) is not null))
        {
            return;
        }
        if (haveBlob && TryUnpackKept(layer, diffId, unpacked, cancel))
        {
            return;
        }
        Fetch(layer, diffId, needTree, openAt, unpacked, cancel);
    }

    /// <summary>Unpacks a blob that is in the store; false if it turns out not to be what its name says: a power cut can do that, and it must be fetched again.</summary>
    private bool TryUnpackKept(Descriptor layer, Digest diffId, Action<long>? unpacked, CancellationToken cancel)
    {
        string path = store.BlobPath(layer.Digest);
        try
        {
            using FileStream blob = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            Unpack(blob, layer, diffId, unpacked, cancel);
            return true;
        }
        catch (WrongContentException e) when (!e.IsDigestOfTar)
        {
            _ = Files.TryRemove(path);
            return false;
        }
        catch (WrongContentException e)
        {
            throw new SkiffException(e.Message, inner: e);
        }
    }

    private void Fetch(
        Descriptor layer,
        Digest diffId,
        bool needTree,
        Func<long, CancellationToken, Stream> openAt,
        Action<long>? unpacked,
        CancellationToken cancel
    )
    {
        string path = store.IngestPath(layer.Digest.Hex);
        for (bool again = false; ; again = true)
        {
            using PartialBlob blob = new(path, layer.Size, openAt, cancel);
            try
            {
                if (needTree)
                {
                    Unpack(blob, layer, diffId, unpacked, cancel);
                }
                else
                {
                    Verify(blob, layer);
                    blob.Sync(); // no layer's mark vouches for it
                }
                Files.Rename(path, store.BlobPath(layer.Digest));
                return;
            }
            catch (WrongContentException e)
            {
                // bytes that are not what the manifest names are never kept (REG-10)
                _ = Files.TryRemove(path);
                if (!blob.Replayed || again)
                {
                    throw new SkiffException(e.Message, inner: e);
                }
            }
        }
    }

    private static void Verify(Stream blob, Descriptor layer)
    {
        using HashingStream hashed = new(blob, layer.Digest);
        byte[] buffer = new byte[256 << 10];
        while (hashed.Read(buffer) > 0) { }
        CheckBlob(hashed, layer);
    }

    private void Unpack(Stream blob, Descriptor layer, Digest diffId, Action<long>? unpacked, CancellationToken cancel)
    {
        string tree = store.IngestPath($"{layer.Digest.Hex}.tree");
        string pending = store.IngestPath($"{layer.Digest.Hex}.pending");
        _ = Files.TryRemove(pending);
        Tree.Remove(tree);
        try
        {
            MakeTree(tree);
            using HashingStream compressed = new(blob, layer.Digest);
            Exception? broken = null;
            PendingWork? work = null;
            long size = 0;
            try
            {
                (work, size) = UnpackInto(tree, compressed, layer, diffId, unpacked, cancel);
            }
            catch (Exception e) when (e is TarException or InvalidDataException or WrongContentException or EndOfStreamException)
            {
                broken = e;
            }
            if (broken is null or WrongContentException || compressed.Count < layer.Size)
            {
                DrainQuietly(compressed);
            }
            // a wrong blob explains every other error
            CheckBlob(compressed, layer);
            if (broken is not null)
            {
                throw broken as WrongContentException
                    ?? new WrongContentException($"the layer {layer.Digest} cannot be unpacked: {broken.Message}", broken)
                    {
                        IsDigestOfTar = true,
                    };
            }
            Files.Replace($"{tree}/size", System.Text.Encoding.ASCII.GetBytes($"{size}"));
            Files.Replace($"{tree}/boot", System.Text.Encoding.ASCII.GetBytes(BootId.Read()));
            work!.Save(pending, BootId.Read());
        }
        catch
        {
            // the space comes back at once; the blob's bytes stay and are unpacked again
            TryRemoveTree(tree);
            throw;
        }
    }

    private (PendingWork Work, long Size) UnpackInto(
        string tree,
        HashingStream compressed,
        Descriptor layer,
        Digest diffId,
        Action<long>? unpacked,
        CancellationToken cancel
    )
    {
        using Stream plain = Open(compressed, layer);
        long reported = 0;
        long count = 0;
        using StreamPieces? read = plain is IPieceSource ? null : new(plain);
        using ContentHash hash = new(diffId);
        using SafeFd root = Files.Open($"{tree}/diff", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        using LayerUnpacker unpacker = new(root, $"layer {layer.Digest.Short}");
        using ReadAhead ahead = new(
            read ?? (IPieceSource)plain,
            bytes =>
            {
                cancel.ThrowIfCancellationRequested();
                hash.Append(bytes);
                count += bytes.Length;
                if (unpacked is not null && count - reported >= SampleBytes)
                {
                    reported = count;
                    unpacked(count);
                }
            }
        );
        TarReader reader = new(ahead);
        PendingWork work = unpacker.Unpack(reader, cancel);
        reader.Drain();
        unpacked?.Invoke(count);
        foreach (string note in unpacker.Notes)
        {
            noted?.Invoke(note);
        }
        return hash.Matches
            ? (work, unpacker.Bytes)
            : throw new WrongContentException(
                $"the layer {layer.Digest} unpacks to something else than the config says ({diffId}): it is damaged or forged",
                null
            )
            {
                IsDigestOfTar = true,
            };
    }

    private static Stream Open(HashingStream compressed, Descriptor layer)
    {
        PeekStream peek = new(compressed, 6); // what the network has to say comes here, and is not the layer's fault
        try
        {
            return Decompress.Open(peek, layer.MediaType);
        }
        catch (SkiffException e)
        {
            throw new WrongContentException(e.Message, e) { IsDigestOfTar = true };
        }
    }

    private static void MakeTree(string tree)
    {
        foreach (string directory in (string[])[tree, $"{tree}/diff"])
        {
            int errno = Files.TryMakeDirectory(directory, 0x1C0);
            if (errno is not (0 or Errno.EEXIST))
            {
                throw new LinuxException("mkdir", directory, errno);
            }
        }
    }

    private static void DrainQuietly(Stream stream)
    {
        byte[] buffer = new byte[64 << 10];
        while (stream.Read(buffer) > 0) { }
    }

    private static void TryRemoveTree(string tree)
    {
        try
        {
            Tree.Remove(tree);
        }
        catch (LinuxException)
        {
            // the reason why the tree is abandoned matters more; a sweep takes it later
        }
    }

    private static void CheckBlob(HashingStream blob, Descriptor layer)
    {
        if (blob.Count != layer.Size || !blob.Matches)
        {
            throw new WrongContentException(
                blob.Count == layer.Size
                    ? $"the layer {layer.Digest} arrived with other content than its digest says: the registry or something on the way changed it"
                    : $"the layer {layer.Digest} has {blob.Count} bytes, the manifest says {layer.Size}",
                null
            );
        }
    }

    /// <summary>What finishing must do, if the tree is there and whole.</summary>
    internal PendingWork? Pending(Descriptor layer) =>
        Directory.Exists(store.IngestPath($"{layer.Digest.Hex}.tree/diff"))
            ? PendingWork.Load(store.IngestPath($"{layer.Digest.Hex}.pending"), BootId.Read())
            : null;
}
