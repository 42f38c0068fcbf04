using System.Net;
using System.Text.Json;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Engine.Network;

/// <content>network.json. What has its default value is left out.</content>
public sealed partial record NetworkDefinition
{
    /// <summary>As JSON.</summary>
    public byte[] Write() =>
        Json.Write(
            this,
            static (w, d) =>
            {
                w.WriteStartObject();
                w.WriteString("name"u8, d.Name);
                Json.Text(w, "id"u8, d.Id);
                Json.Time(w, "created"u8, d.Created);
                w.WriteString("bridge"u8, d.Bridge);
                w.WriteString("subnet"u8, d.IPv4.ToString());
                Json.Text(w, "subnet6"u8, d.IPv6?.ToString() ?? "");
                if (d.IsUsers)
                {
                    w.WriteString("gateway"u8, d.Gateway.ToString());
                    Json.Text(w, "gateway6"u8, d.Gateway6?.ToString() ?? "");
                    Json.Text(w, "range"u8, d.Range?.ToString() ?? "");
                    Json.Text(w, "range6"u8, d.Range6?.ToString() ?? "");
                    Json.True(w, "internal"u8, d.Internal);
                    Json.Map(w, "reserved"u8, d.Reserved);
                    Json.Map(w, "labels"u8, d.Labels);
                    Json.Map(w, "options"u8, d.Options);
                }
                w.WriteEndObject();
            }
        );

    /// <summary>Reads the file; null when it is missing or damaged.</summary>
    public static NetworkDefinition? TryRead(string path)
    {
        byte[]? bytes = Files.TryReadAll(path, out _);
        if (bytes is null)
        {
            return null;
        }
        try
        {
            return Parse(bytes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or SkiffException)
        {
            return null;
        }
    }

    private static NetworkDefinition? Parse(byte[] bytes)
    {
        string name = "",
            id = "",
            bridge = "",
            subnet = "",
            subnet6 = "",
            gateway = "",
            gateway6 = "",
            range = "",
            range6 = "";
        bool isolated = false;
        DateTimeOffset? created = null;
        Dictionary<string, string> reserved = s_none,
            labels = s_none,
            options = s_none;
        Utf8JsonReader reader = new(bytes);
        reader.Read();
        while (Json.NextProperty(ref reader))
        {
            string property = reader.GetString()!;
            reader.Read();
            switch (property)
            {
                case "name":
                    name = reader.GetString() ?? "";
                    break;
                case "id":
                    id = reader.GetString() ?? "";
                    break;
                case "created":
                    created = reader.GetDateTimeOffset();
                    break;
                case "bridge":
                    bridge = reader.GetString() ?? "";
                    break;
                case "subnet":
                    subnet = reader.GetString() ?? "";
                    break;
                case "subnet6":
                    subnet6 = reader.GetString() ?? "";
                    break;
                case "gateway":
                    gateway = reader.GetString() ?? "";
                    break;
                case "gateway6":
                    gateway6 = reader.GetString() ?? "";
                    break;
                case "range":
                    range = reader.GetString() ?? "";
                    break;
                case "range6":
                    range6 = reader.GetString() ?? "";
                    break;
                case "internal":
                    isolated = reader.GetBoolean();
                    break;
                case "reserved":
                    reserved = Json.Map(ref reader);
                    break;
                case "labels":
                    labels = Json.Map(ref reader);
                    break;
                case "options":
                    options = Json.Map(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        if (name.Length == 0 || bridge.Length == 0 || id.Length is not (0 or 64))
        {
            return null;
        }
        NetworkDefinition network = new(name, bridge, Subnet.Parse(subnet), subnet6.Length == 0 ? null : Subnet.Parse(subnet6));
        return id.Length == 0
            ? network
            : network with
            {
                Id = id,
                Created = created,
                Gateway = IPAddress.Parse(gateway),
                Gateway6 = gateway6.Length == 0 ? null : IPAddress.Parse(gateway6),
                Range = range.Length == 0 ? null : Subnet.Parse(range),
                Range6 = range6.Length == 0 ? null : Subnet.Parse(range6),
                Internal = isolated,
                Reserved = reserved,
                Labels = labels,
                Options = options,
            };
    }
}
