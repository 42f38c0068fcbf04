using System.Text.Json;
using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>The JSON form of <see cref="RunOptions"/> in a container's record: an object whose keys are flag names and whose values are their text, one or a list.</summary>
/// <remarks>A record written by one version is read by another as long as the flag exists, which docker's users rely on anyway.</remarks>
public static class RunOptionsJson
{
    /// <summary>Writes the object; what has its default is left out.</summary>
    public static void Write(Utf8JsonWriter writer, RunOptions options)
    {
        writer.WriteStartObject();
        if (options.Image is not null)
        {
            writer.WriteString("image"u8, options.Image);
        }
        if (!options.Arguments.IsEmpty)
        {
            writer.WriteStartArray("arguments"u8);
            foreach (string argument in options.Arguments)
            {
                writer.WriteStringValue(argument);
            }
            writer.WriteEndArray();
        }
        IReadOnlyList<NameValue> flags = RunOptionsText.Flags(options);
        // CDI devices and mapped devices share a flag and may be apart in the list: gather equal names.
        for (int i = 0; i < flags.Count; i++)
        {
            string name = flags[i].Name;
            if (IsEarlier(flags, i))
            {
                continue;
            }
            int same = 0;
            foreach (NameValue flag in flags)
            {
                same += flag.Name == name ? 1 : 0;
            }
            if (same == 1)
            {
                writer.WriteString(name, flags[i].Value);
                continue;
            }
            writer.WriteStartArray(name);
            foreach (NameValue flag in flags)
            {
                if (flag.Name == name)
                {
                    writer.WriteStringValue(flag.Value);
                }
            }
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static bool IsEarlier(IReadOnlyList<NameValue> flags, int index)
    {
        for (int i = 0; i < index; i++)
        {
            if (flags[i].Name == flags[index].Name)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Reads the object; the reader stands on its start and afterwards on its end.</summary>
    public static RunOptions Read(ref Utf8JsonReader reader)
    {
        RunOptionsBuilder builder = new(RunOptionsContext.Resolved);
        string? image = null;
        List<string> arguments = [];
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new SkiffException("the record of a container is damaged: its options are not a JSON object", 125);
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            bool list = reader.TokenType == JsonTokenType.StartArray;
            if (list)
            {
                reader.Read();
            }
            while (reader.TokenType == JsonTokenType.String)
            {
                string value = reader.GetString()!;
                switch (name)
                {
                    case "image":
                        image = value;
                        break;
                    case "arguments":
                        arguments.Add(value);
                        break;
                    default:
                        builder.Set(name, value);
                        break;
                }
                if (!list)
                {
                    break;
                }
                reader.Read();
            }
        }
        return builder.Build(image, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(arguments));
    }
}
