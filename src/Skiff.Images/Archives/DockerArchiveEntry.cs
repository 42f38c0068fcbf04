using System.Text.Json;

namespace Skiff.Images.Archives;

/// <summary>One image of a docker-archive's manifest.json.</summary>
/// <param name="Config">Path of the config in the archive.</param>
/// <param name="Names">Its names; those that are none are left out.</param>
/// <param name="Layers">Paths of its layers, bottom first.</param>
internal sealed record DockerArchiveEntry(string Config, IReadOnlyList<Reference> Names, IReadOnlyList<string> Layers)
{
    internal static List<DockerArchiveEntry> Parse(byte[] bytes)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 16 });
            List<DockerArchiveEntry> entries = [];
            foreach (JsonElement image in document.RootElement.EnumerateArray())
            {
                List<Reference> names = [];
                foreach (string tag in Strings(image, "RepoTags"))
                {
                    if (Reference.TryParse(tag, out Reference? name))
                    {
                        names.Add(name);
                    }
                }
                string config = image.GetProperty(nameof(Config)).GetString() ?? throw new JsonException("no config");
                List<string> layers = [.. Strings(image, nameof(Layers))];
                entries.Add(
                    layers.Count > ImageManifest.MaxLayers
                        ? throw new JsonException("too many layers")
                        : new DockerArchiveEntry(config, names, layers)
                );
            }
            return entries;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new Skiff.Linux.SkiffException(
                $"the archive's manifest.json is not valid: {Printable.Of(Skiff.Linux.JsonMistake.Of(e))}",
                1,
                e
            );
        }
    }

    private static IEnumerable<string> Strings(JsonElement image, string member)
    {
        if (image.TryGetProperty(member, out JsonElement list) && list.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in list.EnumerateArray())
            {
                yield return item.GetString() ?? throw new JsonException($"null in {member}");
            }
        }
    }
}
