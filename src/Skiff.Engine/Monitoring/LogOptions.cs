using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Skiff.Engine.Spec;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>docker's <c>--log-opt</c>: which there are for each driver, and what they mean.</summary>
public static class LogOptions
{
    private const string JournalSocket = "/run/systemd/journal/socket";

    /// <summary>Refuses what a driver does not know, as docker does when the container is created.</summary>
    /// <exception cref="SkiffException">A sentence; exit code 125.</exception>
    public static void Check(string? driver, IReadOnlyDictionary<string, string> options)
    {
        driver ??= "json-file";
        foreach ((string name, string value) in options)
        {
            bool known = driver switch
            {
                "json-file" => name is "max-size" or "max-file" or "compress" or "tag" or "labels" or "env" or "mode" or "max-buffer-size",
                "local" => name is "max-size" or "max-file" or "compress" or "mode" or "max-buffer-size",
                "journald" => name is "tag" or "labels" or "env" or "mode" or "max-buffer-size",
                _ => name is "mode" or "max-buffer-size",
            };
            if (!known)
            {
                throw new SkiffException($"unknown log opt '{name}' for {driver} log driver: there are {Names(driver)}", 125);
            }
            CheckValue(name, value);
        }
        if (
            options.TryGetValue("compress", out string? compress)
            && Switch(compress) == true
            && Limits(driver, options) is var (size, files)
        )
        {
            if (files < 2 || size == long.MaxValue)
            {
                throw new SkiffException(
                    $"--log-opt compress={compress}: only rotated files are compressed; give max-file of at least 2, and a max-size",
                    125
                );
            }
        }
        if (options.ContainsKey("max-buffer-size") && options.GetValueOrDefault("mode") != "non-blocking")
        {
            throw new SkiffException("--log-opt max-buffer-size is only for mode=non-blocking: give that too, or leave it out", 125);
        }
        if (driver == "journald" && !Files.Exists(JournalSocket))
        {
            throw new SkiffException(
                $"--log-driver journald: there is no journal on this host ({JournalSocket}): use json-file or local",
                125
            );
        }
    }

    private static string Names(string driver) =>
        driver switch
        {
            "json-file" => "max-size, max-file, compress, tag, labels and env",
            "local" => "max-size, max-file and compress",
            "journald" => "tag, labels and env",
            _ => "none",
        };

    private static void CheckValue(string name, string value)
    {
        switch (name)
        {
            case "max-size" when value != "-1" && (!TrySize(value, out long size) || size <= 0):
                throw new SkiffException($"--log-opt max-size={value}: a positive number with b, k, m or g is expected, such as 10m", 125);
            case "max-file"
                when !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int files) || files < 1 || files > 1000:
                throw new SkiffException($"--log-opt max-file={value}: a number from 1 to 1000 is expected", 125);
            case "compress" when Switch(value) is null:
                throw new SkiffException($"--log-opt compress={value}: true or false is expected", 125);
            case "mode" when value is not ("blocking" or "non-blocking"):
                throw new SkiffException($"--log-opt mode={value}: blocking or non-blocking is expected", 125);
            case "max-buffer-size" when !TrySize(value, out _):
                throw new SkiffException($"--log-opt max-buffer-size={value}: a number with b, k, m or g is expected, such as 1m", 125);
            default:
                break;
        }
    }

    /// <summary>Whether rotated files are compressed: where it is asked for, and by the driver <c>local</c> unless it is not, as in docker.</summary>
    internal static bool Compresses(string driver, IReadOnlyDictionary<string, string> options) =>
        (options.TryGetValue("compress", out string? text) ? Switch(text) : null) ?? driver == "local";

    /// <summary>What Go takes for a truth value; null for what it does not.</summary>
    private static bool? Switch(string text) =>
        text switch
        {
            "1" or "t" or "T" or "true" or "True" or "TRUE" => true,
            "0" or "f" or "F" or "false" or "False" or "FALSE" => false,
            _ => null,
        };

    /// <summary>The most bytes of one file, and how many files.</summary>
    public static (long Size, int Files) Limits(string driver, IReadOnlyDictionary<string, string> options)
    {
        (long size, int files) = driver == "local" ? (20_000_000, 5) : (10_000_000, 3);
        if (options.TryGetValue("max-size", out string? text))
        {
            size =
                text == "-1" ? long.MaxValue
                : TrySize(text, out long given) ? given
                : size;
        }
        if (
            options.TryGetValue("max-file", out string? count)
            && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int n)
        )
        {
            files = n;
        }
        return (size, files);
    }

    /// <summary>The member <c>"attrs"</c> of every record: the tag, and the labels and variables that <c>labels</c> and <c>env</c> name; empty for none.</summary>
    public static byte[] Attributes(ContainerRecord record)
    {
        List<NameValue> chosen = Chosen(record);
        if (chosen.Count == 0)
        {
            return [];
        }
        ArrayBufferWriter<byte> buffer = new(256);
        buffer.Write(",\"attrs\":"u8);
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            foreach (NameValue pair in chosen)
            {
                writer.WriteString(pair.Name, pair.Value);
            }
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The tag, labels and variables that the options name, sorted.</summary>
    internal static List<NameValue> Chosen(ContainerRecord record)
    {
        List<NameValue> chosen = [];
        foreach (string label in Words(record, "labels"))
        {
            if (record.Labels.TryGetValue(label, out string? value))
            {
                chosen.Add(new NameValue(label, value));
            }
        }
        string[] variables = Words(record, "env");
        foreach (EnvironmentEntry entry in variables.Length == 0 ? [] : Launch.ContainerPreparation.OptionsOf(record).Environment)
        {
            if (entry.Value is { } value && Array.IndexOf(variables, entry.Name) >= 0)
            {
                chosen.Add(new NameValue(entry.Name, value));
            }
        }
        if (record.LogDriver != "journald" && record.LogOptions.TryGetValue("tag", out string? tag) && tag.Length > 0)
        {
            chosen.Add(new NameValue("tag", Expand(tag, record)));
        }
        chosen.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return chosen;
    }

    /// <summary>docker's templates of a tag, those without functions.</summary>
    internal static string Expand(string tag, ContainerRecord record) =>
        tag.Replace("{{.ID}}", record.ShortId, StringComparison.Ordinal)
            .Replace("{{.FullID}}", record.Id, StringComparison.Ordinal)
            .Replace("{{.Name}}", record.Name, StringComparison.Ordinal)
            .Replace("{{.ImageName}}", record.Image, StringComparison.Ordinal)
            .Replace("{{.ImageFullID}}", record.ImageId, StringComparison.Ordinal);

    private static string[] Words(ContainerRecord record, string option) =>
        record.LogOptions.TryGetValue(option, out string? text)
            ? text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [];

    /// <summary>docker's decimal units: <c>k</c> is 1000; <c>KiB</c> is 1024.</summary>
    private static bool TrySize(string text, out long size)
    {
        int digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
        {
            digits++;
        }
        string unit = text[digits..].Trim().ToLowerInvariant();
        bool binary = unit.EndsWith("ib", StringComparison.Ordinal);
        long thousand = binary ? 1024 : 1000;
        long factor = unit.TrimEnd('b').TrimEnd('i') switch
        {
            "" => binary ? 0 : 1,
            "k" => thousand,
            "m" => thousand * thousand,
            "g" => thousand * thousand * thousand,
            "t" => thousand * thousand * thousand * thousand,
            _ => 0,
        };
        bool valid =
            long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            && factor > 0
            && number < long.MaxValue / factor;
        size = valid ? number * factor : 0;
        return valid;
    }
}
