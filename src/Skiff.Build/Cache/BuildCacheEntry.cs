namespace Skiff.Build.Cache;

/// <summary>One thing that builds keep.</summary>
/// <param name="Id">Its name.</param>
/// <param name="IsMount">The content of a cache mount; otherwise the result of a step.</param>
/// <param name="Size">Bytes that go with it; what an image has too is not counted.</param>
/// <param name="Made">When it was made.</param>
/// <param name="Used">When it was made or used last.</param>
/// <param name="IsShared">An image has its layer, too.</param>
/// <param name="Text">The instruction, or the cache's name.</param>
public sealed record BuildCacheEntry(
    string Id,
    bool IsMount,
    long Size,
    DateTimeOffset Made,
    DateTimeOffset Used,
    bool IsShared,
    string Text
);
