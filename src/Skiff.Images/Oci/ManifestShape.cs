using System.Text.Json;

namespace Skiff.Images;

/// <summary>Everything that a manifest or an index may hold: which of the two it is, is known only after reading, since the media type inside is optional in OCI's.</summary>
internal sealed class ManifestShape
{
    internal long SchemaVersion { get; private set; }

    internal string MediaType { get; private set; } = "";

    internal Descriptor? Config { get; private set; }

    internal List<Descriptor>? Layers { get; private set; }

    internal List<Descriptor>? Manifests { get; private set; }

    internal IReadOnlyDictionary<string, string> Annotations { get; private set; } = JsonText.NoMap;

    internal static ManifestShape Read(ref Utf8JsonReader reader)
    {
        ManifestShape shape = new();
        JsonText.Object(ref reader, "it");
        while (JsonText.Member(ref reader))
        {
            if (reader.ValueTextEquals("schemaVersion"u8))
            {
                shape.SchemaVersion = JsonText.Integer(ref reader, "schemaVersion");
            }
            else if (reader.ValueTextEquals("mediaType"u8))
            {
                shape.MediaType = JsonText.String(ref reader, "mediaType") ?? "";
            }
            else if (reader.ValueTextEquals("config"u8))
            {
                shape.Config = JsonText.ObjectOrNull(ref reader, "config") ? Descriptor.Read(ref reader, "config") : null;
            }
            else if (reader.ValueTextEquals("layers"u8))
            {
                shape.Layers = ReadList(ref reader, "layers");
            }
            else if (reader.ValueTextEquals("manifests"u8))
            {
                shape.Manifests = ReadList(ref reader, "manifests");
            }
            else if (reader.ValueTextEquals("annotations"u8))
            {
                shape.Annotations = JsonText.Map(ref reader, "annotations");
            }
            else
            {
                JsonText.Skip(ref reader);
            }
        }
        // A document with both is read differently by different programs (GHSA-77vh-xpmg-72qh): refuse it.
        return shape.Manifests is not null && (shape.Config is not null || shape.Layers is not null)
            ? throw new JsonException("it is a manifest and an index at once")
            : shape;
    }

    private static List<Descriptor>? ReadList(ref Utf8JsonReader reader, string what)
    {
        if (!JsonText.ListOrNull(ref reader, what))
        {
            return null;
        }
        List<Descriptor> list = [];
        int count = 0;
        while (JsonText.Element(ref reader, ref count, what))
        {
            list.Add(Descriptor.Read(ref reader, what));
        }
        return list;
    }
}
