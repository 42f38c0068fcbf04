using System.Globalization;

namespace Skiff.Engine.Spec;

/// <summary>docker's grammar of published and exposed ports.</summary>
public static class PortGrammar
{
    private const string Exposable = "expected port[-end][/tcp|udp|sctp], such as 80 or 8000-8010/udp";
    private const string Allowed =
        "expected [ip:][host-port[-end]:]container-port[-end][/tcp|udp|sctp], such as 8080:80 or 127.0.0.1:8000-8010:80-90/udp";

    /// <summary>Reads one <c>--publish</c>, short or long (<c>published=8080,target=80,protocol=tcp</c>) form.</summary>
    public static PortMapping ParsePublish(string text)
    {
        string spec = text.Contains('=', StringComparison.Ordinal) ? FromLongForm(text) : text;
        string protocol = SplitProtocol("publish", text, ref spec);
        int last = spec.LastIndexOf(':');
        string container = spec[(last + 1)..];
        string host = "";
        string ip = "";
        if (last >= 0)
        {
            string rest = spec[..last];
            int middle = rest.LastIndexOf(':');
            host = rest[(middle + 1)..];
            ip = middle < 0 ? "" : rest[..middle];
        }
        if (ip is "[]")
        {
            ip = "";
        }
        if (ip.Length > 0)
        {
            ip = ip.Contains('%', StringComparison.Ordinal)
                ? throw OptionValue.Wrong(
                    "publish",
                    text,
                    $"\"{ip}\" is the address of one link: publish on an address of the host or on all"
                )
                : OptionValue.Address("publish", ip, text);
        }
        (int from, int to) = Range("publish", text, container, 1);
        (int hostFrom, int hostTo) = host.Length == 0 ? (0, 0) : Range("publish", text, host, 0);
        if (hostFrom == 0 && hostTo != 0)
        {
            throw OptionValue.Wrong("publish", text, "a range of host ports starts at 1 or above");
        }
        if (hostFrom != 0 && to != from && hostTo - hostFrom != to - from)
        {
            throw OptionValue.Wrong(
                "publish",
                text,
                $"{hostTo - hostFrom + 1} host ports cannot map to {to - from + 1} container ports: the ranges must be equally long"
            );
        }
        return new PortMapping(ip, hostFrom, hostTo, from, to, protocol);
    }

    /// <summary>Reads <c>--expose</c> or a key of an image's ExposedPorts: <c>port[-end][/protocol]</c>.</summary>
    public static ExposedPort ParseExpose(string text)
    {
        string spec = text;
        string protocol = SplitProtocol("expose", text, ref spec);
        (int from, int to) = Range("expose", text, spec, 1);
        return new ExposedPort(from, to, protocol);
    }

    /// <summary>The canonical text of a mapping, in docker's short form.</summary>
    public static string Format(in PortMapping port)
    {
        string ip =
            port.HostIp.Contains(':', StringComparison.Ordinal) ? $"[{port.HostIp}]:"
            : port.HostIp.Length > 0 ? port.HostIp + ":"
            : "";
        string host =
            port.HostPort != 0 ? Range(port.HostPort, port.HostPortEnd) + ":"
            : ip.Length > 0 ? ":"
            : "";
        return $"{ip}{host}{Range(port.ContainerPort, port.ContainerPortEnd)}{Suffix(port.Protocol)}";
    }

    /// <summary>The canonical text of an exposed port.</summary>
    public static string Format(in ExposedPort port) => Range(port.Port, port.PortEnd) + Suffix(port.Protocol);

    private static string Suffix(string protocol) => protocol == "tcp" ? "" : "/" + protocol;

    private static string Range(int from, int to) => from == to ? from.ToString(CultureInfo.InvariantCulture) : $"{from}-{to}";

    private static string SplitProtocol(string flag, string text, ref string spec)
    {
        int slash = spec.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return "tcp";
        }
        string protocol = spec[(slash + 1)..].ToLowerInvariant();
        spec = spec[..slash];
        return protocol is "" ? "tcp"
            : protocol is "tcp" or "udp" or "sctp" ? protocol
            : throw OptionValue.Wrong(flag, text, "the protocol must be tcp, udp or sctp");
    }

    private static (int From, int To) Range(string flag, string text, string range, int minimum)
    {
        int dash = range.IndexOf('-', StringComparison.Ordinal);
        int from = Port(flag, text, dash < 0 ? range : range[..dash], minimum);
        int to = dash < 0 ? from : Port(flag, text, range[(dash + 1)..], minimum);
        return to >= from ? (from, to) : throw OptionValue.Wrong(flag, text, $"the range {range} ends before it starts");
    }

    private static int Port(string flag, string text, string port, int minimum) =>
        int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= minimum && number <= 65535
            ? number
            : throw OptionValue.Wrong(
                flag,
                text,
                port.Length > 0 ? $"\"{port}\" is not a port number from 1 to 65535"
                    : flag == "expose" ? Exposable
                    : Allowed
            );

    private static string FromLongForm(string text)
    {
        string published = "";
        string target = "";
        string protocol = "tcp";
        string ip = "";
        foreach (string part in text.Split(','))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? part : part[..equals];
            string value = equals < 0 ? "" : part[(equals + 1)..];
            switch (key)
            {
                case "published":
                    published = value;
                    break;
                case "target":
                    target = value;
                    break;
                case "protocol":
                    protocol = value;
                    break;
                case "host_ip" or "host-ip":
                    ip = value.Contains(':', StringComparison.Ordinal) && value[0] != '[' ? $"[{value}]" : value;
                    break;
                case "mode" when value is "host" or "ingress":
                    break;
                default:
                    throw OptionValue.Wrong("publish", text, "the long form has published=, target=, protocol= and host-ip=");
            }
        }
        return ip.Length > 0 ? $"{ip}:{published}:{target}/{protocol}"
            : published.Length > 0 ? $"{published}:{target}/{protocol}"
            : $"{target}/{protocol}";
    }
}
