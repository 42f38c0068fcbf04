namespace Skiff.Images.Store;

/// <summary>An image of the store.</summary>
/// <param name="Id">Its id, the digest of the config.</param>
/// <param name="ManifestDigest">The digest of its manifest.</param>
/// <param name="Manifest">Its manifest.</param>
/// <param name="Config">Its config.</param>
/// <param name="LayerDirectories">The directories of its layers, bottom first.</param>
/// <param name="Names">Its names, in the order they were given; empty for a dangling image.</param>
/// <param name="Size">The size of all its files, unpacked, in bytes; layers shared with other images are counted.</param>
public sealed record Image(
    Digest Id,
    Digest ManifestDigest,
    ImageManifest Manifest,
    ImageConfig Config,
    IReadOnlyList<string> LayerDirectories,
    IReadOnlyList<Reference> Names,
    long Size
)
{
    /// <summary>Short names of the layers' directories below the store's root, such as <c>l/0123456789abcdef0123</c>, bottom first: overlayfs' option string holds one page (LAY-29).</summary>
    public IReadOnlyList<string> ShortDirectories { get; init; } = [];

    /// <summary>The size of each layer's files, unpacked, in bytes, bottom first.</summary>
    public IReadOnlyList<long> LayerSizes { get; init; } = [];

    /// <summary>What names of it with a digest are made of: the digest a registry knows it by, of an index or of its manifest.</summary>
    public Digest TopDigest { get; init; }

    /// <summary>The repository digests, as docker lists them: each name's repository with <see cref="TopDigest"/>.</summary>
    public IReadOnlyList<string> RepoDigests => [.. Names.Select(n => $"{n.FamiliarName}@{TopDigest}").Distinct()];

    /// <summary>When a container was last started from it or, if never, when it came into the store.</summary>
    public DateTimeOffset LastUsed { get; init; }
}
