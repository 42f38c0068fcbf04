namespace Skiff.Images.Store;

/// <summary>What a removal did.</summary>
/// <param name="Untagged">Names that are gone, in their short form.</param>
/// <param name="Deleted">Images that are gone.</param>
/// <param name="Bytes">Bytes given back on the disk, as far as they are known: blobs and unpacked files.</param>
public sealed record RemovedImages(IReadOnlyList<string> Untagged, IReadOnlyList<Digest> Deleted, long Bytes);
