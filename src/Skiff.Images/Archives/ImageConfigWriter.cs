using System.Text.Json;

namespace Skiff.Images.Archives;

/// <summary>Writes an image config (image-spec config.md; docker's Healthcheck, Shell and OnBuild beside it).</summary>
internal static class ImageConfigWriter
{
    internal static byte[] Write(ImageConfig config)
    {
        MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            Text(writer, "architecture", config.Architecture);
            Text(writer, "variant", config.Variant);
            Text(writer, "os", config.Os);
            Text(writer, "author", config.Author);
            if (config.Created is DateTimeOffset created)
            {
                writer.WriteString("created"u8, created.UtcDateTime);
            }
            writer.WriteStartObject("config"u8);
            Run(writer, config);
            writer.WriteEndObject();
            writer.WriteStartObject("rootfs"u8);
            writer.WriteString("type"u8, "layers");
            List(writer, "diff_ids", [.. config.DiffIds.Select(d => d.ToString())], always: true);
            writer.WriteEndObject();
            History(writer, config.History);
            writer.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static void Run(Utf8JsonWriter writer, ImageConfig config)
    {
        Text(writer, "User", config.User);
        Keys(writer, "ExposedPorts", config.ExposedPorts);
        List(writer, "Env", config.Env);
        List(writer, "Entrypoint", config.Entrypoint);
        List(writer, "Cmd", config.Cmd);
        Keys(writer, "Volumes", config.Volumes);
        Text(writer, "WorkingDir", config.WorkingDir);
        if (config.Labels.Count > 0)
        {
            writer.WriteStartObject("Labels"u8);
            foreach ((string key, string value) in config.Labels)
            {
                writer.WriteString(key, value);
            }
            writer.WriteEndObject();
        }
        Text(writer, "StopSignal", config.StopSignal);
        List(writer, "Shell", config.Shell);
        List(writer, "OnBuild", config.OnBuild);
        if (config.Healthcheck is Healthcheck health)
        {
            writer.WriteStartObject("Healthcheck"u8);
            List(writer, "Test", health.Test);
            writer.WriteNumber("Interval"u8, health.Interval);
            writer.WriteNumber("Timeout"u8, health.Timeout);
            writer.WriteNumber("StartPeriod"u8, health.StartPeriod);
            writer.WriteNumber("StartInterval"u8, health.StartInterval);
            writer.WriteNumber("Retries"u8, health.Retries);
            writer.WriteEndObject();
        }
    }

    private static void History(Utf8JsonWriter writer, IReadOnlyList<HistoryEntry> history)
    {
        writer.WriteStartArray("history"u8);
        foreach (HistoryEntry entry in history)
        {
            writer.WriteStartObject();
            if (entry.Created is DateTimeOffset created)
            {
                writer.WriteString("created"u8, created.UtcDateTime);
            }
            Text(writer, "created_by", entry.CreatedBy);
            Text(writer, "author", entry.Author);
            Text(writer, "comment", entry.Comment);
            if (entry.EmptyLayer)
            {
                writer.WriteBoolean("empty_layer"u8, true);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void Text(Utf8JsonWriter writer, string name, string value)
    {
        if (value.Length > 0)
        {
            writer.WriteString(name, value);
        }
    }

    private static void List(Utf8JsonWriter writer, string name, IReadOnlyList<string> values, bool always = false)
    {
        if (values.Count == 0 && !always)
        {
            return;
        }
        writer.WriteStartArray(name);
        foreach (string value in values)
        {
            writer.WriteStringValue(value);
        }
        writer.WriteEndArray();
    }

    private static void Keys(Utf8JsonWriter writer, string name, IReadOnlyList<string> keys)
    {
        if (keys.Count == 0)
        {
            return;
        }
        writer.WriteStartObject(name);
        foreach (string key in keys)
        {
            writer.WriteStartObject(key);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }
}
