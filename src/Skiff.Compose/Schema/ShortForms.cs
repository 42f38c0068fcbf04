using System.Globalization;
using Skiff.Compose.Yaml;
using Skiff.Linux;

namespace Skiff.Compose.Schema;

/// <summary>The short syntaxes, turned into the long ones.</summary>
internal static class ShortForms
{
    /// <summary>A list of services.</summary>
    public static Node DependsOn(Node node)
    {
        if (node.Kind != NodeKind.List)
        {
            foreach ((_, Node value) in node.Entries)
            {
                if (value.Kind == NodeKind.Map && value["required"] is null)
                {
                    value.Set("required", Node.Of(true, value.Place));
                }
            }
            return node;
        }
        Node map = Node.Map(node.Place);
        foreach (Node item in node.Items)
        {
            Node how = Node.Map(item.Place);
            how.Set("condition", Node.Of("service_started", item.Place));
            how.Set("required", Node.Of(true, item.Place));
            map.Set(item.Text, how);
        }
        map.Tag = node.Tag;
        return map;
    }

    /// <summary>A mapping, to <c>name=value</c>.</summary>
    public static Node PairsToList(Node node)
    {
        if (node.Kind != NodeKind.Map)
        {
            return node;
        }
        return Node.ListOf(
            node.Place,
            node.Entries.OrderBy(static e => e.Key, StringComparer.Ordinal)
                .Select(static e => Node.Of(e.Value.Text.Length == 0 ? e.Key : $"{e.Key}={e.Value.Text}", e.Value.Place))
        );
    }

    /// <summary>A list of names.</summary>
    public static Node NamesToMap(Node node)
    {
        if (node.Kind != NodeKind.List || node.Items.Any(static i => i.Kind != NodeKind.Text))
        {
            return node;
        }
        Node map = Node.Map(node.Place);
        map.Tag = node.Tag;
        foreach (Node item in node.Items)
        {
            map.Set(item.Text, Node.Null(item.Place));
        }
        return map;
    }

    /// <summary>The old form <c>external: {name: x}</c>.</summary>
    public static Node External(Node node)
    {
        if (node.Kind == NodeKind.Map && node["external"] is { Kind: NodeKind.Map } old && old.Entries.All(static e => e.Key == "name"))
        {
            node.Set("external", Node.Of(true, old.Place));
            if (old["name"] is { } name)
            {
                node.Set("name", name);
            }
        }
        return node;
    }

    /// <summary><c>host[:container[:permissions]]</c>.</summary>
    public static Node Device(Node node)
    {
        if (node.Kind != NodeKind.Text)
        {
            return node;
        }
        string[] parts = node.Text.Split(':');
        if (parts.Length > 3 || parts[0].Length == 0)
        {
            throw ComposeError.At(node.Place, $"the device \"{node.Text}\" is not HOST[:CONTAINER[:PERMISSIONS]]");
        }
        bool cdi = !parts[0].StartsWith('/') && parts[0].Contains('=', StringComparison.Ordinal);
        Node map = Node.Map(node.Place);
        map.Set("source", Node.Of(cdi ? node.Text : parts[0], node.Place));
        if (cdi)
        {
            return map;
        }
        map.Set("target", Node.Of(parts.Length > 1 && parts[1].Length > 0 ? parts[1] : parts[0], node.Place));
        map.Set("permissions", Node.Of(parts.Length > 2 ? parts[2] : "rwm", node.Place));
        return map;
    }

    /// <summary>A mapping from names to one or several addresses, or a list of <c>name=address</c> or <c>name:address</c>.</summary>
    public static Node Hosts(Node node)
    {
        List<Node> lines = [];
        if (node.Kind == NodeKind.Map)
        {
            foreach ((string name, Node value) in node.Entries)
            {
                foreach (Node address in value.Kind == NodeKind.List ? value.Items : [value])
                {
                    lines.Add(Node.Of($"{name}={Address(address.Text)}", address.Place));
                }
            }
        }
        else if (node.Kind == NodeKind.List)
        {
            foreach (Node item in node.Items)
            {
                int split = item.Text.AsSpan().IndexOfAny('=', ':');
                if (item.Kind != NodeKind.Text || split <= 0)
                {
                    throw ComposeError.At(item.Place, $"the host \"{item.Text}\" is not NAME=ADDRESS");
                }
                lines.Add(Node.Of($"{item.Text[..split]}={Address(item.Text[(split + 1)..])}", item.Place));
            }
        }
        else
        {
            return node;
        }
        lines.Sort(static (a, b) => string.CompareOrdinal(a.Text, b.Text));
        Node list = Node.ListOf(node.Place, lines);
        list.Tag = node.Tag;
        return list;

        static string Address(string text) => text.StartsWith('[') && text.EndsWith(']') ? text[1..^1] : text;
    }

    /// <summary>Numbers, texts and mappings; a range is many ports.</summary>
    public static Node Ports(Node node)
    {
        if (node.Kind != NodeKind.List)
        {
            return node;
        }
        Node list = Node.ListOf(node.Place);
        list.Tag = node.Tag;
        foreach (Node item in node.Items)
        {
            if (item.Kind is NodeKind.Text or NodeKind.Int)
            {
                foreach (Node port in Port(item))
                {
                    list.Add(port);
                }
            }
            else
            {
                list.Add(item);
            }
        }
        return list;
    }

    private static IEnumerable<Node> Port(Node item)
    {
        string text = item.Text;
        int slash = text.LastIndexOf('/');
        string protocol = slash < 0 ? "tcp" : text[(slash + 1)..].ToLowerInvariant();
        text = slash < 0 ? text : text[..slash];
        int colon = text.LastIndexOf(':');
        string target = text[(colon + 1)..];
        string left = colon < 0 ? "" : text[..colon];
        int split = left.EndsWith(']') ? -2 : left.LastIndexOf(':');
        string ip =
            split == -2 ? left
            : split < 0 ? ""
            : left[..split];
        string published =
            split == -2 ? ""
            : split < 0 ? left
            : left[(split + 1)..];
        // A name with a bare colon in front, ":80", publishes nothing in particular.
        ip = ip.StartsWith('[') && ip.EndsWith(']') ? ip[1..^1] : ip;
        if (protocol is not ("tcp" or "udp" or "sctp") || !Range(target, out int first, out int last) || first == 0)
        {
            throw Wrong(item);
        }
        int from = 0;
        int to = 0;
        if (published.Length > 0 && (!Range(published, out from, out to) || (to - from != last - first && last != first)))
        {
            throw Wrong(item);
        }
        if (ip.Length > 0 && !System.Net.IPAddress.TryParse(ip, out _))
        {
            throw ComposeError.At(item.Place, $"the port \"{item.Text}\": {ip} is not an address");
        }
        for (int port = first; port <= last; port++)
        {
            Node map = Node.Map(item.Place);
            map.Set("mode", Node.Of("ingress", item.Place));
            if (ip.Length > 0)
            {
                map.Set("host_ip", Node.Of(ip, item.Place));
            }
            map.Set("target", Node.Of(port, item.Place));
            if (published.Length > 0)
            {
                // One port of the container and a range of the host: the first free one.
                string host = last == first ? published : (from + port - first).ToString(CultureInfo.InvariantCulture);
                map.Set("published", Node.Of(host, item.Place));
            }
            map.Set("protocol", Node.Of(protocol, item.Place));
            yield return map;
        }
    }

    private static SkiffException Wrong(Node item) =>
        ComposeError.At(item.Place, $"the port \"{item.Text}\" is not [[ADDRESS:]HOST_PORT:]PORT[/PROTOCOL], with ranges of equal length");

    private static bool Range(string text, out int first, out int last)
    {
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        bool good = Number(dash < 0 ? text : text[..dash], out first);
        last = first;
        return good && (dash < 0 || (Number(text[(dash + 1)..], out last) && last >= first));
    }

    private static bool Number(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= ushort.MaxValue;

    /// <summary><c>[source:]target[:options]</c>.</summary>
    public static Node Volume(Node node)
    {
        if (node.Kind != NodeKind.Text)
        {
            return node;
        }
        string[] parts = node.Text.Split(':');
        if (parts.Length > 3 || parts.Any(static p => p.Length == 0))
        {
            throw ComposeError.At(node.Place, $"the volume \"{node.Text}\" is not [SOURCE:]TARGET[:OPTIONS]");
        }
        string? source = parts.Length > 1 ? parts[0] : null;
        string target = parts.Length > 1 ? parts[1] : parts[0];
        bool bind = source is not null && source[0] is '/' or '.' or '~';
        Node map = Node.Map(node.Place);
        map.Set("type", Text(bind ? "bind" : "volume"));
        if (source is not null)
        {
            map.Set("source", Text(source));
        }
        map.Set("target", Text(target));
        Node detail = Node.Map(node.Place);
        foreach (string option in parts.Length > 2 ? parts[2].Split(',') : [])
        {
            switch (option)
            {
                case "ro":
                    map.Set("read_only", Node.Of(true, node.Place));
                    break;
                case "rw" or "cached" or "delegated" or "consistent":
                    break;
                case "nocopy" when !bind:
                    detail.Set("nocopy", Node.Of(true, node.Place));
                    break;
                case "z" or "Z" when bind:
                    detail.Set("selinux", Text(option));
                    break;
                case "z" or "Z":
                    break;
                case "private" or "rprivate" or "shared" or "rshared" or "slave" or "rslave" when bind:
                    detail.Set("propagation", Text(option));
                    break;
                default:
                    throw ComposeError.At(
                        node.Place,
                        $"the volume \"{node.Text}\" has the unknown option {option}: ro, rw, z, Z, nocopy and the propagations are known"
                    );
            }
        }
        if (bind)
        {
            detail.Set("create_host_path", Node.Of(true, node.Place));
        }
        map.Set(bind ? "bind" : "volume", detail);
        return map;

        Node Text(string text) => Node.Of(text, node.Place);
    }
}
