using System.Text.Json;
using Skiff.Engine.Containers;

namespace Skiff.Engine.Secrets;

/// <content>The first line of a secret's file.</content>
public sealed partial record Secret
{
    /// <summary>The line, without its end. JSON has no raw line feeds, so the first one ends it.</summary>
    internal byte[] ToLine() =>
        Json.Write(
            this,
            static (writer, secret) =>
            {
                writer.WriteStartObject();
                writer.WriteString("id"u8, secret.Id);
                Json.Map(writer, "labels"u8, secret.Labels);
                Json.Time(writer, "created"u8, secret.Created);
                Json.Time(writer, "updated"u8, secret.Updated);
                writer.WriteEndObject();
            }
        );

    /// <summary>Reads the line; null when it is damaged.</summary>
    /// <param name="name">The name of the file, which counts.</param>
    /// <param name="line">The bytes.</param>
    internal static Secret? TryParse(string name, ReadOnlySpan<byte> line)
    {
        try
        {
            return Parse(name, line);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static Secret? Parse(string name, ReadOnlySpan<byte> line)
    {
        Utf8JsonReader reader = new(line);
        Secret secret = new() { Id = "", Name = name };
        reader.Read();
        while (Json.NextProperty(ref reader))
        {
            string? key = reader.GetString();
            reader.Read();
            switch (key)
            {
                case "id":
                    secret = secret with { Id = reader.GetString() ?? "" };
                    break;
                case "labels":
                    secret = secret with { Labels = Json.Map(ref reader) };
                    break;
                case "created":
                    secret = secret with { Created = reader.GetDateTimeOffset() };
                    break;
                case "updated":
                    secret = secret with { Updated = reader.GetDateTimeOffset() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return secret.Id.Length > 0 ? secret : null;
    }
}
