using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace Skiff.SystemTests.Fixture;

/// <summary>Builds an OCI image in memory: layers, config, manifest.</summary>
internal sealed class ImageBuilder
{
    private const string LayerType = "application/vnd.oci.image.layer.v1.tar";
    private readonly List<Blob> _layers = [];
    private readonly JsonArray _diffIds = [];
    private readonly JsonObject _config = [];

    /// <summary>Adds a layer whose entries <paramref name="fill"/> writes.</summary>
    public ImageBuilder Layer(Action<LayerWriter> fill, LayerFormat format = LayerFormat.Gzip)
    {
        using var stream = new MemoryStream();
        using (var writer = new LayerWriter(stream))
        {
            fill(writer);
        }
        return Layer(stream.ToArray(), format);
    }

    /// <summary>Adds a layer from a finished tar archive.</summary>
    public ImageBuilder Layer(byte[] tar, LayerFormat format = LayerFormat.Gzip)
    {
        _diffIds.Add((JsonNode)Blob.DigestOf(tar));
        _layers.Add(
            format switch
            {
                LayerFormat.Gzip => new Blob(Compress(tar, s => new GZipStream(s, CompressionLevel.Fastest)), LayerType + "+gzip"),
                LayerFormat.Zstd => new Blob(Compress(tar, s => new ZstdSharp.CompressionStream(s, 3)), LayerType + "+zstd"),
                _ => new Blob(tar, LayerType),
            }
        );
        return this;
    }

    /// <summary>Sets a member of the config object ("Cmd", "Env", "User", …).</summary>
    public ImageBuilder Set(string name, JsonNode? value)
    {
        _config[name] = value;
        return this;
    }

    public BuiltImage Build()
    {
        var config = new JsonObject
        {
            ["created"] = "2024-01-01T00:00:00Z",
            ["architecture"] = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
            ["os"] = "linux",
            ["config"] = _config.DeepClone(),
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = _diffIds.DeepClone() },
            ["history"] = new JsonArray([.. _layers.Select((_, i) => (JsonNode)new JsonObject { ["created_by"] = $"layer {i}" })]),
        };
        var configBlob = new Blob(Utf8(config), "application/vnd.oci.image.config.v1+json");
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.oci.image.manifest.v1+json",
            ["config"] = Descriptor(configBlob),
            ["layers"] = new JsonArray([.. _layers.Select(l => (JsonNode)Descriptor(l))]),
        };
        return new BuiltImage(new Blob(Utf8(manifest), "application/vnd.oci.image.manifest.v1+json"), configBlob, [.. _layers]);
    }

    /// <summary>The descriptor of a blob (image-spec descriptor.md).</summary>
    public static JsonObject Descriptor(Blob blob) =>
        new()
        {
            ["mediaType"] = blob.MediaType,
            ["digest"] = blob.Digest,
            ["size"] = blob.Bytes.Length,
        };

    public static byte[] Utf8(JsonNode node) => Encoding.UTF8.GetBytes(node.ToJsonString());

    private static byte[] Compress(byte[] bytes, Func<Stream, Stream> open)
    {
        using var stream = new MemoryStream();
        using (Stream compressor = open(stream))
        {
            compressor.Write(bytes);
        }
        return stream.ToArray();
    }
}
