using System.Text.Json;
using Skiff.Linux;

namespace Skiff.Images;

/// <summary>The images of several platforms under one name (image-spec image-index.md; docker's manifest list).</summary>
/// <param name="MediaType">The media type: the one written in it, else the OCI one.</param>
/// <param name="Manifests">Its manifests, and possibly further indexes.</param>
/// <param name="Annotations">Annotations; empty if none.</param>
public sealed record ImageIndex(string MediaType, IReadOnlyList<Descriptor> Manifests, IReadOnlyDictionary<string, string> Annotations)
{
    /// <summary>Reads an index; throws <see cref="SkiffException"/> for an invalid one. An index may be empty.</summary>
    public static ImageIndex Parse(ReadOnlySpan<byte> bytes) => JsonText.Document(bytes, "the image index", Read);

    private static ImageIndex Read(ref Utf8JsonReader reader)
    {
        ManifestShape shape = ManifestShape.Read(ref reader);
        return shape.Manifests is null
            ? throw new JsonException("it has no list of manifests")
            : new ImageIndex(shape.MediaType.Length == 0 ? MediaTypes.OciIndex : shape.MediaType, shape.Manifests, shape.Annotations);
    }
}
