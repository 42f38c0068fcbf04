using System.Buffers;
using System.Text.Json;

namespace Skiff.Engine.Containers;

/// <summary>The few shapes of JSON that records are made of, written and read by hand: no reflection, no tables at start.</summary>
internal static class Json
{
    /// <summary>Without blanks, and with nothing escaped that JSON does not ask for.</summary>
    internal static JsonWriterOptions Compact { get; } = new() { SkipValidation = true, Encoder = new PlainJsonEncoder() };

    internal static byte[] Write<T>(T value, Action<Utf8JsonWriter, T> write)
    {
        ArrayBufferWriter<byte> buffer = new(2048);
        using (Utf8JsonWriter writer = new(buffer, Compact))
        {
            write(writer, value);
        }
        return buffer.WrittenSpan.ToArray();
    }

    internal static void Strings(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
        {
            return;
        }
        writer.WriteStartArray(name);
        for (int i = 0; i < values.Count; i++)
        {
            writer.WriteStringValue(values[i]);
        }
        writer.WriteEndArray();
    }

    internal static void Map(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyDictionary<string, string> values)
    {
        if (values.Count == 0)
        {
            return;
        }
        writer.WriteStartObject(name);
        foreach (KeyValuePair<string, string> pair in values)
        {
            writer.WriteString(pair.Key, pair.Value);
        }
        writer.WriteEndObject();
    }

    internal static void Text(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string value)
    {
        if (value.Length > 0)
        {
            writer.WriteString(name, value);
        }
    }

    internal static void Number(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long value)
    {
        if (value != 0)
        {
            writer.WriteNumber(name, value);
        }
    }

    internal static void True(Utf8JsonWriter writer, ReadOnlySpan<byte> name, bool value)
    {
        if (value)
        {
            writer.WriteBoolean(name, true);
        }
    }

    internal static void Time(Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? value)
    {
        if (value is DateTimeOffset time)
        {
            writer.WriteString(name, time);
        }
    }

    /// <summary>The reader stands on the array's start; afterwards on its end.</summary>
    internal static List<string> Strings(ref Utf8JsonReader reader)
    {
        List<string> values = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            values.Add(reader.GetString() ?? "");
        }
        return values;
    }

    /// <summary>The reader stands on the object's start; afterwards on its end.</summary>
    internal static Dictionary<string, string> Map(ref Utf8JsonReader reader)
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        while (NextProperty(ref reader))
        {
            string key = reader.GetString()!;
            reader.Read();
            values[key] = reader.GetString() ?? "";
        }
        return values;
    }

    /// <summary>Moves to the next property name of the object; false at its end.</summary>
    internal static bool NextProperty(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;
}
