using Skiff.Linux;

namespace Skiff.Images.Store;

/// <content>Finding images.</content>
public sealed partial class ImageStore
{
    /// <summary>The image of a name, a name with digest, a digest, or the first digits of an id; null if there is none.</summary>
    /// <remarks>On the run path: it reads index.json, one manifest, one config and one line of chains, and hashes nothing.</remarks>
    /// <exception cref="SkiffException">The digits fit several images, or the image was damaged.</exception>
    public Image? Find(string nameOrIdOrDigest)
    {
        List<IndexEntry> entries = StoreIndex.Read(Root);
        return Match(entries, nameOrIdOrDigest) is IndexEntry entry ? Load(entry, entries) : null;
    }

    /// <summary>As <see cref="Find"/>, with an error that names the nearest names.</summary>
    public Image Get(string nameOrIdOrDigest) => Find(nameOrIdOrDigest) ?? throw new SkiffException(NotFound(nameOrIdOrDigest));

    /// <summary>All images, those with names first, the newest in the store first.</summary>
    public IReadOnlyList<Image> List()
    {
        List<IndexEntry> entries = StoreIndex.Read(Root);
        List<Image> images = [];
        HashSet<Digest> seen = [];
        foreach (IndexEntry entry in entries)
        {
            if (seen.Add(entry.Id))
            {
                images.Add(Load(entry, entries));
            }
        }
        return images;
    }

    /// <summary>Notes that a container was started from the image now.</summary>
    public void MarkUsed(Digest id)
    {
        byte[] path = CString.Encode($"{Root}/chains/{id.Hex}");
        DateTimeOffset now = _clock.GetUtcNow();
        TimeSpec time = new() { Seconds = now.ToUnixTimeSeconds(), Nanoseconds = now.Millisecond * 1_000_000L };
        _ = Linux.FileTree.At.SetTimes(Files.AtCwd, path, time, time);
    }

    /// <summary>Names like the one that was not found, nearest first, at most three.</summary>
    public IReadOnlyList<string> Suggest(string name) => Suggestions.For(name, StoreIndex.Read(Root));

    /// <summary>The entry of exactly this name; null if a digest is given that it does not stand for.</summary>
    internal IndexEntry? FindEntry(Reference reference) => Match(StoreIndex.Read(Root), reference.ToString());

    internal string NotFound(string text)
    {
        IReadOnlyList<string> near = Suggest(text);
        return $"No such image: {Printable.Of(text)}" + (near.Count == 0 ? "" : $" (did you mean {string.Join(" or ", near)}?)");
    }

    private static IndexEntry? Match(List<IndexEntry> entries, string text)
    {
        if (Digest.TryParse(text, out Digest digest))
        {
            return entries.Find(e => e.Id == digest) ?? entries.Find(e => e.Manifest.Digest == digest || e.Top.Digest == digest);
        }
        if (Reference.TryParse(text, out Reference? reference))
        {
            string canonical = reference.ToString();
            IndexEntry? byName = reference.Digest is Digest pinned
                ? entries.Find(e => (e.Manifest.Digest == pinned || e.Top.Digest == pinned) && e.Reference?.Name == reference.Name)
                : entries.Find(e => e.Name == canonical);
            if (byName is not null)
            {
                return byName;
            }
        }
        return MatchPrefix(entries, text);
    }

    private static IndexEntry? MatchPrefix(List<IndexEntry> entries, string text)
    {
        string hex = text.StartsWith("sha256:", StringComparison.Ordinal) ? text[7..] : text;
        if (hex.Length is 0 or > 64 || !IsHex(hex))
        {
            return null;
        }
        IndexEntry? found = null;
        foreach (IndexEntry entry in entries)
        {
            if (entry.Id.Hex.StartsWith(hex, StringComparison.Ordinal))
            {
                if (found is not null && found.Id != entry.Id)
                {
                    throw new SkiffException(
                        $"the image id {text} is ambiguous: it fits {found.Id.Short} and {entry.Id.Short}, give more digits"
                    );
                }
                found ??= entry;
            }
        }
        return found;
    }

    private static bool IsHex(string text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiHexDigitLower(c))
            {
                return false;
            }
        }
        return true;
    }

    private Image Load(IndexEntry entry, List<IndexEntry> entries)
    {
        byte[] manifestBytes = ReadBlob(entry.Manifest.Digest) ?? throw Damaged(entry, entry.Manifest.Digest);
        ImageManifest manifest = ImageManifest.Parse(manifestBytes);
        ImageConfig config = ImageConfig.Parse(ReadBlob(manifest.Config.Digest) ?? throw Damaged(entry, manifest.Config.Digest));
        ChainFile chains = Chains(entry, manifest, config);
        string[] directories = new string[chains.Layers.Count];
        string[] shortNames = new string[directories.Length];
        long[] sizes = new long[directories.Length];
        long size = 0;
        for (int i = 0; i < directories.Length; i++)
        {
            directories[i] = $"{Root}/layers/{chains.Layers[i].Hex}/diff";
            shortNames[i] = ShortName(chains.Layers[i].Hex);
            sizes[i] = chains.Layers[i].Size;
            size += sizes[i];
        }
        List<Reference> names = [];
        foreach (IndexEntry other in entries)
        {
            if (other.Id == entry.Id && other.Reference is Reference name)
            {
                names.Add(name);
            }
        }
        return new Image(entry.Id, entry.Manifest.Digest, manifest, config, directories, names, size)
        {
            ShortDirectories = shortNames,
            LayerSizes = sizes,
            TopDigest = entry.Top.Digest,
            LastUsed = new DateTimeOffset(File.GetLastWriteTimeUtc($"{Root}/chains/{entry.Id.Hex}")),
        };
    }

    /// <summary>The layers' ChainIDs: as written at the pull, or calculated again, and layers unpacked again, after a crash or where another tool added the image.</summary>
    private ChainFile Chains(IndexEntry entry, ImageManifest manifest, ImageConfig config)
    {
        ChainFile? chains = ChainFile.Load($"{Root}/chains/{entry.Id.Hex}");
        return
            chains is not null && chains.Layers.Count == config.DiffIds.Count && (chains.BootId is null || chains.BootId == BootId.Read())
            ? chains
            : Recover(entry, manifest, config);
    }

    private static SkiffException Damaged(IndexEntry entry, Digest missing) =>
        new($"the image {entry.Name ?? entry.Id.Short} is damaged: {missing} is missing or wrong; pull it again or remove it");
}
