namespace Skiff.Images;

/// <summary>One layer of the image being pulled.</summary>
/// <param name="Index">Position, 0 is the bottom.</param>
/// <param name="Descriptor">The blob.</param>
/// <param name="DiffIds">The diffIDs of this layer and all below, bottom first: they give its ChainID. The last is its own.</param>
public sealed record PullLayer(int Index, Descriptor Descriptor, IReadOnlyList<Digest> DiffIds)
{
    /// <summary>The digest of the plain tar.</summary>
    public Digest DiffId => DiffIds[^1];
}

/// <summary>Where a pull puts what it fetches: the image store, or memory in tests.</summary>
public interface IPullStore
{
    /// <summary>The directory that it is in.</summary>
    string Location { get; }

    /// <summary>What the name stood for when it was pulled for this platform, if that image is whole; null otherwise.</summary>
    PullResult? Find(Reference reference, Platform platform);

    /// <summary>A manifest, index or config that is in the store; null if it is not.</summary>
    byte[]? ReadBlob(Digest digest);

    /// <summary>Keeps a verified manifest, index or config.</summary>
    void WriteBlob(Digest digest, ReadOnlySpan<byte> bytes);

    /// <summary>Waits until no other thread or process fetches this blob, and keeps them away until disposed.</summary>
    IDisposable LockBlob(Digest digest);

    /// <summary>True if the layer is unpacked under its ChainID.</summary>
    bool HasLayer(PullLayer layer);

    /// <summary>Fetches, verifies and unpacks one layer on the calling thread; called under <see cref="LockBlob"/>, for several layers at once and in any order.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="openAt">Opens the blob at an offset; the stream hides retries.</param>
    /// <param name="unpacked">Told the bytes of the plain tar so far.</param>
    /// <param name="cancellation">Ends it; what has arrived stays for the next pull.</param>
    void Ingest(PullLayer layer, Func<long, CancellationToken, Stream> openAt, Action<long> unpacked, CancellationToken cancellation);

    /// <summary>Finishes the layers in order, bottom first, then makes the image visible under its name in one step.</summary>
    /// <param name="result">The image.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="layers">All its layers, bottom first.</param>
    void Commit(PullResult result, ImageManifest manifest, IReadOnlyList<PullLayer> layers);

    /// <summary>Gives back the space of layers that were begun and not finished: the disk is full.</summary>
    void Discard(IReadOnlyList<PullLayer> layers);
}
