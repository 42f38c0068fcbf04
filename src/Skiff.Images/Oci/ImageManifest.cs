using System.Text.Json;
using Skiff.Linux;

namespace Skiff.Images;

/// <summary>One image: its config and its layers, bottom first (image-spec manifest.md; docker schema 2).</summary>
/// <param name="MediaType">The media type: the one written in it, else the OCI one.</param>
/// <param name="Config">The descriptor of the config.</param>
/// <param name="Layers">The descriptors of the layers, bottom first.</param>
/// <param name="Annotations">Annotations; empty if none.</param>
public sealed record ImageManifest(
    string MediaType,
    Descriptor Config,
    IReadOnlyList<Descriptor> Layers,
    IReadOnlyDictionary<string, string> Annotations
)
{
    /// <summary>Greatest size of a manifest or index in bytes: the distribution specification asks registries to take 4 MiB at least, and the large ones refuse more.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Most layers of an image: overlayfs takes 500 lower directories (OVL_MAX_STACK in fs/overlayfs/params.h).</summary>
    public const int MaxLayers = 500;

    /// <summary>Reads a manifest; throws <see cref="SkiffException"/> for an invalid one, for an index, and for docker's schema 1, by name.</summary>
    public static ImageManifest Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new SkiffException($"the image manifest has {bytes.Length} bytes, more than the {MaxBytes} that are accepted");
        }
        return JsonText.Document(bytes, "the image manifest", Read);
    }

    private static ImageManifest Read(ref Utf8JsonReader reader)
    {
        ManifestShape shape = ManifestShape.Read(ref reader);
        if (shape.SchemaVersion == 1 || MediaTypes.IsSchema1(shape.MediaType))
        {
            throw new SkiffException(
                "the image is in docker's schema 1 manifest format, which is not supported: ask its publisher for schema 2 or OCI, or convert it with an older docker"
            );
        }
        if (shape.Config is null)
        {
            throw new JsonException(shape.Manifests is null ? "it names no config" : "it is an index, not a manifest");
        }
        if (shape.Layers is { Count: > MaxLayers })
        {
            throw new JsonException($"it has {shape.Layers.Count} layers, and overlayfs takes {MaxLayers}");
        }
        return new ImageManifest(
            shape.MediaType.Length == 0 ? MediaTypes.OciManifest : shape.MediaType,
            shape.Config,
            shape.Layers ?? [],
            shape.Annotations
        );
    }
}
