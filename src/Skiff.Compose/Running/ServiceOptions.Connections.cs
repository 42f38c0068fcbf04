using System.Text;
using Skiff.Compose.Yaml;
using Skiff.Engine.Spec;

namespace Skiff.Compose.Running;

public static partial class ServiceOptions
{
    private static IEnumerable<(string, string)> Networking(Project project, ComposeService service, ContainerWishes wishes)
    {
        Node node = service.Node;
        if (node.TextOf("network_mode") is { Length: > 0 } mode)
        {
            yield return ("network", Shared(mode, wishes.ContainerOf));
        }
        foreach ((string key, Node how) in service.Networks)
        {
            yield return ("network", Attachment(project, service, key, how, wishes));
        }
        if (node.TextOf("mac_address") is { } mac)
        {
            yield return ("mac-address", mac);
        }
        foreach (Node link in node.ItemsOf("external_links"))
        {
            yield return ("link", link.Text);
        }
        if (!wishes.PublishesPorts)
        {
            yield break;
        }
        foreach (Node port in node.ItemsOf("ports"))
        {
            string ip = port.TextOf("host_ip") ?? "";
            ip = ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]" : ip;
            string published = port.TextOf("published") ?? "";
            string target = $"{port.TextOf("target")}/{port.TextOf("protocol") ?? "tcp"}";
            yield return (
                "publish",
                ip.Length > 0 ? $"{ip}:{published}:{target}"
                : published.Length > 0 ? $"{published}:{target}"
                : target
            );
        }
    }

    private static string Attachment(Project project, ComposeService service, string key, Node how, ContainerWishes wishes)
    {
        string name = project.Root["networks"]?[key]?.TextOf("name") ?? key;
        StringBuilder line = new();
        Csv.Append(line, "name=" + name);
        if (wishes.HasAliases && name is not ("bridge" or "host" or "none"))
        {
            foreach (string alias in Aliases(project, service, key, how).Distinct())
            {
                Csv.Append(line, "alias=" + alias);
            }
        }
        foreach (
            (string field, string option) in (IEnumerable<(string, string)>)
                [("ipv4_address", "ip"), ("ipv6_address", "ip6"), ("mac_address", "mac-address"), ("gw_priority", "gw-priority")]
        )
        {
            if (how.TextOf(field) is { } value && !wishes.IsOneOff)
            {
                Csv.Append(line, $"{option}={value}");
            }
        }
        foreach ((string option, Node value) in how.EntriesOf("driver_opts"))
        {
            Csv.Append(line, $"driver-opt={option}={value.Text}");
        }
        string text = line.ToString();
        return text == "name=" + name ? name : text;
    }

    /// <summary>Its service's name, its own aliases, and what services of the same network call it in <c>links</c>.</summary>
    private static IEnumerable<string> Aliases(Project project, ComposeService service, string network, Node how)
    {
        yield return service.Name;
        foreach (Node alias in how.ItemsOf("aliases"))
        {
            yield return alias.Text;
        }
        foreach (ComposeService other in project.Services)
        {
            if (other.Node["networks"]?[network] is null)
            {
                continue;
            }
            foreach (Node link in other.Node.ItemsOf("links"))
            {
                string[] parts = link.Text.Split(':');
                if (parts.Length == 2 && parts[0] == service.Name)
                {
                    yield return parts[1];
                }
            }
        }
    }

    private static IEnumerable<(string, string)> Mounts(Project project, ComposeService service, ContainerWishes wishes)
    {
        HashSet<string> taken = [];
        foreach (Node volume in service.Node.ItemsOf("volumes"))
        {
            string target = volume.TextOf("target") ?? "";
            string type = volume.TextOf("type") ?? "volume";
            bool anonymous = type == "volume" && volume["source"] is null;
            taken.Add(target);
            if (anonymous && wishes.Inherited.FirstOrDefault(i => i.Target == target).Volume is { } inherited)
            {
                yield return ("mount", Line($"type=volume", $"source={inherited}", $"target={target}"));
                continue;
            }
            yield return ("mount", Mount(project, volume, type, target));
        }
        foreach ((string name, string target) in wishes.Inherited)
        {
            if (taken.Add(target))
            {
                yield return ("mount", Line("type=volume", $"source={name}", $"target={target}"));
            }
        }
        foreach (Node from in service.Node.ItemsOf("volumes_from"))
        {
            string[] parts = from.Text.Split(':');
            bool container = parts[0] == "container";
            string name = container ? parts[1] : wishes.ContainerOf(parts[0]);
            string mode = parts.Length > (container ? 2 : 1) ? ":" + parts[^1] : "";
            yield return ("volumes-from", name + mode);
        }
    }

    private static string Mount(Project project, Node volume, string type, string target)
    {
        List<string> fields = [$"type={type}"];
        string source = volume.TextOf("source") ?? "";
        if (type == "volume" && source.Length > 0)
        {
            source = project.Root["volumes"]?[source]?.TextOf("name") ?? source;
        }
        if (source.Length > 0)
        {
            fields.Add($"source={source}");
        }
        fields.Add($"target={target}");
        Node? bind = volume["bind"];
        if (volume.Is("read_only"))
        {
            fields.Add("readonly");
        }
        if (type == "bind")
        {
            if (bind?.Is("create_host_path") == true)
            {
                fields.Add("bind-create-src");
            }
            Option(bind, "propagation", "bind-propagation");
            Option(bind, "recursive", "bind-recursive");
            if (bind?.TextOf("selinux") is { } label)
            {
                fields.Add($"relabel={(label == "z" ? "shared" : "private")}");
            }
        }
        else if (type == "tmpfs")
        {
            Option(volume["tmpfs"], "size", "tmpfs-size");
            if (volume["tmpfs"]?["mode"] is { Kind: NodeKind.Int } mode)
            {
                fields.Add($"tmpfs-mode={Convert.ToString(mode.Number, 8)}");
            }
        }
        else if (volume[type] is { Kind: NodeKind.Map } detail)
        {
            if (detail.Is("nocopy"))
            {
                fields.Add("volume-nocopy");
            }
            Option(detail, "subpath", type == "image" ? "image-subpath" : "volume-subpath");
            foreach ((string name, Node value) in detail.EntriesOf("labels"))
            {
                fields.Add($"volume-label={name}={value.Text}");
            }
        }
        return Line([.. fields]);

        void Option(Node? from, string key, string name)
        {
            if (from?.TextOf(key) is { Length: > 0 } value)
            {
                fields.Add($"{name}={value}");
            }
        }
    }

    private static IEnumerable<(string, string)> Files(Project project, ComposeService service)
    {
        foreach (ProjectFile file in ProjectFile.Of(project, service))
        {
            yield return file.IsBound
                ? ("mount", Line("type=bind", $"source={file.Path}", $"target={file.Target}", "readonly"))
                : ("secret", Line([file.StoreName, $"target={file.Target}", .. file.Attributes]));
        }
    }

    private static string Line(params IReadOnlyList<string> fields)
    {
        StringBuilder line = new();
        foreach (string field in fields)
        {
            Csv.Append(line, field);
        }
        return line.ToString();
    }
}
