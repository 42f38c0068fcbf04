namespace Skiff.Images.Store;

/// <summary>Bytes that are not what a digest promised, or that no layer is made of.</summary>
internal sealed class WrongContentException(string message, Exception? inner) : Exception(message, inner)
{
    /// <summary>The blob is the right one and what is in it is wrong: fetching it again does not help.</summary>
    internal bool IsDigestOfTar { get; init; }
}
