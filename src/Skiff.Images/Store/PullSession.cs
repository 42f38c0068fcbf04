namespace Skiff.Images.Store;

/// <summary>The store as a pull sees it.</summary>
public sealed class PullSession : IPullStore, IDisposable
{
    private readonly ImageStore _store;
    private readonly IngestSession _session;

    /// <summary>Begins a pull into the store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="noted">Told what of a layer was left out, a sentence for each kind.</param>
    public PullSession(ImageStore store, Action<string>? noted = null)
    {
        _store = store;
        _session = store.BeginIngest(noted);
    }

    /// <inheritdoc/>
    public string Location => _store.Root;

    /// <inheritdoc/>
    public PullResult? Find(Reference reference, Platform platform)
    {
        IndexEntry? entry = _store.FindEntry(reference);
        if (entry is null)
        {
            return null;
        }
        Image? image = _store.Find(entry.Id.ToString());
        bool fits = image is not null && (image.Config.Os.Length == 0 || platform.Matches(image.Config.Platform));
        return fits ? new PullResult(reference, entry.Top, entry.Manifest, entry.Id, UpToDate: true) : null;
    }

    /// <inheritdoc/>
    public byte[]? ReadBlob(Digest digest) => _session.ReadBlob(digest);

    /// <inheritdoc/>
    public void WriteBlob(Digest digest, ReadOnlySpan<byte> bytes) => _session.WriteBlob(digest, bytes);

    /// <inheritdoc/>
    public IDisposable LockBlob(Digest digest) => _session.LockBlob(digest);

    /// <inheritdoc/>
    public bool HasLayer(PullLayer layer) => _session.HasLayer(layer.Descriptor, layer.DiffIds);

    /// <inheritdoc/>
    public void Ingest(
        PullLayer layer,
        Func<long, CancellationToken, Stream> openAt,
        Action<long> unpacked,
        CancellationToken cancellation
    ) => _session.Ingest(layer.Descriptor, layer.DiffIds, openAt, unpacked, cancellation);

    /// <inheritdoc/>
    public void Commit(PullResult result, ImageManifest manifest, IReadOnlyList<PullLayer> layers) =>
        _session.Commit(result.Manifest, manifest, result.Top, [result.Reference]);

    /// <inheritdoc/>
    public void Discard(IReadOnlyList<PullLayer> layers) => _session.Discard([.. layers.Select(l => l.Descriptor)]);

    /// <summary>Ends the pull.</summary>
    public void Dispose() => _session.Dispose();
}
