using System.Security.Cryptography;
using Skiff.Images.Layers;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Images.Archives;

/// <summary>What <c>import</c> makes of a root file system.</summary>
public sealed record ImportOptions
{
    /// <summary>The image's name; null for none.</summary>
    public Reference? Name { get; init; }

    /// <summary>Dockerfile instructions, see <see cref="ConfigChanges"/>.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];

    /// <summary>A remark for the history.</summary>
    public string Message { get; init; } = "";

    /// <summary>The platform; null for this machine's.</summary>
    public Platform? Platform { get; init; }

    /// <summary>The time of creation.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Told what of the tree was left out, a sentence for each kind.</summary>
    public Action<string>? Noted { get; init; }
}

/// <summary><c>import</c>: an image of one layer from a tar of a root file system.</summary>
public static class ImageImporter
{
    private static readonly Func<long, CancellationToken, Stream> s_none = (_, _) =>
        throw new SkiffException("the imported layer is gone from the store");

    /// <summary>Imports a tar, gzip, zstd or plain; read once, so it may be a pipe. The layer is kept as compressed as it came.</summary>
    public static Image Import(ImageStore store, Stream source, ImportOptions options, CancellationToken cancel) =>
        SpaceGuard.Run(store, "import", () => ImportHeld(store, source, options, cancel));

    private static Image ImportHeld(ImageStore store, Stream source, ImportOptions options, CancellationToken cancel)
    {
        using IngestSession session = store.BeginIngest(options.Noted);
        string name = $"load-{RandomBytes.Hex(4)}";
        session.Hold(name);
        string spool = store.IngestPath(name);
        try
        {
            (Descriptor layer, Digest diffId) = Spool(source, spool, cancel);
            using (session.LockBlob(layer.Digest))
            {
                session.Hold(layer.Digest.Hex);
                if (!store.HasBlob(layer.Digest))
                {
                    Files.Rename(spool, store.BlobPath(layer.Digest));
                }
                if (!session.HasLayer(layer, [diffId]))
                {
                    session.Ingest(layer, [diffId], s_none, null, cancel);
                }
            }
            Platform platform = options.Platform ?? Platform.Host;
            ImageConfig config = ConfigChanges.Apply(
                new ImageConfig
                {
                    Os = platform.Os,
                    Architecture = platform.Architecture,
                    Variant = platform.Variant,
                },
                options.Changes
            ) with
            {
                Created = options.Created,
                DiffIds = [diffId],
                History =
                [
                    new HistoryEntry(options.Created, "", "", options.Message.Length > 0 ? options.Message : "imported", EmptyLayer: false),
                ],
            };
            byte[] bytes = ImageConfigWriter.Write(config);
            Descriptor id = new(MediaTypes.OciConfig, Digest.Of(bytes), bytes.Length);
            session.WriteBlob(id.Digest, bytes);
            (Descriptor descriptor, ImageManifest manifest) = ManifestWriter.Write(session, id, [layer]);
            return session.Commit(descriptor, manifest, descriptor, options.Name is null ? [] : [options.Name]);
        }
        finally
        {
            _ = Files.TryRemove(spool);
        }
    }

    /// <summary>Keeps the bytes and finds both digests in one pass.</summary>
    private static (Descriptor Layer, Digest DiffId) Spool(Stream source, string path, CancellationToken cancel)
    {
        using SafeFd file = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, 0x1A4);
        long size = 0;
        using TeeStream kept = new(
            source,
            bytes =>
            {
                cancel.ThrowIfCancellationRequested();
                Files.WriteAll(file, bytes, path);
                size += bytes.Length;
            }
        );
        try
        {
            PeekStream peek = new(kept, 6);
            LayerCompression compression = Decompress.Detect(peek.Head);
            using Stream plain = Decompress.Open(peek, null);
            using IncrementalHash hash = Hashing.BeginSha256();
            byte[] buffer = new byte[256 << 10];
            int count;
            while ((count = plain.Read(buffer)) > 0)
            {
                hash.AppendData(buffer, 0, count);
            }
            while (kept.Read(buffer) > 0)
            {
                // what follows the compressed data belongs to the blob
            }
            return (
                new Descriptor(ImageLoader.MediaTypeOf(compression), kept.Digest(), size),
                Images.Digest.FromSha256(hash.GetHashAndReset())
            );
        }
        catch (InvalidDataException e)
        {
            throw new SkiffException($"the archive cannot be read: {e.Message}", 1, e);
        }
    }
}
