namespace Skiff.Images.Layers;

/// <summary>Bytes that are no valid tar archive, and where.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="offset">The offset in the uncompressed archive, in bytes.</param>
public sealed class TarException(string message, long offset) : Exception($"{message} (at byte {offset} of the tar)")
{
    /// <summary>The offset in the uncompressed archive, in bytes.</summary>
    public long Offset { get; } = offset;
}
