using System.Text.Json;
using Skiff.Images.Store;

namespace Skiff.Images.Archives;

/// <summary>Makes an OCI manifest for an image that came without one.</summary>
internal static class ManifestWriter
{
    internal static (Descriptor Descriptor, ImageManifest Manifest) Write(
        IngestSession session,
        Descriptor config,
        IReadOnlyList<Descriptor> layers
    )
    {
        MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            writer.WriteNumber("schemaVersion"u8, 2);
            writer.WriteString("mediaType"u8, MediaTypes.OciManifest);
            writer.WritePropertyName("config"u8);
            config.Write(writer);
            writer.WriteStartArray("layers"u8);
            foreach (Descriptor layer in layers)
            {
                layer.Write(writer);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        byte[] bytes = stream.ToArray();
        Descriptor descriptor = new(MediaTypes.OciManifest, Digest.Of(bytes), bytes.Length);
        session.WriteBlob(descriptor.Digest, bytes);
        return (descriptor, ImageManifest.Parse(bytes));
    }
}
