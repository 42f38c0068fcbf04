using Skiff.Compose.Planning;
using Skiff.Compose.Yaml;
using Skiff.Linux;

namespace Skiff.Compose.Loading;

/// <summary>What the parts of a model say about one another: references, contradictions, circles. And what no service uses is left out.</summary>
internal static class ModelCheck
{
    /// <summary>Checks the active services.</summary>
    public static void Run(Project project, bool keepsUnused)
    {
        foreach (ComposeService service in project.Services)
        {
            Service(project, service);
        }
        _ = ServiceOrder.Of(project.Services);
        Node root = project.Root;
        Node services = Node.Map(root["services"]?.Place ?? default);
        foreach (ComposeService service in project.Services)
        {
            services.Set(service.Name, service.Node);
        }
        root.Set("services", services);
        if (!keepsUnused)
        {
            Prune(project);
        }
    }

    /// <summary>Leaves out what no service uses.</summary>
    public static void Prune(Project project)
    {
        foreach (string kind in (string[])["networks", "volumes", "secrets", "configs"])
        {
            HashSet<string> used = [.. project.Services.SelectMany(s => Used(s.Node, kind))];
            foreach ((string name, _) in project.Root[kind]!.Entries.ToArray())
            {
                if (!used.Contains(name))
                {
                    project.Root[kind]!.Remove(name);
                }
            }
        }
    }

    private static IEnumerable<string> Used(Node service, string kind) =>
        kind switch
        {
            "networks" => service.EntriesOf("networks").Select(static e => e.Key),
            "volumes" => service
                .ItemsOf("volumes")
                .Where(static v => v.TextOf("type") == "volume")
                .Select(static v => v.TextOf("source") ?? ""),
            _ => service.ItemsOf(kind).Concat(service["build"]?.ItemsOf(kind) ?? []).Select(static u => u.TextOf("source") ?? ""),
        };

    private static void Service(Project project, ComposeService service)
    {
        Node node = service.Node;
        if (node["image"] is null && node["build"] is null && node["provider"] is null)
        {
            throw ComposeError.At(node.Place, $"service \"{service.Name}\" has neither an image nor a build context specified");
        }
        if (node["network_mode"] is { Kind: NodeKind.Text } mode && node["networks"] is { Kind: NodeKind.Map, Entries.Count: > 0 })
        {
            throw ComposeError.At(mode.Place, $"service {service.Name} declares mutually exclusive `network_mode` and `networks`");
        }
        foreach (string kind in (string[])["networks", "volumes", "secrets", "configs"])
        {
            foreach (string name in Used(node, kind))
            {
                if (name.Length > 0 && project.Root[kind]?[name] is null && !(kind == "volumes" && name.StartsWith('/')))
                {
                    throw ComposeError.At(
                        (node[kind] ?? node).Place,
                        $"service \"{service.Name}\" refers to undefined {kind[..^1]} {name}{ComposeError.Near(name, project.Root[kind]?.Entries.Select(static e => e.Key) ?? [])}"
                    );
                }
            }
        }
        Dependencies(project, service);
        Limits(service);
        if (service.ContainerName is not null && service.Scale > 1)
        {
            throw ComposeError.At(
                node["container_name"]!.Place,
                $"services.{service.Name}: can't set container_name and a scale of {service.Scale}: container name must be unique"
            );
        }
        foreach (Node use in node.ItemsOf("configs").Concat(node.ItemsOf("secrets")))
        {
            if (use["source"] is null)
            {
                throw ComposeError.At(use.Place, $"services.{service.Name}: a secret or config has no source");
            }
        }
    }

    private static void Dependencies(Project project, ComposeService service)
    {
        foreach ((string name, Node how) in service.Node.EntriesOf("depends_on"))
        {
            if (project.Find(name) is not null)
            {
                continue;
            }
            bool optional = how["required"] is { Kind: NodeKind.Bool, IsTrue: false };
            if (optional)
            {
                continue;
            }
            ComposeService? disabled = project.Disabled.FirstOrDefault(s => s.Name == name);
            throw ComposeError.At(
                how.Place,
                disabled is null
                    ? $"service \"{service.Name}\" depends on undefined service \"{name}\"{ComposeError.Near(name, project.Services.Select(static s => s.Name))}"
                    : $"service \"{name}\" is required by \"{service.Name}\" but is disabled. Can be enabled by profiles [{string.Join(' ', disabled.Profiles)}]"
            );
        }
    }

    private static readonly (string Short, string Group, string Long)[] s_limits =
    [
        ("cpus", "limits", "cpus"),
        ("mem_limit", "limits", "memory"),
        ("pids_limit", "limits", "pids"),
        ("mem_reservation", "reservations", "memory"),
    ];

    private static void Limits(ComposeService service)
    {
        Node? resources = service.Node["deploy"]?["resources"];
        foreach ((string old, string group, string name) in s_limits)
        {
            if (service.Node.TextOf(old) is { } one && resources?[group]?.TextOf(name) is { } other && one != other)
            {
                throw ComposeError.At(
                    service.Node[old]!.Place,
                    $"services.{service.Name}: can't set distinct values on '{old}' and 'deploy.resources.{group}.{name}'"
                );
            }
        }
        if (
            service.Node["scale"] is { Kind: NodeKind.Int } scale
            && service.Node["deploy"]?["replicas"] is { Kind: NodeKind.Int } replicas
            && scale.Text != replicas.Text
        )
        {
            throw ComposeError.At(scale.Place, $"services.{service.Name}: can't set distinct values on 'scale' and 'deploy.replicas'");
        }
    }
}
