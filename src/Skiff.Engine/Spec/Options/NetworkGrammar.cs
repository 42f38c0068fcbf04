using System.Globalization;
using System.Text;

namespace Skiff.Engine.Spec;

/// <summary>Grammar of <c>--network</c>, of hosts entries and of hardware addresses.</summary>
public static class NetworkGrammar
{
    /// <summary>Reads <c>bridge</c>, <c>none</c>, <c>host</c>, <c>container:ID</c>, <c>ns:PATH</c>, a network's name, or the long form <c>name=…,alias=…,ip=…</c>.</summary>
    public static NetworkAttachment Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (equals < 0 || (colon >= 0 && colon < equals))
        {
            // podman writes the options of a network after a colon: bridge:ip=10.1.2.3.
            bool options =
                equals > 0 && !text.StartsWith("container:", StringComparison.Ordinal) && !text.StartsWith("ns:", StringComparison.Ordinal);
            return options ? Fields(text, Named(text, text[..colon]), text[(colon + 1)..]) : Named(text, text);
        }
        return Fields(text, null, text);
    }

    /// <summary>The canonical value.</summary>
    public static string Format(NetworkAttachment network)
    {
        string name = network.Kind switch
        {
            NetworkKind.Bridge => "bridge",
            NetworkKind.None => "none",
            NetworkKind.Host => "host",
            NetworkKind.Pasta => "pasta",
            NetworkKind.Container => "container:" + network.Target,
            NetworkKind.Path => "ns:" + network.Target,
            _ => network.Target,
        };
        StringBuilder line = new();
        foreach (string alias in network.Aliases)
        {
            Csv.Append(line, "alias=" + alias);
        }
        Field("ip", network.Ip4);
        Field("ip6", network.Ip6);
        Field("mac-address", network.MacAddress);
        foreach (string address in network.LinkLocalIps)
        {
            Csv.Append(line, "link-local-ip=" + address);
        }
        foreach (NameValue option in network.DriverOptions)
        {
            Csv.Append(line, "driver-opt=" + option);
        }
        Field("gw-priority", network.GatewayPriority == 0 ? null : network.GatewayPriority.ToString(CultureInfo.InvariantCulture));
        return line.Length == 0 ? name : $"name={name},{line}";

        void Field(string key, string? value)
        {
            if (value is not null)
            {
                Csv.Append(line, $"{key}={value}");
            }
        }
    }

    /// <summary>Reads <c>host:address</c> or <c>host=address</c> of <c>--add-host</c>.</summary>
    public static HostEntry ParseHost(string text)
    {
        int split = text.AsSpan().IndexOfAny('=', ':');
        if (split <= 0 || split == text.Length - 1)
        {
            throw OptionValue.Wrong("add-host", text, "expected name:address or name=address, where the address may be host-gateway");
        }
        string name = text[..split];
        foreach (char c in name)
        {
            if (char.IsWhiteSpace(c) || c == '#')
            {
                throw OptionValue.Wrong("add-host", text, "a host name has no spaces");
            }
        }
        string address = text[(split + 1)..];
        return new HostEntry(name, address == "host-gateway" ? address : OptionValue.Address("add-host", address, text));
    }

    /// <summary><c>container[:alias]</c>; an empty alias is none, as in docker.</summary>
    public static string ParseLink(string text)
    {
        string[] parts = text.Split(':');
        return parts.Length > 2 || parts[0].Length == 0
            ? throw OptionValue.Wrong("link", text, "expected CONTAINER or CONTAINER:ALIAS")
            : text.TrimEnd(':');
    }

    /// <summary>True for what can be a name in a network's DNS: letters, digits, _, . and -, at most 253 of them, not beginning or ending with a dot.</summary>
    public static bool IsDnsName(string name)
    {
        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-'))
            {
                return false;
            }
        }
        return name.Length is > 0 and <= 253 && name[0] != '.' && name[^1] != '.';
    }

    /// <summary>A name that others on a network find the container by.</summary>
    public static string ParseAlias(string flag, string text) =>
        IsDnsName(text) ? text : throw OptionValue.Wrong(flag, text, "expected a name of letters, digits, _, . and -");

    /// <summary>A hardware address as lower-case pairs with colons; group addresses are refused because a link cannot have one.</summary>
    public static string ParseMac(string flag, string text)
    {
        string[] parts = text.Split(text.Contains('-', StringComparison.Ordinal) ? '-' : ':');
        StringBuilder result = new();
        bool good = parts.Length == 6;
        for (int i = 0; good && i < 6; i++)
        {
            good =
                parts[i].Length == 2
                && byte.TryParse(parts[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte b)
                && (i > 0 || (b & 1) == 0);
            result.Append(i == 0 ? "" : ":").Append(parts[i].ToLowerInvariant());
        }
        return good
            ? result.ToString()
            : throw OptionValue.Wrong(flag, text, "expected a unicast hardware address such as 92:d0:c6:0a:29:33");
    }

    /// <summary>An address of one family.</summary>
    public static string ParseIp(string flag, string text, bool six)
    {
        string address = OptionValue.Address(flag, text);
        return address.Contains(':', StringComparison.Ordinal) == six
            ? address
            : throw OptionValue.Wrong(flag, text, six ? "expected an IPv6 address" : "expected an IPv4 address");
    }

    private static NetworkAttachment Named(string text, string name)
    {
        (NetworkKind kind, string target) = name switch
        {
            "bridge" or "default" => (NetworkKind.Bridge, ""),
            "none" => (NetworkKind.None, ""),
            "host" => (NetworkKind.Host, ""),
            "pasta" => (NetworkKind.Pasta, ""),
            _ when name.StartsWith("container:", StringComparison.Ordinal) => (NetworkKind.Container, name[10..]),
            _ when name.StartsWith("ns:", StringComparison.Ordinal) => (NetworkKind.Path, name[3..]),
            _ => (NetworkKind.Named, name),
        };
        return kind switch
        {
            NetworkKind.Container when target.Length == 0 => throw OptionValue.Wrong(
                "network",
                text,
                "expected the container's name or id after container:"
            ),
            NetworkKind.Path when !target.StartsWith('/') => throw OptionValue.Wrong(
                "network",
                text,
                "expected an absolute path after ns:"
            ),
            NetworkKind.Named when !MountGrammar.IsName(target) => throw OptionValue.Wrong(
                "network",
                text,
                "expected bridge, none, host, container:ID, ns:PATH, the name of a network, or name=NAME,alias=…,ip=…"
            ),
            _ => new NetworkAttachment { Kind = kind, Target = target },
        };
    }

    private static NetworkAttachment Fields(string text, NetworkAttachment? start, string line)
    {
        NetworkAttachment? named = start;
        NetworkAttachment network = start ?? new NetworkAttachment();
        foreach (string field in Csv.Split("network", line))
        {
            int equals = field.IndexOf('=', StringComparison.Ordinal);
            string value = equals < 0 ? "" : field[(equals + 1)..];
            switch (equals < 0 ? field : field[..equals])
            {
                case "name":
                    named = Named(text, value);
                    network = network with { Kind = named.Kind, Target = named.Target };
                    break;
                case "alias":
                    network = network with { Aliases = network.Aliases.Add(ParseAlias("network", value)) };
                    break;
                case "ip":
                    string address = OptionValue.Address("network", value);
                    network = address.Contains(':', StringComparison.Ordinal)
                        ? network with
                        {
                            Ip6 = address,
                        }
                        : network with
                        {
                            Ip4 = address,
                        };
                    break;
                case "ip6":
                    network = network with { Ip6 = ParseIp("network", value, six: true) };
                    break;
                case "mac" or "mac-address":
                    network = network with { MacAddress = ParseMac("network", value) };
                    break;
                case "link-local-ip":
                    network = network with { LinkLocalIps = network.LinkLocalIps.Add(OptionValue.Address("network", value)) };
                    break;
                case "driver-opt":
                    network = network with { DriverOptions = network.DriverOptions.Add(OptionValue.Pair("network", value)) };
                    break;
                case "gw-priority":
                    network = network with { GatewayPriority = (int)OptionValue.Integer("network", value, int.MinValue, int.MaxValue) };
                    break;
                default:
                    throw OptionValue.Wrong(
                        "network",
                        text,
                        $"\"{field}\" is not one of name=, alias=, ip=, ip6=, mac-address=, link-local-ip=, driver-opt=, gw-priority="
                    );
            }
        }
        return named is not null ? network : throw OptionValue.Wrong("network", text, "name= is missing");
    }
}
