using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Store;

/// <summary>One pull, load or import into the store: holds what it brings until it is committed.</summary>
public sealed class IngestSession : IDisposable
{
    private readonly ImageStore _store;
    private readonly Lease _lease;
    private readonly Action<string>? _noted;

    internal IngestSession(ImageStore store, Action<string>? noted)
    {
        _noted = noted;
        store.EnsureLayout();
        SpaceReserve.Keep(store.Root);
        store.Settle();
        _store = store;
        _lease = new Lease(store);
    }

    /// <summary>A manifest, index or config that is in the store; null if it is not.</summary>
    public byte[]? ReadBlob(Digest digest)
    {
        _lease.Hold(digest.Hex);
        return _store.ReadBlob(digest) is byte[] bytes && digest.IsOf(bytes) ? bytes : null;
    }

    /// <summary>Keeps a manifest, index or config whose digest the caller has verified.</summary>
    public void WriteBlob(Digest digest, ReadOnlySpan<byte> bytes)
    {
        _lease.Hold(digest.Hex);
        _store.WriteBlob(digest, bytes);
    }

    /// <summary>Waits until nobody else fetches or uses this blob, and keeps them away until disposed.</summary>
    public IDisposable LockBlob(Digest digest) => _store.LockBlob(digest);

    /// <summary>True if the layer needs no work: its blob is kept and it is unpacked under its ChainID.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="diffIds">The diffIDs up to and including its own, bottom first.</param>
    public bool HasLayer(Descriptor layer, IReadOnlyList<Digest> diffIds)
    {
        ChainId chain = ChainId.Of(diffIds)[^1];
        _lease.Hold(chain.Hex);
        _lease.Hold(layer.Digest.Hex);
        return _store.HasBlob(layer.Digest) && _store.HasLayer(chain);
    }

    /// <summary>Fetches, verifies and unpacks one layer on the calling thread; several at once in any order. The caller holds <see cref="LockBlob"/>.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="diffIds">The diffIDs up to and including its own, bottom first.</param>
    /// <param name="openAt">Opens the blob at an offset; the stream hides retries.</param>
    /// <param name="unpacked">Told the bytes of the plain tar so far.</param>
    /// <param name="cancellation">Ends it; what has arrived stays.</param>
    public void Ingest(
        Descriptor layer,
        IReadOnlyList<Digest> diffIds,
        Func<long, CancellationToken, Stream> openAt,
        Action<long>? unpacked,
        CancellationToken cancellation
    )
    {
        ChainId chain = ChainId.Of(diffIds)[^1];
        _lease.Hold(chain.Hex);
        _lease.Hold(layer.Digest.Hex);
        new LayerIngest(_store, _noted).Run(layer, diffIds[^1], !_store.HasLayer(chain), openAt, unpacked, cancellation);
    }

    /// <summary>Finishes the layers bottom first and makes the image visible.</summary>
    /// <param name="manifestDescriptor">The descriptor of the manifest, whose blob and config are in the store.</param>
    /// <param name="manifest">The manifest.</param>
    /// <param name="top">What the name stands for at its registry; the manifest itself for other origins.</param>
    /// <param name="names">The names to give it; none for a dangling image.</param>
    /// <returns>The image.</returns>
    public Image Commit(Descriptor manifestDescriptor, ImageManifest manifest, Descriptor top, IReadOnlyList<Reference> names)
    {
        ImageConfig config = ImageConfig.Parse(
            ReadBlob(manifest.Config.Digest) ?? throw new SkiffException($"the config {manifest.Config.Digest} is missing")
        );
        foreach (ChainId chain in ChainId.Of(config.DiffIds))
        {
            _lease.Hold(chain.Hex);
        }
        List<(string, long)> layers = new LayerFinishing(_store).Run(manifest.Layers, config.DiffIds, CancellationToken.None);
        new ChainFile(layers, BootId.Read()).Save($"{_store.Root}/chains/{manifest.Config.Digest.Hex}");
        _lease.Hold(manifestDescriptor.Digest.Hex);
        _store.AddEntries(manifestDescriptor, manifest.Config.Digest, top, names);
        return _store.Get(manifest.Config.Digest.ToString());
    }

    /// <summary>Gives back the space of layers that were begun and not finished.</summary>
    public void Discard(IReadOnlyList<Descriptor> layers)
    {
        foreach (Descriptor layer in layers)
        {
            using FileLock? mine = FileLock.TryAcquire(_store.IngestPath($"{layer.Digest.Hex}.lock"));
            if (mine is not null)
            {
                _store.RemoveIngest(layer.Digest.Hex);
                if (!_store.IsReferenced(layer.Digest))
                {
                    _ = Files.TryRemove(_store.BlobPath(layer.Digest));
                }
            }
        }
    }

    /// <summary>Keeps a sweep from something in the store's directories by its name.</summary>
    internal void Hold(string name) => _lease.Hold(name);

    /// <summary>Ends the session; what is not committed is left to the next attempt or a sweep.</summary>
    public void Dispose() => _lease.Dispose();
}
