using System.Text.Json;

namespace Skiff.Images;

/// <summary>Points at content: what it is, its digest and its exact size (image-spec descriptor.md).</summary>
/// <param name="MediaType">RFC 6838 media type.</param>
/// <param name="Digest">The digest of the content.</param>
/// <param name="Size">The size in bytes.</param>
/// <param name="Platform">In an index: what the manifest is for; null if not given.</param>
/// <param name="Annotations">Annotations; empty if none.</param>
public sealed record Descriptor(
    string MediaType,
    Digest Digest,
    long Size,
    Platform? Platform,
    IReadOnlyDictionary<string, string> Annotations
)
{
    /// <summary>A descriptor without platform and annotations.</summary>
    public Descriptor(string mediaType, Digest digest, long size)
        : this(mediaType, digest, size, null, JsonText.NoMap) { }

    /// <summary>The type of an artifact that is no image; empty for images.</summary>
    public string ArtifactType { get; init; } = "";

    /// <summary>True for an entry that carries attestations of a build, not an image (buildkit, attestation-storage.md).</summary>
    public bool IsAttestation =>
        Annotations.ContainsKey("vnd.docker.reference.type") || Platform is { Os: "unknown", Architecture: "unknown" };

    /// <summary>Reads the object that the reader stands on.</summary>
    internal static Descriptor Read(ref Utf8JsonReader reader, string what)
    {
        string mediaType = "";
        string artifactType = "";
        Digest? digest = null;
        long size = -1;
        Platform? platform = null;
        IReadOnlyDictionary<string, string> annotations = JsonText.NoMap;
        JsonText.Object(ref reader, what);
        while (JsonText.Member(ref reader))
        {
            if (reader.ValueTextEquals("mediaType"u8))
            {
                mediaType = JsonText.String(ref reader, "mediaType") ?? "";
            }
            else if (reader.ValueTextEquals("artifactType"u8))
            {
                artifactType = JsonText.String(ref reader, "artifactType") ?? "";
            }
            else if (reader.ValueTextEquals("digest"u8))
            {
                string? text = JsonText.String(ref reader, "digest");
                digest = Images.Digest.TryParse(text, out Digest parsed)
                    ? parsed
                    : throw new JsonException($"{what} has \"{Printable.Of(text)}\" where a sha256 digest is due");
            }
            else if (reader.ValueTextEquals("size"u8))
            {
                size = JsonText.Integer(ref reader, "size");
            }
            else if (reader.ValueTextEquals("platform"u8))
            {
                platform = ReadPlatform(ref reader);
            }
            else if (reader.ValueTextEquals("annotations"u8))
            {
                annotations = JsonText.Map(ref reader, "annotations");
            }
            else
            {
                JsonText.Skip(ref reader);
            }
        }
        if (digest is not Digest value || size < 0)
        {
            throw new JsonException($"{what} has no digest or no size");
        }
        return new Descriptor(mediaType, value, size, platform, annotations) { ArtifactType = artifactType };
    }

    /// <summary>Writes the object.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("mediaType"u8, MediaType);
        writer.WriteString("digest"u8, Digest.ToString());
        writer.WriteNumber("size"u8, Size);
        if (Platform is not null)
        {
            writer.WriteStartObject("platform"u8);
            writer.WriteString("architecture"u8, Platform.Architecture);
            writer.WriteString("os"u8, Platform.Os);
            if (Platform.OsVersion.Length > 0)
            {
                writer.WriteString("os.version"u8, Platform.OsVersion);
            }
            if (Platform.Variant.Length > 0)
            {
                writer.WriteString("variant"u8, Platform.Variant);
            }
            writer.WriteEndObject();
        }
        if (ArtifactType.Length > 0)
        {
            writer.WriteString("artifactType"u8, ArtifactType);
        }
        if (Annotations.Count > 0)
        {
            writer.WriteStartObject("annotations"u8);
            foreach ((string key, string value) in Annotations)
            {
                writer.WriteString(key, value);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static Platform? ReadPlatform(ref Utf8JsonReader reader)
    {
        if (!JsonText.ObjectOrNull(ref reader, "platform"))
        {
            return null;
        }
        string os = "";
        string architecture = "";
        string variant = "";
        string version = "";
        while (JsonText.Member(ref reader))
        {
            if (reader.ValueTextEquals("os"u8))
            {
                os = JsonText.String(ref reader, "os") ?? "";
            }
            else if (reader.ValueTextEquals("architecture"u8))
            {
                architecture = JsonText.String(ref reader, "architecture") ?? "";
            }
            else if (reader.ValueTextEquals("variant"u8))
            {
                variant = JsonText.String(ref reader, "variant") ?? "";
            }
            else if (reader.ValueTextEquals("os.version"u8))
            {
                version = JsonText.String(ref reader, "os.version") ?? "";
            }
            else
            {
                JsonText.Skip(ref reader);
            }
        }
        return new Platform(os, architecture, variant, version);
    }
}
