using System.Text.Json;

namespace Skiff.Images;

/// <summary>Reads the image config's JSON in one pass.</summary>
internal static class ImageConfigReader
{
    internal static ImageConfig Read(ref Utf8JsonReader reader)
    {
        ImageConfig image = new();
        JsonText.Object(ref reader, "it");
        while (JsonText.Member(ref reader))
        {
            if (reader.ValueTextEquals("architecture"u8))
            {
                image = image with { Architecture = JsonText.String(ref reader, "architecture") ?? "" };
            }
            else if (reader.ValueTextEquals("os"u8))
            {
                image = image with { Os = JsonText.String(ref reader, "os") ?? "" };
            }
            else if (reader.ValueTextEquals("variant"u8))
            {
                image = image with { Variant = JsonText.String(ref reader, "variant") ?? "" };
            }
            else if (reader.ValueTextEquals("created"u8))
            {
                image = image with { Created = JsonText.Time(ref reader) };
            }
            else if (reader.ValueTextEquals("author"u8))
            {
                image = image with { Author = JsonText.String(ref reader, "author") ?? "" };
            }
            else if (reader.ValueTextEquals("config"u8))
            {
                image = ReadConfig(ref reader, image);
            }
            else if (reader.ValueTextEquals("rootfs"u8))
            {
                image = image with { DiffIds = ReadRootFs(ref reader) };
            }
            else if (reader.ValueTextEquals("history"u8))
            {
                image = image with { History = ReadHistory(ref reader) };
            }
            else
            {
                JsonText.Skip(ref reader);
            }
        }
        return image;
    }

    private static ImageConfig ReadConfig(ref Utf8JsonReader reader, ImageConfig image)
    {
        if (!JsonText.ObjectOrNull(ref reader, "config"))
        {
            return image;
        }
        while (JsonText.Member(ref reader))
        {
            string name = reader.GetString()!;
            switch (name)
            {
                case "User":
                    image = image with { User = Whole(JsonText.String(ref reader, name) ?? "", name) };
                    break;
                case "Env":
                    image = image with { Env = Whole(JsonText.Strings(ref reader, name), name) };
                    break;
                case "Entrypoint":
                    image = image with { Entrypoint = Whole(JsonText.Strings(ref reader, name), name) };
                    break;
                case "Cmd":
                    image = image with { Cmd = Whole(JsonText.Strings(ref reader, name), name) };
                    break;
                case "WorkingDir":
                    image = image with { WorkingDir = Whole(JsonText.String(ref reader, name) ?? "", name) };
                    break;
                case "Volumes":
                    image = image with { Volumes = Whole(JsonText.Keys(ref reader, name), name) };
                    break;
                case "ExposedPorts":
                    image = image with { ExposedPorts = JsonText.Keys(ref reader, name) };
                    break;
                case "Labels":
                    image = image with { Labels = JsonText.Map(ref reader, name) };
                    break;
                case "StopSignal":
                    image = image with { StopSignal = Whole(JsonText.String(ref reader, name) ?? "", name) };
                    break;
                case "Healthcheck":
                    image = image with { Healthcheck = ReadHealthcheck(ref reader) };
                    break;
                case "Shell":
                    image = image with { Shell = Whole(JsonText.Strings(ref reader, name), name) };
                    break;
                case "OnBuild":
                    image = image with { OnBuild = JsonText.Strings(ref reader, name) };
                    break;
                default:
                    JsonText.Skip(ref reader);
                    break;
            }
        }
        return image;
    }

    private static List<Digest> ReadRootFs(ref Utf8JsonReader reader)
    {
        List<Digest> diffIds = [];
        if (!JsonText.ObjectOrNull(ref reader, "rootfs"))
        {
            return diffIds;
        }
        while (JsonText.Member(ref reader))
        {
            if (!reader.ValueTextEquals("diff_ids"u8))
            {
                JsonText.Skip(ref reader);
                continue;
            }
            foreach (string text in JsonText.Strings(ref reader, "diff_ids"))
            {
                diffIds.Add(
                    Digest.TryParse(text, out Digest digest)
                        ? digest
                        : throw new JsonException($"diff_ids has \"{Printable.Of(text)}\" where a sha256 digest is due")
                );
            }
        }
        return diffIds;
    }

    private static Healthcheck? ReadHealthcheck(ref Utf8JsonReader reader)
    {
        if (!JsonText.ObjectOrNull(ref reader, "Healthcheck"))
        {
            return null;
        }
        Healthcheck check = new([], 0, 0, 0, 0, 0);
        while (JsonText.Member(ref reader))
        {
            string name = reader.GetString()!;
            switch (name)
            {
                case "Test":
                    check = check with { Test = Whole(JsonText.Strings(ref reader, name), name) };
                    break;
                case "Interval":
                    check = check with { Interval = JsonText.Integer(ref reader, name) };
                    break;
                case "Timeout":
                    check = check with { Timeout = JsonText.Integer(ref reader, name) };
                    break;
                case "StartPeriod":
                    check = check with { StartPeriod = JsonText.Integer(ref reader, name) };
                    break;
                case "StartInterval":
                    check = check with { StartInterval = JsonText.Integer(ref reader, name) };
                    break;
                case "Retries":
                    check = check with { Retries = JsonText.Integer(ref reader, name) };
                    break;
                default:
                    JsonText.Skip(ref reader);
                    break;
            }
        }
        return check;
    }

    private static List<HistoryEntry> ReadHistory(ref Utf8JsonReader reader)
    {
        List<HistoryEntry> list = [];
        int count = 0;
        if (!JsonText.ListOrNull(ref reader, "history"))
        {
            return list;
        }
        while (JsonText.Element(ref reader, ref count, "history"))
        {
            if (reader.TokenType == JsonTokenType.Null)
            {
                continue;
            }
            HistoryEntry entry = new(null, "", "", "", false);
            JsonText.Object(ref reader, "history");
            while (JsonText.Member(ref reader))
            {
                string name = reader.GetString()!;
                switch (name)
                {
                    case "created":
                        entry = entry with { Created = JsonText.Time(ref reader) };
                        break;
                    case "created_by":
                        entry = entry with { CreatedBy = JsonText.String(ref reader, name) ?? "" };
                        break;
                    case "author":
                        entry = entry with { Author = JsonText.String(ref reader, name) ?? "" };
                        break;
                    case "comment":
                        entry = entry with { Comment = JsonText.String(ref reader, name) ?? "" };
                        break;
                    case "empty_layer":
                        entry = entry with { EmptyLayer = JsonText.Boolean(ref reader, name) };
                        break;
                    default:
                        JsonText.Skip(ref reader);
                        break;
                }
            }
            list.Add(entry);
        }
        return list;
    }

    private static IReadOnlyList<string> Whole(IReadOnlyList<string> texts, string name)
    {
        foreach (string text in texts)
        {
            _ = Whole(text, name);
        }
        return texts;
    }

    /// <summary>The kernel's texts end at a zero byte: what follows one would be cut off unseen.</summary>
    private static string Whole(string text, string name) =>
        text.Contains('\0', StringComparison.Ordinal) ? throw new JsonException($"{name} has a zero byte") : text;
}
