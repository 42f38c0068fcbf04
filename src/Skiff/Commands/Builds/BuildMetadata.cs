using System.Text.Json;
using Skiff.Images.Store;

namespace Skiff.Commands.Builds;

/// <summary>The file of <c>--metadata-file</c>, in buildx's words.</summary>
internal static class BuildMetadata
{
    internal static byte[] Json(Image image)
    {
        MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("containerimage.config.digest"u8, image.Id.ToString());
            writer.WriteString("containerimage.digest"u8, image.ManifestDigest.ToString());
            writer.WriteString("image.name"u8, string.Join(',', image.Names.Select(static n => n.ToString())));
            writer.WriteEndObject();
        }
        return stream.ToArray();
    }
}
