using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Skiff.Engine.Spec;

namespace Skiff.Engine.Containers;

/// <content>record.json: written and read by hand, because it is on the path of run and ps. What has its default value is left out.</content>
public sealed partial record ContainerRecord
{
    /// <summary>The bytes of record.json.</summary>
    public byte[] ToJson() => Json.Write(this, static (w, r) => Write(w, r));

    private static void Write(Utf8JsonWriter w, ContainerRecord r)
    {
        w.WriteStartObject();
        w.WriteString("id"u8, r.Id);
        w.WriteString("name"u8, r.Name);
        w.WriteString("created"u8, r.Created);
        Json.Text(w, "image"u8, r.Image);
        Json.Text(w, "imageId"u8, r.ImageId);
        Json.Text(w, "manifest"u8, r.ManifestDigest);
        Json.Text(w, "platform"u8, r.Platform);
        Json.Strings(w, "command"u8, r.Command);
        Json.Map(w, "labels"u8, r.Labels);
        Json.True(w, "autoRemove"u8, r.AutoRemove);
        Json.True(w, "foreground"u8, r.Foreground);
        Json.True(w, "tty"u8, r.Tty);
        Json.True(w, "stdin"u8, r.OpenStdin);
        w.WriteString("stopSignal"u8, r.StopSignal);
        w.WriteNumber("stopTimeout"u8, r.StopTimeout);
        if (r.RestartPolicy.Mode != RestartMode.No)
        {
            w.WriteString("restart"u8, r.RestartPolicy.ToString());
        }
        w.WriteString("network"u8, r.NetworkMode);
        Json.Strings(w, "moreNetworks"u8, r.MoreNetworks);
        Json.Strings(w, "exposed"u8, r.ExposedPorts);
        WriteMounts(w, r.Mounts);
        Json.Strings(w, "anonymousVolumes"u8, r.AnonymousVolumes);
        Json.Strings(w, "uidMap"u8, r.UidMap);
        Json.Strings(w, "gidMap"u8, r.GidMap);
        Json.Strings(w, "layers"u8, r.LayerDirectories);
        w.WriteString("logDriver"u8, r.LogDriver);
        Json.Map(w, "logOptions"u8, r.LogOptions);
        WriteHealth(w, r.HealthCheck);
        if (!r.Options.IsEmpty)
        {
            w.WritePropertyName("options"u8);
            w.WriteRawValue(r.Options.Span, skipInputValidation: true);
        }
        w.WriteEndObject();
    }

    private static void WriteMounts(Utf8JsonWriter w, IReadOnlyList<MountRecord> mounts)
    {
        if (mounts.Count == 0)
        {
            return;
        }
        w.WriteStartArray("mounts"u8);
        for (int i = 0; i < mounts.Count; i++)
        {
            MountRecord mount = mounts[i];
            w.WriteStartObject();
            w.WriteString("type"u8, mount.Type);
            Json.Text(w, "name"u8, mount.Name);
            Json.Text(w, "source"u8, mount.Source);
            w.WriteString("destination"u8, mount.Destination);
            Json.Text(w, "mode"u8, mount.Mode);
            Json.True(w, "rw"u8, mount.ReadWrite);
            Json.Text(w, "propagation"u8, mount.Propagation);
            Json.True(w, "inherited"u8, mount.Inherited);
            w.WriteEndObject();
        }
        w.WriteEndArray();
    }

    private static void WriteHealth(Utf8JsonWriter w, HealthCheck? health)
    {
        if (health is null)
        {
            return;
        }
        w.WriteStartObject("health"u8);
        Json.Strings(w, "test"u8, health.Test);
        w.WriteNumber("interval"u8, health.Interval.Ticks);
        w.WriteNumber("timeout"u8, health.Timeout.Ticks);
        w.WriteNumber("startPeriod"u8, health.StartPeriod.Ticks);
        w.WriteNumber("startInterval"u8, health.StartInterval.Ticks);
        w.WriteNumber("retries"u8, health.Retries);
        w.WriteEndObject();
    }

    /// <summary>Parses record.json; unknown members are skipped, so that an older engine reads a newer store. Throws <see cref="JsonException"/>.</summary>
    public static ContainerRecord Parse(ReadOnlySpan<byte> bytes) => new(bytes, withOptions: true);

    /// <summary>As <see cref="Parse(ReadOnlySpan{byte})"/>; without the options where a listing has no use for them.</summary>
    internal static ContainerRecord Parse(ReadOnlySpan<byte> bytes, bool withOptions) => new(bytes, withOptions);

    /// <summary>For object initialisers.</summary>
    public ContainerRecord() { }

    [SetsRequiredMembers]
    private ContainerRecord(ReadOnlySpan<byte> bytes, bool withOptions)
    {
        Id = Name = "";
        Utf8JsonReader reader = new(bytes, new JsonReaderOptions { MaxDepth = 64 });
        reader.Read();
        while (Json.NextProperty(ref reader))
        {
            ReadOnlySpan<byte> name = reader.ValueSpan;
            switch (name.Length)
            {
                case 2 when name.SequenceEqual("id"u8):
                    Id = Text(ref reader);
                    break;
                case 3 when name.SequenceEqual("tty"u8):
                    Tty = True(ref reader);
                    break;
                case 4 when name.SequenceEqual("name"u8):
                    Name = Text(ref reader);
                    break;
                case 5 when name.SequenceEqual("image"u8):
                    Image = Text(ref reader);
                    break;
                case 5 when name.SequenceEqual("stdin"u8):
                    OpenStdin = True(ref reader);
                    break;
                case 6 when name.SequenceEqual("labels"u8):
                    reader.Read();
                    Labels = Json.Map(ref reader);
                    break;
                case 6 when name.SequenceEqual("mounts"u8):
                    reader.Read();
                    Mounts = ReadMounts(ref reader);
                    break;
                case 6 when name.SequenceEqual("layers"u8):
                    reader.Read();
                    LayerDirectories = Json.Strings(ref reader);
                    break;
                case 6 when name.SequenceEqual("health"u8):
                    reader.Read();
                    HealthCheck = ReadHealth(ref reader);
                    break;
                case 7 when name.SequenceEqual("created"u8):
                    reader.Read();
                    Created = reader.GetDateTimeOffset();
                    break;
                case 7 when name.SequenceEqual("imageId"u8):
                    ImageId = Text(ref reader);
                    break;
                case 7 when name.SequenceEqual("command"u8):
                    reader.Read();
                    Command = Json.Strings(ref reader);
                    break;
                case 7 when name.SequenceEqual("restart"u8):
                    RestartPolicy = OptionGrammar.ParseRestart(Text(ref reader));
                    break;
                case 6 when name.SequenceEqual("uidMap"u8):
                    reader.Read();
                    UidMap = Json.Strings(ref reader);
                    break;
                case 6 when name.SequenceEqual("gidMap"u8):
                    reader.Read();
                    GidMap = Json.Strings(ref reader);
                    break;
                case 7 when name.SequenceEqual("network"u8):
                    NetworkMode = Text(ref reader);
                    break;
                case 12 when name.SequenceEqual("moreNetworks"u8):
                    reader.Read();
                    MoreNetworks = Json.Strings(ref reader);
                    break;
                case 7 when name.SequenceEqual("exposed"u8):
                    reader.Read();
                    ExposedPorts = Json.Strings(ref reader);
                    break;
                case 7 when name.SequenceEqual("options"u8):
                    reader.Read();
                    int start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    Options = withOptions ? bytes[start..(int)reader.BytesConsumed].ToArray() : default;
                    break;
                case 8 when name.SequenceEqual("manifest"u8):
                    ManifestDigest = Text(ref reader);
                    break;
                case 8 when name.SequenceEqual("platform"u8):
                    Platform = Text(ref reader);
                    break;
                case 9 when name.SequenceEqual("logDriver"u8):
                    LogDriver = Text(ref reader);
                    break;
                case 10 when name.SequenceEqual("autoRemove"u8):
                    AutoRemove = True(ref reader);
                    break;
                case 10 when name.SequenceEqual("foreground"u8):
                    Foreground = True(ref reader);
                    break;
                case 10 when name.SequenceEqual("stopSignal"u8):
                    StopSignal = Text(ref reader);
                    break;
                case 10 when name.SequenceEqual("logOptions"u8):
                    reader.Read();
                    LogOptions = Json.Map(ref reader);
                    break;
                case 11 when name.SequenceEqual("stopTimeout"u8):
                    reader.Read();
                    StopTimeout = reader.GetInt32();
                    break;
                case 16 when name.SequenceEqual("anonymousVolumes"u8):
                    reader.Read();
                    AnonymousVolumes = Json.Strings(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        if (reader.TokenType != JsonTokenType.EndObject || Id.Length == 0)
        {
            throw new JsonException("not a container record");
        }
    }

    private static string Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetString() ?? "";
    }

    private static bool True(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.True;
    }

    private static List<MountRecord> ReadMounts(ref Utf8JsonReader reader)
    {
        List<MountRecord> mounts = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            Dictionary<string, string> m = new(StringComparer.Ordinal);
            bool readWrite = false;
            bool inherited = false;
            while (Json.NextProperty(ref reader))
            {
                string key = reader.GetString()!;
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    m[key] = reader.GetString()!;
                }
                else
                {
                    readWrite |= key == "rw" && reader.TokenType == JsonTokenType.True;
                    inherited |= key == "inherited" && reader.TokenType == JsonTokenType.True;
                    reader.Skip();
                }
            }
            mounts.Add(
                new MountRecord(
                    m.GetValueOrDefault("type", ""),
                    m.GetValueOrDefault("name", ""),
                    m.GetValueOrDefault("source", ""),
                    m.GetValueOrDefault("destination", ""),
                    m.GetValueOrDefault("mode", ""),
                    readWrite,
                    m.GetValueOrDefault("propagation", ""),
                    inherited
                )
            );
        }
        return mounts;
    }

    private static HealthCheck ReadHealth(ref Utf8JsonReader reader)
    {
        List<string> test = [];
        Dictionary<string, long> numbers = new(StringComparer.Ordinal);
        while (Json.NextProperty(ref reader))
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                test = Json.Strings(ref reader);
            }
            else if (reader.TokenType == JsonTokenType.Number)
            {
                numbers[key] = reader.GetInt64();
            }
            else
            {
                reader.Skip();
            }
        }
        return new HealthCheck(
            test,
            TimeSpan.FromTicks(numbers.GetValueOrDefault("interval")),
            TimeSpan.FromTicks(numbers.GetValueOrDefault("timeout")),
            TimeSpan.FromTicks(numbers.GetValueOrDefault("startPeriod")),
            TimeSpan.FromTicks(numbers.GetValueOrDefault("startInterval")),
            (int)numbers.GetValueOrDefault("retries")
        );
    }
}
