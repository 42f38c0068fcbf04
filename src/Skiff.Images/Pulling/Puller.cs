using Skiff.Images.Registry;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Images;

/// <summary>How to pull.</summary>
public sealed record PullOptions
{
    /// <summary>For which platform; null for this machine's.</summary>
    public Platform? Platform { get; init; }

    /// <summary>How to speak to the registry.</summary>
    public RegistryOptions Registry { get; init; } = new();

    /// <summary>Layers that are fetched and unpacked at the same time; 0 for one more than there are processors, three at least and six at most: unpacking is the work, and one thread waits for the network or the disk.</summary>
    public int Parallel { get; init; }
}

/// <summary>Pulls an image: name, manifest for the platform, config, then all layers at once, each verified and unpacked while it arrives; the name is set last (design.md, "pull").</summary>
/// <param name="store">Where it goes.</param>
public sealed class Puller(IPullStore store)
{
    private const int MaxIndexDepth = 4;

    /// <summary>Pulls into the image store of this machine.</summary>
    public static Image Pull(
        ImageStore store,
        Reference reference,
        PullOptions options,
        IPullProgress progress,
        CancellationToken cancellation
    )
    {
        using PullSession session = new(store, note => progress.Report(new PullNote(note)));
        PullResult result = new Puller(session).Pull(reference, options, progress, cancellation);
        return store.Find(result.Id.ToString())
            ?? throw new SkiffException($"{reference.Familiar} was removed while it was pulled: pull it again");
    }

    /// <summary>Pulls; returns when the image is whole and has its name. Throws <see cref="SkiffException"/>; what has arrived by then stays for the next pull.</summary>
    public PullResult Pull(Reference reference, PullOptions options, IPullProgress progress, CancellationToken cancellation)
    {
        Platform platform = options.Platform ?? Platform.Host;
        RegistryOptions registry = options.Registry with
        {
            Retrying = (reason, delay, failures) => progress.Report(new PullRetrying(reason, delay, failures)),
            Noted = note => progress.Report(new PullNote(note)),
        };
        using RegistrySources client = new(reference, registry, (mirror, reason) => progress.Report(new PullMirrorFailed(mirror, reason)));
        if (store.Find(reference, platform) is PullResult have && IsCurrent(client, reference, have, cancellation))
        {
            PullResult same = have with { UpToDate = true };
            progress.Report(new PullDone(same));
            return same;
        }
        (Descriptor top, Descriptor chosen, ImageManifest manifest) = Resolve(client, reference, platform, cancellation);
        RequireImage(reference, manifest);
        ImageConfig config = ImageConfig.Parse(FetchConfig(client, manifest.Config, cancellation));
        List<PullLayer> layers = Pair(reference, manifest, config);
        RequirePlatform(reference, platform, options.Platform is not null || chosen != top, config);
        progress.Report(
            new PullResolved(reference, top.Digest, chosen.Digest, config.Os.Length > 0 ? config.Platform : platform, Distinct(layers))
        );

        PullResult result = new(reference, top, chosen, manifest.Config.Digest, UpToDate: false);
        try
        {
            new LayerSchedule(store, client, progress, options.Parallel).Run(layers, cancellation);
            store.Commit(result, manifest, layers);
        }
        catch (Exception e) when (FullDisk.IsMeant(e))
        {
            store.Discard(layers);
            throw new SkiffException(
                $"no space for {reference.Familiar}: {(e as LinuxException)?.Message ?? Errno.Describe(e.HResult)}; {FullDisk.Advice(store.Location)}",
                1,
                e
            );
        }
        progress.Report(new PullDone(result));
        return result;
    }

    // A digest cannot come to mean anything else; a tag is asked for by one HEAD (REG-14).
    private static bool IsCurrent(RegistrySources client, Reference reference, PullResult have, CancellationToken cancellation) =>
        reference.Digest is Digest pinned
            ? pinned == have.Top.Digest
            : client.HeadManifest(reference.Target, cancellation) == have.Top.Digest;

    private (Descriptor Top, Descriptor Chosen, ImageManifest Manifest) Resolve(
        RegistrySources client,
        Reference reference,
        Platform platform,
        CancellationToken cancellation
    )
    {
        Descriptor? top = null;
        Descriptor? entry = null;
        string target = reference.Target;
        for (int depth = 0; depth < MaxIndexDepth; depth++)
        {
            (Digest digest, string given, byte[] bytes) = Fetch(client, target, entry, cancellation);
            string type = TypeOf(reference, bytes, given);
            // The bytes are what they say; a different header cannot make an index of a manifest.
            Descriptor current = new(type, digest, bytes.Length);
            top ??= current;
            if (!MediaTypes.IsIndex(type))
            {
                ImageManifest manifest = ImageManifest.Parse(bytes);
                store.WriteBlob(digest, bytes);
                return (top, current with { Platform = entry?.Platform }, manifest);
            }
            ImageIndex index = ImageIndex.Parse(bytes);
            entry = PlatformChoice.Choose(index, platform, reference.Familiar);
            store.WriteBlob(digest, bytes);
            target = entry.Digest.ToString();
        }
        throw new SkiffException($"the index of {reference.Familiar} holds indexes more than {MaxIndexDepth} deep: refused");
    }

    private (Digest Digest, string MediaType, byte[] Bytes) Fetch(
        RegistrySources client,
        string target,
        Descriptor? entry,
        CancellationToken cancellation
    )
    {
        if (Digest.TryParse(target, out Digest digest) && store.ReadBlob(digest) is byte[] kept)
        {
            return (digest, entry?.MediaType ?? "", kept);
        }
        FetchedManifest fetched = client.GetManifest(target, cancellation);
        return entry is null || entry.Size == fetched.Bytes.Length
            ? (fetched.Digest, fetched.MediaType, fetched.Bytes)
            : throw new SkiffException(
                $"the manifest {entry.Digest} has {fetched.Bytes.Length} bytes where its index says {entry.Size}: it is damaged or forged"
            );
    }

    private static string TypeOf(Reference reference, byte[] bytes, string given)
    {
        ManifestShape shape = JsonText.Document(bytes, $"the manifest of {reference.Familiar}", ManifestShape.Read);
        string type = shape.MediaType.Length > 0 ? shape.MediaType : given;
        if (MediaTypes.IsSchema1(type) || shape.SchemaVersion == 1)
        {
            throw new SkiffException(
                $"{reference.Familiar} is in docker's schema 1 manifest format, which is not supported: ask its publisher for schema 2 or OCI, or convert it with an older docker"
            );
        }
        if (!MediaTypes.IsIndex(type) && !MediaTypes.IsManifest(type))
        {
            // OCI leaves the type out; registries without one answer application/json.
            type =
                shape.MediaType.Length > 0
                    ? throw new SkiffException($"{reference.Familiar} is not an image: its media type is {Printable.Of(type, 100)}")
                : shape.Manifests is not null ? MediaTypes.OciIndex
                : MediaTypes.OciManifest;
        }
        return type;
    }

    private static void RequireImage(Reference reference, ImageManifest manifest)
    {
        if (!MediaTypes.IsConfig(manifest.Config.MediaType))
        {
            throw new SkiffException(
                $"{reference.Familiar} is not a container image but an artifact: its config has media type {Printable.Of(manifest.Config.MediaType, 100)}"
            );
        }
        foreach (Descriptor layer in manifest.Layers)
        {
            if (MediaTypes.Compression(layer.MediaType) is null)
            {
                throw new SkiffException(
                    $"a layer of {reference.Familiar} has media type {Printable.Of(layer.MediaType, 100)}, which cannot be unpacked: supported are tar, tar+gzip and tar+zstd of OCI and docker"
                );
            }
        }
    }

    private byte[] FetchConfig(RegistrySources client, Descriptor config, CancellationToken cancellation)
    {
        if (store.ReadBlob(config.Digest) is byte[] kept)
        {
            return kept;
        }
        using IDisposable mine = store.LockBlob(config.Digest);
        byte[] bytes = store.ReadBlob(config.Digest) ?? client.GetBlob(config, ImageConfig.MaxBytes, cancellation);
        store.WriteBlob(config.Digest, bytes);
        return bytes;
    }

    private static List<PullLayer> Pair(Reference reference, ImageManifest manifest, ImageConfig config)
    {
        if (config.DiffIds.Count != manifest.Layers.Count)
        {
            throw new SkiffException(
                $"{reference.Familiar} contradicts itself: its manifest has {manifest.Layers.Count} layers, its config {config.DiffIds.Count}"
            );
        }
        List<PullLayer> layers = new(manifest.Layers.Count);
        for (int i = 0; i < manifest.Layers.Count; i++)
        {
            layers.Add(new PullLayer(i, manifest.Layers[i], new ArraySegment<Digest>([.. config.DiffIds], 0, i + 1)));
        }
        return layers;
    }

    private static void RequirePlatform(Reference reference, Platform wanted, bool chosen, ImageConfig config)
    {
        // An image without an index is taken as it is, as docker does, unless a platform was asked for; a foreign system can never run.
        if (
            config.Os.Length > 0
            && (config.Os != wanted.Os || (chosen && config.Architecture.Length > 0 && wanted.Distance(config.Platform) is null))
        )
        {
            throw new SkiffException(
                $"{reference.Familiar} has no image for {wanted}: no matching platform, it offers {Printable.Of(config.Platform.ToString(), 60)}"
            );
        }
    }

    private static List<Descriptor> Distinct(List<PullLayer> layers)
    {
        HashSet<Digest> seen = [];
        List<Descriptor> distinct = [];
        foreach (PullLayer layer in layers)
        {
            if (seen.Add(layer.Descriptor.Digest))
            {
                distinct.Add(layer.Descriptor);
            }
        }
        return distinct;
    }
}
