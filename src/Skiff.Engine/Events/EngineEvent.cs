using System.Text.Json;
using Skiff.Engine.Containers;

namespace Skiff.Engine.Events;

/// <summary>Something that happened to a container, image, volume or network, in the words of the Docker Engine API, "Monitor events".</summary>
/// <param name="Type"><see cref="EventType"/>.</param>
/// <param name="Action">Such as <c>start</c>, <c>die</c> or <c>health_status: healthy</c>.</param>
/// <param name="Id">Of the object: a container's 64 digits, an image's <c>sha256:…</c> or its name, a volume's or network's name.</param>
/// <param name="Attributes">Name, image, labels and what belongs to the action, such as <c>exitCode</c>.</param>
/// <param name="Time">When, UTC, in steps of 100 ns.</param>
public sealed record EngineEvent(string Type, string Action, string Id, IReadOnlyDictionary<string, string> Attributes, DateTimeOffset Time)
{
    /// <summary>Who waits for the command that an <c>exec_start</c> tells of; empty for all others.</summary>
    internal string Keeper { get; private init; } = "";

    /// <summary>Nanoseconds since 1970.</summary>
    public long TimeNano => (Time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) * 100;

    /// <summary>One line of the journal, the message of docker's API without its deprecated fields, with its newline.</summary>
    internal static byte[] ToLine(
        string type,
        string action,
        string id,
        DateTimeOffset time,
        IReadOnlyDictionary<string, string>? labels,
        ReadOnlySpan<(string Name, string Value)> attributes,
        string keeper = ""
    )
    {
        System.Buffers.ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter writer = new(buffer, Json.Compact))
        {
            writer.WriteStartObject();
            writer.WriteString("Type"u8, type);
            writer.WriteString("Action"u8, action);
            writer.WriteStartObject("Actor"u8);
            writer.WriteString("ID"u8, id);
            writer.WriteStartObject("Attributes"u8);
            foreach (KeyValuePair<string, string> label in labels ?? new Dictionary<string, string>(0))
            {
                writer.WriteString(label.Key, label.Value);
            }
            foreach ((string name, string value) in attributes)
            {
                writer.WriteString(name, value);
            }
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteString("scope"u8, "local"u8);
            if (keeper.Length > 0)
            {
                writer.WriteString("keeper"u8, keeper);
            }
            long ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;
            writer.WriteNumber("time"u8, ticks / TimeSpan.TicksPerSecond);
            writer.WriteNumber("timeNano"u8, ticks * 100);
            writer.WriteEndObject();
        }
        buffer.GetSpan(1)[0] = (byte)'\n';
        buffer.Advance(1);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads one line; null for what a power cut or a full disk has left of one.</summary>
    public static EngineEvent? TryParse(ReadOnlySpan<byte> line)
    {
        try
        {
            return Parse(line);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private static EngineEvent? Parse(ReadOnlySpan<byte> line)
    {
        Utf8JsonReader reader = new(line, new JsonReaderOptions { MaxDepth = 8 });
        string type = "";
        string action = "";
        string id = "";
        string keeper = "";
        long nano = 0;
        Dictionary<string, string> attributes = [];
        reader.Read();
        while (Json.NextProperty(ref reader))
        {
            string name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "Type":
                    type = reader.GetString()!;
                    break;
                case "Action":
                    action = reader.GetString()!;
                    break;
                case "keeper":
                    keeper = reader.GetString()!;
                    break;
                case "timeNano":
                    nano = reader.GetInt64();
                    break;
                case "Actor":
                    while (Json.NextProperty(ref reader))
                    {
                        bool isId = reader.ValueTextEquals("ID"u8);
                        reader.Read();
                        if (isId)
                        {
                            id = reader.GetString()!;
                        }
                        else
                        {
                            attributes = Json.Map(ref reader);
                        }
                    }
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return type.Length == 0 || action.Length == 0 || nano == 0
            ? null
            : new EngineEvent(type, action, id, attributes, DateTimeOffset.UnixEpoch.AddTicks(nano / 100)) { Keeper = keeper };
    }
}
