using System.Text.Json;
using Skiff.Linux;

namespace Skiff.Images.Store;

/// <summary>index.json of the OCI image layout (image-spec image-layout.md): which images there are and their names.</summary>
/// <remarks>
/// Names are annotations that other tools know: <c>org.opencontainers.image.ref.name</c> (skopeo, umoci) and <c>io.containerd.image.name</c>.
/// What a listing needs beyond them stands in annotations of our own, and is found again from the manifest where another tool has dropped them.
/// </remarks>
internal static class StoreIndex
{
    internal const string RefName = "org.opencontainers.image.ref.name";
    internal const string ContainerdName = "io.containerd.image.name";
    private const string ConfigDigest = "org.skiff.config.digest";
    private const string TopDigest = "org.skiff.top.digest";
    private const string TopType = "org.skiff.top.type";
    private const string TopSize = "org.skiff.top.size";

    /// <summary>The entries; none if there is no index yet.</summary>
    /// <param name="root">The store's root.</param>
    internal static List<IndexEntry> Read(string root)
    {
        byte[]? bytes = Files.TryReadAll($"{root}/index.json", out int errno);
        if (bytes is null)
        {
            return errno == Errno.ENOENT ? [] : throw new LinuxException("read", $"{root}/index.json", errno);
        }
        List<IndexEntry> entries = [];
        foreach (Descriptor descriptor in ImageIndex.Parse(bytes).Manifests)
        {
            if (MediaTypes.IsManifest(descriptor.MediaType) && Entry(root, descriptor) is IndexEntry entry)
            {
                entries.Add(entry);
            }
        }
        return entries;
    }

    /// <summary>Replaces the index, durably.</summary>
    /// <param name="root">The store's root.</param>
    /// <param name="entries">The entries.</param>
    /// <param name="removing">True where names or images go: that works on a full file system too.</param>
    internal static void Write(string root, IReadOnlyList<IndexEntry> entries, bool removing = false)
    {
        MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            writer.WriteNumber("schemaVersion"u8, 2);
            writer.WriteString("mediaType"u8, MediaTypes.OciIndex);
            writer.WriteStartArray("manifests"u8);
            foreach (IndexEntry entry in entries)
            {
                (entry.Manifest with { Annotations = Annotations(entry) }).Write(writer);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        void Replace() => Files.Replace($"{root}/index.json", stream.GetBuffer().AsSpan(0, (int)stream.Length), durable: true);
        if (removing)
        {
            SpaceReserve.Use(root, Replace);
        }
        else
        {
            Replace();
        }
    }

    private static Dictionary<string, string> Annotations(IndexEntry entry)
    {
        Dictionary<string, string> annotations = new(entry.Manifest.Annotations);
        foreach (string key in (string[])[RefName, ContainerdName, TopDigest, TopType, TopSize])
        {
            annotations.Remove(key);
        }
        if (entry.Name is not null)
        {
            annotations[RefName] = entry.Name;
            annotations[ContainerdName] = entry.Name;
        }
        annotations[ConfigDigest] = entry.Id.ToString();
        if (entry.Top.Digest != entry.Manifest.Digest)
        {
            annotations[TopDigest] = entry.Top.Digest.ToString();
            annotations[TopType] = entry.Top.MediaType;
            annotations[TopSize] = entry.Top.Size.ToString();
        }
        return annotations;
    }

    private static IndexEntry? Entry(string root, Descriptor descriptor)
    {
        IReadOnlyDictionary<string, string> notes = descriptor.Annotations;
        string? name = notes.GetValueOrDefault(ContainerdName) ?? notes.GetValueOrDefault(RefName);
        if (!Digest.TryParse(notes.GetValueOrDefault(ConfigDigest), out Digest id))
        {
            byte[]? manifest = Files.TryReadAll(ImageStore.BlobPath(root, descriptor.Digest), out _, ImageManifest.MaxBytes);
            if (manifest is null)
            {
                return null;
            }
            id = ImageManifest.Parse(manifest).Config.Digest;
        }
        Descriptor top =
            Digest.TryParse(notes.GetValueOrDefault(TopDigest), out Digest digest)
            && long.TryParse(notes.GetValueOrDefault(TopSize), out long size)
                ? new Descriptor(notes.GetValueOrDefault(TopType) ?? MediaTypes.OciIndex, digest, size)
                : new Descriptor(descriptor.MediaType, descriptor.Digest, descriptor.Size);
        return new IndexEntry(descriptor, name, id, top);
    }
}
