using System.Net;
using System.Text.Json;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Engine.Network;

/// <summary>What stays the same about a bridge network while the host is up: runroot/networks/&lt;name&gt;/network.json.</summary>
/// <param name="Name">The network's name, such as <c>bridge</c>.</param>
/// <param name="Bridge">The bridge's interface name.</param>
/// <param name="IPv4">Its IPv4 subnet; the bridge has the first address.</param>
/// <param name="IPv6">Its IPv6 subnet; null when the host has no IPv6.</param>
public sealed record NetworkDefinition(string Name, string Bridge, Subnet IPv4, Subnet? IPv6)
{
    /// <summary>The nftables table (family inet) of a bridge; one per network, so that it goes away in one piece.</summary>
    public static string TableOf(string bridge) => bridge == "skiff0" ? "skiff" : "skiff_" + bridge;

    /// <summary>The nftables table of this network.</summary>
    public string Table => TableOf(Bridge);

    /// <summary>The bridge's IPv4 address.</summary>
    public IPAddress Gateway => IPv4.At(1);

    /// <summary>The bridge's IPv6 address.</summary>
    public IPAddress? Gateway6 => IPv6?.At(1);

    /// <summary>As JSON.</summary>
    public byte[] Write() =>
        Json.Write(
            this,
            static (w, d) =>
            {
                w.WriteStartObject();
                w.WriteString("name"u8, d.Name);
                w.WriteString("bridge"u8, d.Bridge);
                w.WriteString("subnet"u8, d.IPv4.ToString());
                Json.Text(w, "subnet6"u8, d.IPv6?.ToString() ?? "");
                w.WriteEndObject();
            }
        );

    /// <summary>Reads the file; null when it is missing or damaged, since it can be made anew.</summary>
    public static NetworkDefinition? TryRead(string path)
    {
        byte[]? bytes = Files.TryReadAll(path, out _);
        if (bytes is null)
        {
            return null;
        }
        string name = "",
            bridge = "",
            subnet = "",
            subnet6 = "";
        try
        {
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
                    case "bridge":
                        bridge = reader.GetString() ?? "";
                        break;
                    case "subnet":
                        subnet = reader.GetString() ?? "";
                        break;
                    case "subnet6":
                        subnet6 = reader.GetString() ?? "";
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
            return name.Length == 0 || bridge.Length == 0
                ? null
                : new NetworkDefinition(name, bridge, Subnet.Parse(subnet), subnet6.Length == 0 ? null : Subnet.Parse(subnet6));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or SkiffException)
        {
            return null;
        }
    }
}
