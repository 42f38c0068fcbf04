using System.Text.Json;
using Skiff.Engine.Containers;

namespace Skiff.Engine.Volumes;

/// <content>volume.json.</content>
public sealed partial record Volume
{
    /// <summary>The bytes of volume.json.</summary>
    public byte[] ToJson() =>
        Json.Write(
            this,
            static (writer, volume) =>
            {
                writer.WriteStartObject();
                writer.WriteString("name"u8, volume.Name);
                writer.WriteString("driver"u8, volume.Driver);
                Json.Map(writer, "options"u8, volume.Options);
                Json.Map(writer, "labels"u8, volume.Labels);
                Json.Time(writer, "created"u8, volume.Created);
                writer.WriteEndObject();
            }
        );

    /// <summary>Reads volume.json; null when it is damaged.</summary>
    /// <param name="name">The name of its directory, which counts.</param>
    /// <param name="json">The bytes.</param>
    public static Volume? TryParse(string name, ReadOnlySpan<byte> json)
    {
        try
        {
            return Parse(name, json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static Volume Parse(string name, ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        Volume volume = new() { Name = name };
        reader.Read();
        while (Json.NextProperty(ref reader))
        {
            string? key = reader.GetString();
            reader.Read();
            switch (key)
            {
                case "driver":
                    volume = volume with { Driver = reader.GetString() ?? "local" };
                    break;
                case "options":
                    volume = volume with { Options = Json.Map(ref reader) };
                    break;
                case "labels":
                    volume = volume with { Labels = Json.Map(ref reader) };
                    break;
                case "created":
                    volume = volume with { Created = reader.GetDateTimeOffset() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return volume;
    }
}
