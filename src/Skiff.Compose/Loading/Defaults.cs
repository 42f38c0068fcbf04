using System.Text;
using Skiff.Compose.Schema;
using Skiff.Compose.Yaml;

namespace Skiff.Compose.Loading;

/// <summary>Fills in what a merged model leaves out: names, the default network, variables of services, what one service's words mean for the order of all.</summary>
internal sealed class Defaults(Project project, LoadRequest request, ICollection<string> warnings)
{
    private readonly Node _root = project.Root;

    /// <summary>Fills in, and tells the active services from the others.</summary>
    public void Run(IReadOnlyList<string> profiles)
    {
        if (_root["version"] is { } version)
        {
            warnings.Add(
                $"{version.Place}: the attribute `version` is obsolete, it will be ignored, please remove it to avoid potential confusion"
            );
            _root.Remove("version");
        }
        List<ComposeService> active = [];
        List<ComposeService> others = [];
        foreach ((string name, Node node) in _root.EntriesOf("services"))
        {
            Node own = node;
            if (node.Kind == NodeKind.Null)
            {
                throw ComposeError.At(node.Place, $"services.{name} must be a mapping");
            }
            Service(name, own);
            ComposeService service = new(name, own, project.Name);
            bool isActive =
                service.Profiles.Count == 0
                || profiles.Contains("*")
                || service.Profiles.Any(profiles.Contains)
                || request.Named.Contains(name);
            (isActive ? active : others).Add(service);
        }
        project.Services = [.. active.OrderBy(static s => s.Name, StringComparer.Ordinal)];
        project.Disabled = [.. others.OrderBy(static s => s.Name, StringComparer.Ordinal)];
        Resources();
    }

    private void Service(string name, Node service)
    {
        if (service["network_mode"] is null && service["networks"] is null or { Kind: NodeKind.Null } && service["provider"] is null)
        {
            Node networks = Node.Map(service.Place);
            networks.Set("default", Node.Null(service.Place));
            service.Set("networks", networks);
        }
        if (service["build"] is { Kind: NodeKind.Map } build)
        {
            Build(build);
        }
        else if (service["build"] is { Kind: NodeKind.Null })
        {
            service.Remove("build");
        }
        if (service.TextOf("pull_policy") == "if_not_present")
        {
            service.Set("pull_policy", Node.Of("missing", service["pull_policy"]!.Place));
        }
        foreach (Node use in service.ItemsOf("secrets"))
        {
            if (use["target"] is null)
            {
                use.Set("target", Node.Of($"/run/secrets/{use.TextOf("source")}", use.Place));
            }
        }
        foreach (Node port in service.ItemsOf("ports"))
        {
            Fill(port, "mode", "ingress");
            Fill(port, "protocol", "tcp");
        }
        if (
            service["scale"] is { Kind: NodeKind.Int } scale
            && service["deploy"] is { Kind: NodeKind.Map } deploy
            && deploy["replicas"] is null
        )
        {
            deploy.Set("replicas", Node.Of(scale.Number, scale.Place));
        }
        if (request.ResolvesEnvironment)
        {
            EnvFiles(name, service);
            LabelFiles(name, service);
        }
        Implied(service);
    }

    private static void Fill(Node node, string key, string value)
    {
        if (node[key] is null)
        {
            node.Set(key, Node.Of(value, node.Place));
        }
    }

    private void Build(Node build)
    {
        if (build["context"] is null)
        {
            build.Set("context", Node.Of(project.Directory, build.Place));
        }
        if (build["dockerfile"] is null && build["dockerfile_inline"] is null or { Text: "" })
        {
            build.Set("dockerfile", Node.Of("Dockerfile", build.Place));
        }
        Resolve(build["args"], drops: true);
        Canonical paths = new(project.Directory, project.Variable("HOME"));
        foreach ((string name, Node value) in build.EntriesOf("additional_contexts").ToArray())
        {
            if (!Canonical.IsUrl(value.Text))
            {
                build["additional_contexts"]!.Set(name, Node.Of(paths.Absolute(value.Text), value.Place));
            }
        }
    }

    /// <summary>Names without value take the project's; without one there they stay, for the image's own to be unset.</summary>
    private void Resolve(Node? pairs, bool drops = false)
    {
        foreach ((string name, Node value) in pairs?.Entries.ToArray() ?? [])
        {
            if (value.Kind == NodeKind.Null && project.Variable(name) is { } found)
            {
                pairs!.Set(name, Node.Of(found, value.Place));
            }
            else if (value.Kind == NodeKind.Null && drops)
            {
                pairs!.Remove(name);
            }
        }
    }

    private void EnvFiles(string service, Node node)
    {
        Node merged = Node.Map(node.Place);
        foreach (Node file in node.ItemsOf("env_file"))
        {
            string path = file.TextOf("path") ?? "";
            byte[]? bytes = request.ReadFile(path);
            if (bytes is null)
            {
                if (file["required"] is { Kind: NodeKind.Bool, IsTrue: false })
                {
                    continue;
                }
                throw ComposeError.At(file.Place, $"services.{service}.env_file: env file {path} not found");
            }
            string text = Encoding.UTF8.GetString(bytes);
            string? Outer(string name) => node["environment"]?.TextOf(name) ?? merged.TextOf(name) ?? project.Variable(name);
            foreach (
                (string name, string? value) in file.TextOf("format") == "raw"
                    ? DotEnv.ParseRaw(text, project.Variable)
                    : DotEnv.Parse(text, path, Outer)
            )
            {
                merged.Set(name, value is null ? Node.Null(file.Place) : Node.Of(value, file.Place));
            }
        }
        node.Remove("env_file");
        foreach ((string name, Node value) in node.EntriesOf("environment"))
        {
            merged.Set(name, value);
        }
        Resolve(merged);
        if (merged.Entries.Count > 0)
        {
            node.Set("environment", merged);
        }
    }

    private void LabelFiles(string service, Node node)
    {
        Node merged = Node.Map(node.Place);
        foreach (Node file in node.ItemsOf("label_file"))
        {
            byte[] bytes =
                request.ReadFile(file.Text)
                ?? throw ComposeError.At(file.Place, $"services.{service}.label_file: label file {file.Text} not found");
            foreach ((string name, string? value) in DotEnv.Parse(Encoding.UTF8.GetString(bytes), file.Text, static _ => null))
            {
                merged.Set(name, Node.Of(value ?? "", file.Place));
            }
        }
        node.Remove("label_file");
        foreach ((string name, Node value) in node.EntriesOf("labels"))
        {
            merged.Set(name, value);
        }
        if (merged.Entries.Count > 0)
        {
            node.Set("labels", merged);
        }
    }

    /// <summary>Who uses another service's namespace, link or volumes starts after it.</summary>
    private void Implied(Node service)
    {
        foreach (string key in (string[])["network_mode", "ipc", "pid", "uts", "cgroup"])
        {
            if (service.TextOf(key) is { } mode && mode.StartsWith("service:", StringComparison.Ordinal))
            {
                Depend(service, mode[8..], service[key]!.Place, restart: true);
            }
        }
        foreach (Node link in service.ItemsOf("links"))
        {
            Depend(service, link.Text.Split(':')[0], link.Place, restart: true);
        }
        foreach (Node from in service.ItemsOf("volumes_from"))
        {
            if (!from.Text.StartsWith("container:", StringComparison.Ordinal))
            {
                Depend(service, from.Text.Split(':')[0], from.Place, restart: false);
            }
        }
    }

    private static void Depend(Node service, string on, Place place, bool restart)
    {
        if (service["depends_on"] is not { Kind: NodeKind.Map } depends)
        {
            service.Set("depends_on", depends = Node.Map(place));
        }
        if (depends[on] is not null)
        {
            return;
        }
        Node how = Node.Map(place);
        how.Set("condition", Node.Of("service_started", place));
        if (restart)
        {
            how.Set("restart", Node.Of(true, place));
        }
        how.Set("required", Node.Of(true, place));
        depends.Set(on, how);
    }

    private void Resources()
    {
        foreach (string kind in (string[])["networks", "volumes", "secrets", "configs"])
        {
            if (_root[kind] is { Kind: NodeKind.Null } or null)
            {
                _root.Set(kind, Node.Map());
            }
            Node all = _root[kind]!;
            foreach ((string name, Node value) in all.Entries.ToArray())
            {
                Node resource = value.Kind == NodeKind.Null ? Node.Map(value.Place) : value;
                all.Set(name, resource);
                if (resource["name"] is null)
                {
                    resource.Set("name", Node.Of(resource.Is("external") ? name : $"{project.Name}_{name}", resource.Place));
                }
            }
        }
        Node networks = _root["networks"]!;
        bool wanted = project.Services.Any(static s => s.Node["networks"]?["default"] is not null);
        if (networks["default"] is null && wanted)
        {
            Node network = Node.Map();
            network.Set("name", Node.Of($"{project.Name}_default"));
            networks.Set("default", network);
        }
    }
}
