using System.Text.Json;
using Skiff.Images.Layers;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Images.Archives;

/// <summary><c>load</c>: images from a tar that docker, podman or skopeo saved, as docker-archive or as OCI layout.</summary>
public static class ImageLoader
{
    private static readonly Func<long, CancellationToken, Stream> s_none = (_, _) =>
        throw new SkiffException("the archive lacks a layer that its manifest names");

    /// <summary>Loads every image of the archive for a platform.</summary>
    /// <param name="store">Where they go.</param>
    /// <param name="source">A tar, gzip, zstd or plain; read once, so it may be a pipe.</param>
    /// <param name="platform">Which image of an index; null for this machine's.</param>
    /// <param name="cancel">Ends it.</param>
    /// <param name="noted">Told what of a layer was left out, a sentence for each kind.</param>
    /// <returns>The images, in the archive's order, with the names that they have there.</returns>
    /// <exception cref="SkiffException">It is no image archive, or a digest is wrong.</exception>
    public static IReadOnlyList<Image> Load(
        ImageStore store,
        Stream source,
        Platform? platform,
        CancellationToken cancel,
        Action<string>? noted = null
    ) => SpaceGuard.Run(store, "load", () => LoadHeld(store, source, platform, noted, cancel));

    private static List<Image> LoadHeld(
        ImageStore store,
        Stream source,
        Platform? platform,
        Action<string>? noted,
        CancellationToken cancel
    )
    {
        using IngestSession session = store.BeginIngest(noted);
        using ArchiveFiles files = ArchiveFiles.Read(store, session, source, cancel);
        List<DockerArchiveEntry> docker = files.Has("manifest.json")
            ? DockerArchiveEntry.Parse(files.ReadAll("manifest.json", ImageManifest.MaxBytes))
            : [];
        if (files.Has("index.json") && files.Has("oci-layout"))
        {
            return LoadLayout(store, session, files, docker, platform ?? Platform.Host, cancel);
        }
        return docker.Count > 0
            ? [.. docker.Select(entry => LoadDocker(store, session, files, entry, cancel))]
            : throw new SkiffException(
                "the archive is no image: it has neither manifest.json nor an OCI layout; for a root file system use `skiff import`"
            );
    }

    private static List<Image> LoadLayout(
        ImageStore store,
        IngestSession session,
        ArchiveFiles files,
        List<DockerArchiveEntry> docker,
        Platform platform,
        CancellationToken cancel
    )
    {
        Dictionary<Digest, List<Reference>> names = [];
        Dictionary<Digest, (Descriptor Chosen, ImageManifest Manifest, Descriptor Top)> found = [];
        List<Digest> order = [];
        foreach (Descriptor top in ImageIndex.Parse(files.ReadAll("index.json", ImageManifest.MaxBytes)).Manifests)
        {
            if (top.IsAttestation)
            {
                continue;
            }
            Descriptor chosen = Choose(files, top, platform);
            ImageManifest manifest = ImageManifest.Parse(Blob(files, chosen, ImageManifest.MaxBytes));
            if (found.TryAdd(chosen.Digest, (chosen, manifest, top)))
            {
                order.Add(chosen.Digest);
                names[chosen.Digest] = [];
            }
            if (NameOf(top) is Reference name)
            {
                names[chosen.Digest].Add(name);
            }
            names[chosen.Digest]
                .AddRange(
                    docker.Where(d => d.Config.Contains(manifest.Config.Digest.Hex, StringComparison.Ordinal)).SelectMany(d => d.Names)
                );
        }
        List<Image> images = [];
        foreach (Digest digest in order)
        {
            (Descriptor chosen, ImageManifest manifest, Descriptor top) = found[digest];
            session.WriteBlob(digest, Blob(files, chosen, ImageManifest.MaxBytes));
            session.WriteBlob(manifest.Config.Digest, Blob(files, manifest.Config, ImageConfig.MaxBytes));
            if (top.Digest != digest)
            {
                session.WriteBlob(top.Digest, Blob(files, top, ImageManifest.MaxBytes));
            }
            List<string> paths = [.. manifest.Layers.Select(l => Checked(files, l))];
            images.Add(
                Bring(
                    store,
                    session,
                    files,
                    new Descriptor(manifest.MediaType, digest, chosen.Size),
                    manifest,
                    paths,
                    top,
                    [.. names[digest].Distinct()],
                    cancel
                )
            );
        }
        return images;
    }

    private static Image LoadDocker(
        ImageStore store,
        IngestSession session,
        ArchiveFiles files,
        DockerArchiveEntry entry,
        CancellationToken cancel
    )
    {
        byte[] config = files.ReadAll(entry.Config, ImageConfig.MaxBytes);
        Digest id = Digest.Of(config);
        List<Descriptor> layers =
        [
            .. entry.Layers.Select(path =>
            {
                (Digest digest, long size) = files.Describe(path);
                return new Descriptor(MediaTypeOf(files.Compression(path)), digest, size);
            }),
        ];
        session.WriteBlob(id, config);
        (Descriptor descriptor, ImageManifest manifest) = ManifestWriter.Write(
            session,
            new Descriptor(MediaTypes.OciConfig, id, config.Length),
            layers
        );
        return Bring(store, session, files, descriptor, manifest, entry.Layers, descriptor, entry.Names, cancel);
    }

    private static Image Bring(
        ImageStore store,
        IngestSession session,
        ArchiveFiles files,
        Descriptor descriptor,
        ImageManifest manifest,
        IReadOnlyList<string> paths,
        Descriptor top,
        IReadOnlyList<Reference> names,
        CancellationToken cancel
    )
    {
        ImageConfig config = ImageConfig.Parse(session.ReadBlob(manifest.Config.Digest)!);
        if (config.DiffIds.Count != manifest.Layers.Count)
        {
            throw new SkiffException(
                $"the image {manifest.Config.Digest.Short} contradicts itself: {manifest.Layers.Count} layers and {config.DiffIds.Count} diffIDs"
            );
        }
        for (int i = 0; i < manifest.Layers.Count; i++)
        {
            Digest[] diffIds = [.. config.DiffIds.Take(i + 1)];
            using IDisposable mine = session.LockBlob(manifest.Layers[i].Digest);
            if (!session.HasLayer(manifest.Layers[i], diffIds))
            {
                files.MoveToBlobs(paths[i], store);
                session.Ingest(manifest.Layers[i], diffIds, s_none, null, cancel);
            }
        }
        return session.Commit(descriptor, manifest, top, names) with { Names = names };
    }

    internal static string MediaTypeOf(LayerCompression compression) =>
        compression switch
        {
            LayerCompression.Gzip => MediaTypes.OciLayerGzip,
            LayerCompression.Zstd => MediaTypes.OciLayerZstd,
            _ => MediaTypes.OciLayer,
        };

    private static Descriptor Choose(ArchiveFiles files, Descriptor top, Platform platform)
    {
        Descriptor current = top;
        for (int depth = 0; MediaTypes.IsIndex(current.MediaType); depth++)
        {
            if (depth == 4)
            {
                throw new SkiffException("the archive's index holds indexes more than 4 deep: refused");
            }
            current = PlatformChoice.Choose(ImageIndex.Parse(Blob(files, current, ImageManifest.MaxBytes)), platform, "the archive");
        }
        return current;
    }

    private static byte[] Blob(ArchiveFiles files, Descriptor descriptor, int limit)
    {
        string path = $"blobs/{descriptor.Digest.Algorithm}/{descriptor.Digest.Hex}";
        byte[] bytes = files.ReadAll(path, limit);
        return descriptor.Digest.IsOf(bytes)
            ? bytes
            : throw new SkiffException($"{path} in the archive is not what its name says: it is damaged");
    }

    private static string Checked(ArchiveFiles files, Descriptor layer)
    {
        string path = $"blobs/{layer.Digest.Algorithm}/{layer.Digest.Hex}";
        (Digest digest, long size) = files.Describe(path);
        return digest == layer.Digest && size == layer.Size
            ? path
            : throw new SkiffException($"{path} in the archive is not what its name says: it is damaged");
    }

    /// <summary>containerd and docker write the whole name, podman and skopeo put it into ref.name, and some put only a tag there, which names nothing.</summary>
    private static Reference? NameOf(Descriptor top)
    {
        string? name =
            top.Annotations.GetValueOrDefault(StoreIndex.ContainerdName) ?? top.Annotations.GetValueOrDefault(StoreIndex.RefName);
        return name is not null && name.AsSpan().IndexOfAny(':', '/') >= 0 && Reference.TryParse(name, out Reference? reference)
            ? reference
            : null;
    }
}
