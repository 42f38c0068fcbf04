namespace Skiff.Images.Store;

/// <summary>Which images a prune takes.</summary>
public sealed record PruneFilter
{
    /// <summary>Also images with names that no container uses; otherwise only those without a name.</summary>
    public bool All { get; init; }

    /// <summary>Only images created before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Only images not used since this time.</summary>
    public DateTimeOffset? UnusedSince { get; init; }

    /// <summary>Labels an image must have: name, and value or null for any.</summary>
    public IReadOnlyList<(string Name, string? Value)> Labels { get; init; } = [];

    /// <summary>Labels an image must not have.</summary>
    public IReadOnlyList<(string Name, string? Value)> NotLabels { get; init; } = [];

    /// <summary>The number of most recently used images to keep.</summary>
    public int Keep { get; init; }

    internal bool Takes(Image image) =>
        (All || image.Names.Count == 0)
        && (Until is null || (image.Config.Created ?? DateTimeOffset.MinValue) < Until)
        && (UnusedSince is null || image.LastUsed < UnusedSince)
        && Labels.All(l => Has(image, l))
        && !NotLabels.Any(l => Has(image, l));

    private static bool Has(Image image, (string Name, string? Value) label) =>
        image.Config.Labels.TryGetValue(label.Name, out string? value) && (label.Value is null || label.Value == value);
}
