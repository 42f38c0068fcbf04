namespace Skiff.Images.Layers;

/// <summary>A part of a sparse file that has data; what lies between segments is a hole.</summary>
/// <param name="Offset">Where it begins in the file, in bytes.</param>
/// <param name="Length">Its length in bytes.</param>
public readonly record struct SparseSegment(long Offset, long Length);
