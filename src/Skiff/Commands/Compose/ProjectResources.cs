using Skiff.CommandLine;
using Skiff.Compose;
using Skiff.Compose.Planning;
using Skiff.Compose.Running;
using Skiff.Compose.Yaml;
using Skiff.Engine;
using Skiff.Engine.Network;
using Skiff.Engine.Secrets;
using Skiff.Engine.Volumes;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>The networks, volumes, secrets and configs of a project.</summary>
internal static class ProjectResources
{
    /// <summary>Refuses what is to exist outside of the project and does not, before anything is done.</summary>
    public static void RequireExternal(SkiffEngine engine, Project part)
    {
        foreach ((string key, Node node) in part.Root.EntriesOf("networks"))
        {
            string name = node.TextOf("name") ?? key;
            if (node.Is("external") && !NetworkStore.BuiltIn.Contains(name) && engine.Networks.TryFindAny(name) is null)
            {
                throw new SkiffException(
                    $"network {name} declared as external, but could not be found: create it with 'skiff network create {name}'"
                );
            }
        }
        foreach ((string key, Node node) in part.Root.EntriesOf("volumes"))
        {
            string name = node.TextOf("name") ?? key;
            if (node.Is("external") && engine.Volumes.TryFind(name) is null)
            {
                throw new SkiffException($"external volume \"{name}\" not found: create it with 'skiff volume create {name}'");
            }
            if (!node.Is("external") && node.TextOf("driver") is { } driver and not ("local" or "" or "default"))
            {
                throw new SkiffException($"volumes.{key}: there is no volume driver {driver}, only local");
            }
        }
        foreach ((string key, Node node) in part.Root.EntriesOf("networks"))
        {
            if (!node.Is("external") && node.TextOf("driver") is { } driver and not ("bridge" or "" or "default"))
            {
                throw new SkiffException(
                    $"networks.{key}: there is no network driver {driver}, only bridge; services reach the host's network by network_mode: host"
                );
            }
        }
    }

    /// <summary>Makes a network or volume.</summary>
    public static void Create(SkiffEngine engine, Project project, Step step)
    {
        (string key, Node node) = step.Resource;
        Dictionary<string, string> labels = Texts(node["labels"]);
        labels[Labels.Project] = project.Name;
        labels[step.Kind == StepKind.CreateNetwork ? Labels.Network : Labels.Volume] = key;
        labels[Labels.Hash] = ConfigHash.Of(node);
        labels[Labels.Version] = "skiff";
        if (step.Kind == StepKind.CreateVolume)
        {
            _ = engine.Volumes.Create(
                new Volume
                {
                    Name = step.Subject,
                    Options = Texts(node["driver_opts"]),
                    Labels = labels,
                    Created = TimeProvider.System.GetUtcNow(),
                },
                out _
            );
            return;
        }
        IReadOnlyList<Node> pools = node["ipam"]?.ItemsOf("config") ?? [];
        _ = engine.Networks.Create(
            new NetworkRequest
            {
                Name = step.Subject,
                Subnets = [.. pools.Select(static p => p.TextOf("subnet")).OfType<string>()],
                Gateways = [.. pools.Select(static p => p.TextOf("gateway")).OfType<string>()],
                Ranges = [.. pools.Select(static p => p.TextOf("ip_range")).OfType<string>()],
                Reserved = pools
                    .SelectMany(static p => p.EntriesOf("aux_addresses"))
                    .ToDictionary(static e => e.Key, static e => e.Value.Text),
                IPv6 = node["enable_ipv6"] is { Kind: NodeKind.Bool } six ? six.IsTrue : null,
                Internal = node.Is("internal"),
                Labels = labels,
                Options = Texts(node["driver_opts"]),
            }
        );
    }

    /// <summary>Gives the engine the texts of secrets and configs; containers that have older ones keep them.</summary>
    public static void WriteFiles(SkiffEngine engine, Project part)
    {
        HashSet<string> written = [];
        foreach (ComposeService service in part.Services)
        {
            foreach (ProjectFile file in ProjectFile.Of(part, service))
            {
                if (file.IsBound)
                {
                    if (!Files.Exists(file.Path))
                    {
                        throw new SkiffException($"services.{service.Name}: the file {file.Path} of {file.Source} does not exist");
                    }
                    continue;
                }
                if (file.IsExternal)
                {
                    _ = engine.Secrets.TryFind(file.StoreName) ?? throw engine.Secrets.Missing(file.StoreName);
                    continue;
                }
                if (!written.Add(file.StoreName))
                {
                    continue;
                }
                byte[] content = file.Content();
                Dictionary<string, string> labels = new() { [Labels.Project] = part.Name, [Labels.Secret] = file.Source };
                if (engine.Secrets.TryFind(file.StoreName) is not { } old || !engine.Secrets.Content(old).AsSpan().SequenceEqual(content))
                {
                    _ = engine.Secrets.Create(file.StoreName, content, labels, replace: true);
                }
            }
        }
    }

    /// <summary>The networks that a project has made.</summary>
    public static IReadOnlyList<NetworkDefinition> Networks(SkiffEngine engine, string project) =>
        [.. engine.Networks.List().Where(n => n.Labels.GetValueOrDefault(Labels.Project) == project)];

    /// <summary>The volumes that a project has made.</summary>
    public static IReadOnlyList<Volume> Volumes(SkiffEngine engine, string project) =>
        [.. engine.Volumes.List().Where(v => v.Labels.GetValueOrDefault(Labels.Project) == project)];

    /// <summary>Removes the secrets that hold a project's texts.</summary>
    public static void RemoveFiles(SkiffEngine engine, string project)
    {
        foreach (Secret secret in engine.Secrets.List())
        {
            if (secret.Labels.GetValueOrDefault(Labels.Project) == project)
            {
                engine.Secrets.Remove(secret);
            }
        }
    }

    private static Dictionary<string, string> Texts(Node? map) =>
        (map?.Entries ?? []).ToDictionary(static e => e.Key, static e => e.Value.Text);
}
