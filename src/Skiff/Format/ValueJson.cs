using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Skiff.Format;

/// <summary>JSON from and to <see cref="Value"/>; written as Go's encoding/json does without HTML escapes, which is what docker prints.</summary>
internal static class ValueJson
{
    /// <summary>Nesting beyond this is refused.</summary>
    private const int MaxDepth = 64;

    /// <summary>Reads one JSON document. Objects become structs, except those whose own name is in <paramref name="maps"/>: they have free keys.</summary>
    public static Value Parse(ReadOnlySpan<byte> json, IReadOnlySet<string>? maps = null)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        return Read(ref reader, "", maps);
    }

    /// <summary>One line without spaces.</summary>
    public static string Line(Value value)
    {
        var text = new StringBuilder();
        Write(text, value, null, 0);
        return text.ToString();
    }

    /// <summary>Indented by four spaces a level, as <c>docker inspect</c> prints.</summary>
    public static string Indented(Value value)
    {
        var text = new StringBuilder();
        Write(text, value, "    ", 0);
        return text.ToString();
    }

    private static Value Read(ref Utf8JsonReader reader, string name, IReadOnlySet<string>? maps)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.True:
                return Value.True;
            case JsonTokenType.False:
                return Value.False;
            case JsonTokenType.String:
                return Value.Of(reader.GetString());
            case JsonTokenType.Number:
                return reader.TryGetInt64(out long number) ? Value.Of(number) : Value.Of(reader.GetDouble());
            case JsonTokenType.StartArray:
                var items = new List<Value>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(Read(ref reader, "", maps));
                }
                return Value.List(items);
            case JsonTokenType.StartObject:
                var fields = new List<(string, Value)>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    string key = reader.GetString()!;
                    reader.Read();
                    fields.Add((key, Read(ref reader, key, maps)));
                }
                return maps is not null && maps.Contains(name)
                    ? Value.Map(fields.Select(static f => KeyValuePair.Create(f.Item1, f.Item2)))
                    : Value.Struct(fields);
            default:
                return Value.Nil;
        }
    }

    private static void Write(StringBuilder text, Value value, string? indent, int depth)
    {
        value = value.InJson ?? value;
        switch (value.Kind)
        {
            case ValueKind.Bool:
                text.Append(value.AsBool ? "true" : "false");
                break;
            case ValueKind.Int:
                text.Append(value.AsInt.ToString(CultureInfo.InvariantCulture));
                break;
            case ValueKind.Float:
                text.Append(GoPrinter.Float(value.AsFloat));
                break;
            case ValueKind.String:
                WriteString(text, value.AsString);
                break;
            case ValueKind.List when !value.IsNull:
                WriteBlock(text, '[', ']', value.Items, indent, depth, static (t, item, i, d) => Write(t, item, i, d));
                break;
            case ValueKind.Map or ValueKind.Struct when !value.IsNull:
                WriteBlock(
                    text,
                    '{',
                    '}',
                    value.Fields,
                    indent,
                    depth,
                    static (t, field, i, d) =>
                    {
                        WriteString(t, field.Key);
                        t.Append(i is null ? ":" : ": ");
                        Write(t, field.Value, i, d);
                    }
                );
                break;
            default:
                text.Append("null");
                break;
        }
    }

    private static void WriteBlock<T>(
        StringBuilder text,
        char open,
        char close,
        IReadOnlyList<T> items,
        string? indent,
        int depth,
        Action<StringBuilder, T, string?, int> write
    )
    {
        text.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                text.Append(',');
            }
            NewLine(text, indent, depth + 1);
            write(text, items[i], indent, depth + 1);
        }
        if (items.Count > 0)
        {
            NewLine(text, indent, depth);
        }
        text.Append(close);
    }

    private static void NewLine(StringBuilder text, string? indent, int depth)
    {
        if (indent is not null)
        {
            text.Append('\n');
            for (int i = 0; i < depth; i++)
            {
                text.Append(indent);
            }
        }
    }

    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                // U+2028 and U+2029 end a line in JavaScript; encoding/json escapes them too.
                < ' ' or '\u2028' or '\u2029' => text.Append($"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }
        text.Append('"');
    }
}
