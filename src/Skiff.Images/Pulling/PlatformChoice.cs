using Skiff.Linux;

namespace Skiff.Images;

/// <summary>Chooses from an index the image for a platform (image-spec image-index.md).</summary>
public static class PlatformChoice
{
    /// <summary>The entry that fits best: the nearest variant, the first of equals. Attestations are no images. Throws <see cref="SkiffException"/> naming what is offered.</summary>
    public static Descriptor Choose(ImageIndex index, Platform wanted, string name)
    {
        Descriptor? best = null;
        int bestDistance = int.MaxValue;
        Descriptor? only = null;
        int candidates = 0;
        SortedSet<string> offered = new(StringComparer.Ordinal);
        foreach (Descriptor entry in index.Manifests)
        {
            if (entry.IsAttestation || !(MediaTypes.IsManifest(entry.MediaType) || MediaTypes.IsIndex(entry.MediaType)))
            {
                continue;
            }
            candidates++;
            only = entry;
            if (entry.Platform is null or { Os: "" })
            {
                continue;
            }
            offered.Add(Printable.Of(entry.Platform.ToString(), 40));
            if (wanted.Distance(entry.Platform) is int distance && distance < bestDistance)
            {
                best = entry;
                bestDistance = distance;
            }
        }
        if (best is null && candidates == 1 && (only!.Platform is null or { Os: "" }))
        {
            // An index of one image that says nothing about its platform: nothing to choose.
            return only!;
        }
        return best
            ?? throw new SkiffException(
                offered.Count == 0
                    ? $"{name} has no image for {wanted}: no matching platform, it holds no images at all, only attestations or artifacts"
                    : $"{name} has no image for {wanted}: no matching platform, it offers {List(offered)}; choose one with --platform"
            );
    }

    private static string List(SortedSet<string> offered)
    {
        const int Most = 20;
        List<string> shown = [];
        foreach (string one in offered)
        {
            if (shown.Count == Most)
            {
                shown.Add($"and {offered.Count - Most} more");
                break;
            }
            shown.Add(one);
        }
        return string.Join(", ", shown);
    }
}
