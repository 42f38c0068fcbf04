using System.Text;
using System.Text.Json;
using Skiff.Images.Layers;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Images.Archives;

/// <summary><c>save</c>: images as one tar that is a docker-archive and an OCI layout at the same time, as docker 25 and newer write it: docker, podman, containerd and skopeo read it.</summary>
public static class ImageSaver
{
    /// <summary>Writes the images; layers stay as compressed as they were pulled, so digests are kept.</summary>
    /// <param name="store">Where they are.</param>
    /// <param name="images">Names or ids.</param>
    /// <param name="target">Where the tar goes; may be a pipe.</param>
    /// <param name="ociOnly">True to leave out docker's manifest.json.</param>
    /// <param name="cancel">Ends it.</param>
    public static void Save(ImageStore store, IReadOnlyList<string> images, Stream target, bool ociOnly, CancellationToken cancel)
    {
        using FileLock held = store.HoldForUse();
        List<(Image Image, List<Reference> Names)> chosen = Choose(store, images);
        TarWriter writer = new(target);
        HashSet<Digest> written = [];
        Directory(writer, "blobs");
        Directory(writer, "blobs/sha256");
        foreach ((Image image, _) in chosen)
        {
            Blob(store, writer, image.ManifestDigest, written, cancel);
            Blob(store, writer, image.Id, written, cancel);
            foreach (Descriptor layer in image.Manifest.Layers)
            {
                Blob(store, writer, layer.Digest, written, cancel);
            }
        }
        writer.WriteFile("index.json", Index(store, chosen));
        if (!ociOnly)
        {
            writer.WriteFile("manifest.json", Docker(chosen));
        }
        writer.WriteFile("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}"u8);
        writer.Finish();
    }

    private static List<(Image, List<Reference>)> Choose(ImageStore store, IReadOnlyList<string> images)
    {
        List<(Image Image, List<Reference> Names)> chosen = [];
        foreach (string text in images)
        {
            Image image = store.Get(text);
            int at = chosen.FindIndex(c => c.Image.Id == image.Id);
            if (at < 0)
            {
                chosen.Add((image, []));
                at = chosen.Count - 1;
            }
            // an id saves no names, as in docker
            if (Reference.TryParse(text, out Reference? name) && image.Names.Contains(name))
            {
                chosen[at].Names.Add(name);
            }
        }
        return chosen;
    }

    private static void Directory(TarWriter writer, string name) =>
        writer.Write(new TarRecord(TarEntryType.Directory, Encoding.UTF8.GetBytes(name + "/")) { Mode = 0x1ED });

    private static void Blob(ImageStore store, TarWriter writer, Digest digest, HashSet<Digest> written, CancellationToken cancel)
    {
        if (!written.Add(digest))
        {
            return;
        }
        if (!store.HasBlob(digest))
        {
            throw new SkiffException($"the store has no {digest}, so the image cannot be saved: pull it again");
        }
        using FileStream blob = new(store.BlobPath(digest), FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        writer.Write(
            new TarRecord(TarEntryType.File, Encoding.UTF8.GetBytes($"blobs/{digest.Algorithm}/{digest.Hex}")) { Size = blob.Length }
        );
        byte[] buffer = new byte[256 << 10];
        int count;
        while ((count = blob.Read(buffer)) > 0)
        {
            cancel.ThrowIfCancellationRequested();
            writer.WriteData(buffer.AsSpan(0, count));
        }
    }

    private static byte[] Index(ImageStore store, List<(Image Image, List<Reference> Names)> chosen) =>
        Json(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("schemaVersion"u8, 2);
            writer.WriteString("mediaType"u8, MediaTypes.OciIndex);
            writer.WriteStartArray("manifests"u8);
            foreach ((Image image, List<Reference> names) in chosen)
            {
                Descriptor descriptor = new(
                    image.Manifest.MediaType,
                    image.ManifestDigest,
                    new FileInfo(store.BlobPath(image.ManifestDigest)).Length
                );
                if (names.Count == 0)
                {
                    descriptor.Write(writer);
                }
                foreach (Reference name in names)
                {
                    (
                        descriptor with
                        {
                            Annotations = new Dictionary<string, string>
                            {
                                [StoreIndex.ContainerdName] = name.ToString(),
                                [StoreIndex.RefName] = name.ToString(),
                            },
                        }
                    ).Write(writer);
                }
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        });

    private static byte[] Docker(List<(Image Image, List<Reference> Names)> chosen) =>
        Json(writer =>
        {
            writer.WriteStartArray();
            foreach ((Image image, List<Reference> names) in chosen)
            {
                writer.WriteStartObject();
                writer.WriteString("Config"u8, $"blobs/{image.Id.Algorithm}/{image.Id.Hex}");
                writer.WriteStartArray("RepoTags"u8);
                foreach (Reference name in names.Where(n => n.Digest is null))
                {
                    writer.WriteStringValue(name.Familiar);
                }
                writer.WriteEndArray();
                writer.WriteStartArray("Layers"u8);
                foreach (Descriptor layer in image.Manifest.Layers)
                {
                    writer.WriteStringValue($"blobs/{layer.Digest.Algorithm}/{layer.Digest.Hex}");
                }
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        });

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            write(writer);
        }
        return stream.ToArray();
    }
}
