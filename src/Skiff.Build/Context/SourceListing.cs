namespace Skiff.Build.Context;

/// <summary>The files that a step copied with the first digits of their hashes: enough to name the one that changed.</summary>
internal sealed class SourceListing
{
    private const int MaxFiles = 20_000;

    private readonly List<string> _lines = [];

    /// <summary>Lines <c>HASH path</c>.</summary>
    internal IReadOnlyList<string> Lines => _lines;

    internal void Add(string path, byte[] hash)
    {
        if (_lines.Count < MaxFiles && !path.Contains('\n'))
        {
            _lines.Add($"{Convert.ToHexStringLower(hash.AsSpan(0, 8))} {path}");
        }
    }
}
