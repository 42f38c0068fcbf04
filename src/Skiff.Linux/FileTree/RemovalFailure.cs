namespace Skiff.Linux.FileTree;

/// <summary>Something that could not be removed.</summary>
/// <param name="Path">Its path, with U+FFFD for bytes that are not UTF-8.</param>
/// <param name="Errno">Why.</param>
public sealed record RemovalFailure(string Path, int Errno);
