using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Store;

/// <content>Names and removal.</content>
public sealed partial class ImageStore
{
    /// <summary>Begins a pull, load or import.</summary>
    /// <param name="noted">Told what of a layer was left out, a sentence for each kind.</param>
    public IngestSession BeginIngest(Action<string>? noted = null) => new(this, noted);

    /// <summary>Gives an image a further name; the name moves if another image had it.</summary>
    public Image Tag(string source, Reference name)
    {
        if (name.Digest is not null)
        {
            throw new SkiffException($"\"{name.Familiar}\" is not a name for a tag: a digest cannot be chosen");
        }
        using (LockIndex())
        {
            List<IndexEntry> entries = StoreIndex.Read(Root);
            IndexEntry entry = Match(entries, source) ?? throw new SkiffException(NotFound(source));
            Put(entries, entry, name.ToString());
            StoreIndex.Write(Root, entries);
        }
        return Get(name.ToString());
    }

    /// <summary>Takes one name away and keeps the image, without a name if it was the last.</summary>
    public void Untag(Reference name)
    {
        using (LockIndex())
        {
            List<IndexEntry> entries = StoreIndex.Read(Root);
            IndexEntry entry = Match(entries, name.ToString()) ?? throw new SkiffException(NotFound(name.Familiar));
            entries.Remove(entry);
            KeepDangling(entries, entry);
            StoreIndex.Write(Root, entries, removing: true);
        }
    }

    /// <summary>Removes an image or one of its names, as docker's rmi does (LIFE-16): by name only the name goes while others are left; by id all go, which needs force if they are in several repositories.</summary>
    /// <param name="nameOrId">Name, id or digest.</param>
    /// <param name="force">Also where several repositories name it, or a container uses it: then the names go and the content stays as long as it is used.</param>
    /// <param name="usedBy">The container that uses an image (its config digest), in words such as <c>container web</c>; null if none does.</param>
    public RemovedImages Remove(string nameOrId, bool force, Func<Digest, string?> usedBy)
    {
        List<string> untagged = [];
        List<Digest> deleted = [];
        using (FileLock.Acquire($"{Root}/gc.lock"))
        using (LockIndex())
        {
            List<IndexEntry> entries = StoreIndex.Read(Root);
            IndexEntry entry = Match(entries, nameOrId) ?? throw new SkiffException(NotFound(nameOrId));
            bool byName = entry.Name is not null && !IsId(entry, nameOrId);
            List<IndexEntry> all = entries.FindAll(e => e.Id == entry.Id);
            List<IndexEntry> going = byName && all.Count > 1 ? [entry] : all;
            if (!byName && !force && all.Select(e => e.Reference?.Name).Distinct().Count() > 1)
            {
                throw new SkiffException(
                    $"image {entry.Id.Short} has names in several repositories ({string.Join(", ", all.Select(e => e.Reference?.Familiar))}): remove them one by one, or use --force"
                );
            }
            string? user = going.Count == all.Count ? usedBy(entry.Id) : null;
            if (user is not null && !force)
            {
                throw new SkiffException(
                    $"image {entry.Reference?.Familiar ?? entry.Id.Short} is used by {user}: remove that first, or use --force to take its names away"
                );
            }
            entries.RemoveAll(going.Contains);
            untagged.AddRange(going.Where(e => e.Reference is not null).Select(e => e.Reference!.Familiar));
            if (user is not null)
            {
                entries.Add(entry with { Name = null });
            }
            else if (going.Count == all.Count)
            {
                deleted.Add(entry.Id);
            }
            StoreIndex.Write(Root, entries, removing: true);
        }
        return new RemovedImages(untagged, deleted, deleted.Count > 0 ? Collect() : 0);
    }

    internal void AddEntries(Descriptor manifest, Digest id, Descriptor top, IReadOnlyList<Reference> names)
    {
        using (LockIndex())
        {
            List<IndexEntry> entries = StoreIndex.Read(Root);
            IndexEntry entry = new(manifest with { Annotations = new Dictionary<string, string>() }, null, id, top);
            foreach (Reference name in names)
            {
                Put(entries, entry, name.ToString());
            }
            if (names.Count == 0 && !entries.Exists(e => e.Id == id))
            {
                entries.Insert(0, entry);
            }
            StoreIndex.Write(Root, entries);
            RemoveHalfIndexes();
        }
    }

    /// <summary>What a command left that was killed while it wrote the index; its lock is held, so nobody writes one.</summary>
    private void RemoveHalfIndexes()
    {
        foreach (string name in Tree.Names(Root))
        {
            if (name.StartsWith("index.json.", StringComparison.Ordinal) && name.EndsWith(".tmp", StringComparison.Ordinal))
            {
                _ = Files.TryRemove($"{Root}/{name}");
            }
        }
    }

    internal bool IsReferenced(Digest blob)
    {
        foreach (IndexEntry entry in StoreIndex.Read(Root))
        {
            if (ReadBlob(entry.Manifest.Digest) is byte[] bytes && ImageManifest.Parse(bytes).Layers.Any(l => l.Digest == blob))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The newest first; an image that loses its last name stays as a dangling one.</summary>
    private static void Put(List<IndexEntry> entries, IndexEntry entry, string name)
    {
        IndexEntry? old = entries.Find(e => e.Name == name);
        if (old is not null)
        {
            entries.Remove(old);
        }
        entries.RemoveAll(e => e.Name is null && e.Id == entry.Id);
        entries.Insert(0, entry with { Name = name });
        if (old is not null && old.Id != entry.Id)
        {
            KeepDangling(entries, old);
        }
    }

    private static void KeepDangling(List<IndexEntry> entries, IndexEntry entry)
    {
        if (!entries.Exists(e => e.Id == entry.Id))
        {
            entries.Add(entry with { Name = null });
        }
    }

    private static bool IsId(IndexEntry entry, string text)
    {
        string hex = text.StartsWith("sha256:", StringComparison.Ordinal) ? text[7..] : text;
        bool named = Reference.TryParse(text, out Reference? reference) && reference.ToString() == entry.Name;
        return !named && (entry.Id.Hex.StartsWith(hex, StringComparison.Ordinal) || entry.Manifest.Digest.Hex == hex);
    }
}
