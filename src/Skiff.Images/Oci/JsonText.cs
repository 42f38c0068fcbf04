using System.Collections.ObjectModel;
using System.Text.Json;
using Skiff.Linux;

namespace Skiff.Images;

/// <summary>Reading JSON of strangers with limits on depth, count and length; null counts as absent (REG-20).</summary>
/// <remarks>By Utf8JsonReader because manifests and configs are read at every start of a container.</remarks>
internal static class JsonText
{
    /// <summary>Members or elements that one object or list may have.</summary>
    internal const int MaxCount = 10_000;

    private const int MaxDepth = 32;

    /// <summary>The empty map.</summary>
    internal static readonly IReadOnlyDictionary<string, string> NoMap = ReadOnlyDictionary<string, string>.Empty;

    internal delegate T Reading<T>(ref Utf8JsonReader reader);

    /// <summary>Reads a whole document, which must be one object; every failure is a <see cref="SkiffException"/> that begins with <paramref name="what"/>.</summary>
    internal static T Document<T>(ReadOnlySpan<byte> bytes, string what, Reading<T> read)
    {
        try
        {
            // A byte order mark is not JSON, but some tools write one.
            Utf8JsonReader reader = new(bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes, new JsonReaderOptions { MaxDepth = MaxDepth });
            T value = read(ref reader);
            if (reader.Read())
            {
                throw new JsonException("something follows the object");
            }
            return value;
        }
        catch (JsonException e)
        {
            throw new SkiffException($"{what} is not valid: {Printable.Of(JsonMistake.Of(e))}", inner: e);
        }
        catch (InvalidOperationException e)
        {
            // Utf8JsonReader.GetString reports text that is not UTF-8 or has half a surrogate pair this way.
            throw new SkiffException($"{what} is not valid: it has text that is not UTF-8", inner: e);
        }
    }

    /// <summary>Moves onto the start of an object, from before it or from its member name; throws if there is something else.</summary>
    internal static void Object(ref Utf8JsonReader reader, string what)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            _ = reader.Read();
        }
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException($"{what} must be an object");
        }
    }

    /// <summary>As <see cref="Object"/>, false for null.</summary>
    internal static bool ObjectOrNull(ref Utf8JsonReader reader, string what) =>
        Open(ref reader, JsonTokenType.StartObject, what, "an object");

    /// <summary>Moves onto the start of a list; false for null.</summary>
    internal static bool ListOrNull(ref Utf8JsonReader reader, string what) => Open(ref reader, JsonTokenType.StartArray, what, "a list");

    /// <summary>Moves to the next member name; false at the end of the object.</summary>
    internal static bool Member(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    /// <summary>Moves to the next element of a list; false at its end.</summary>
    internal static bool Element(ref Utf8JsonReader reader, ref int count, string what)
    {
        if (!reader.Read() || reader.TokenType == JsonTokenType.EndArray)
        {
            return false;
        }
        return ++count <= MaxCount ? true : throw new JsonException($"{what} has more than {MaxCount} elements");
    }

    /// <summary>Skips the value of the current member name.</summary>
    internal static void Skip(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        reader.Skip();
    }

    /// <summary>The text value of the current member, null for null.</summary>
    internal static string? String(ref Utf8JsonReader reader, string what)
    {
        _ = reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString(),
            JsonTokenType.Null => null,
            _ => throw new JsonException($"{what} must be text"),
        };
    }

    /// <summary>The integer value of the current member, 0 for null.</summary>
    internal static long Integer(ref Utf8JsonReader reader, string what)
    {
        _ = reader.Read();
        return reader.TokenType == JsonTokenType.Null ? 0
            : reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long value) ? value
            : throw new JsonException($"{what} must be an integer of 64 bits");
    }

    /// <summary>The truth value of the current member, false for null.</summary>
    internal static bool Boolean(ref Utf8JsonReader reader, string what)
    {
        _ = reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False or JsonTokenType.Null => false,
            _ => throw new JsonException($"{what} must be true or false"),
        };
    }

    /// <summary>The time of the current member (RFC 3339), null for null and for what is no time.</summary>
    internal static DateTimeOffset? Time(ref Utf8JsonReader reader)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out DateTimeOffset time))
        {
            return time;
        }
        reader.Skip();
        return null;
    }

    /// <summary>The list of texts of the current member, empty for null. A single text is a list of one: old builders wrote that for Cmd.</summary>
    internal static IReadOnlyList<string> Strings(ref Utf8JsonReader reader, string what)
    {
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return [];
        }
        if (reader.TokenType == JsonTokenType.String)
        {
            return [reader.GetString()!];
        }
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException($"{what} must be a list of texts");
        }
        List<string> list = [];
        int count = 0;
        while (Element(ref reader, ref count, what))
        {
            if (reader.TokenType != JsonTokenType.String)
            {
                throw new JsonException($"{what} must be a list of texts");
            }
            list.Add(reader.GetString()!);
        }
        return list;
    }

    /// <summary>The object of texts of the current member, empty for null; null values count as empty text.</summary>
    internal static IReadOnlyDictionary<string, string> Map(ref Utf8JsonReader reader, string what)
    {
        if (!ObjectOrNull(ref reader, what))
        {
            return NoMap;
        }
        Dictionary<string, string> map = [];
        while (Member(ref reader))
        {
            string key = reader.GetString()!;
            map[key] = String(ref reader, what) ?? "";
            if (map.Count > MaxCount)
            {
                throw new JsonException($"{what} has more than {MaxCount} members");
            }
        }
        return map.Count == 0 ? NoMap : map;
    }

    /// <summary>The member names of the object that is the current member's value, empty for null: Go writes sets this way.</summary>
    internal static IReadOnlyList<string> Keys(ref Utf8JsonReader reader, string what)
    {
        if (!ObjectOrNull(ref reader, what))
        {
            return [];
        }
        List<string> keys = [];
        while (Member(ref reader))
        {
            keys.Add(reader.GetString()!);
            if (keys.Count > MaxCount)
            {
                throw new JsonException($"{what} has more than {MaxCount} members");
            }
            Skip(ref reader);
        }
        return keys;
    }

    private static bool Open(ref Utf8JsonReader reader, JsonTokenType start, string what, string expected)
    {
        _ = reader.Read();
        return reader.TokenType == start
            || (reader.TokenType == JsonTokenType.Null ? false : throw new JsonException($"{what} must be {expected}"));
    }
}
