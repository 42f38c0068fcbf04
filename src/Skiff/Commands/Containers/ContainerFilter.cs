using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary>The filters of <c>ps</c>: values of one filter are alternatives (labels are not), different filters must all fit.</summary>
internal sealed class ContainerFilter
{
    /// <summary>docker's names.</summary>
    public static readonly string[] Known =
    [
        "ancestor",
        "before",
        "exited",
        "expose",
        "health",
        "id",
        "is-task",
        "label",
        "name",
        "network",
        "publish",
        "since",
        "status",
        "volume",
    ];

    /// <summary>The values of status.</summary>
    public static readonly string[] States = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

    /// <summary>The values of health.</summary>
    public static readonly string[] Healths = ["starting", "healthy", "unhealthy", "none"];

    private readonly SkiffEngine _engine;
    private readonly Dictionary<string, string> _networks = [];
    private readonly Filters _filters;
    private readonly DateTimeOffset? _before;
    private readonly DateTimeOffset? _since;
    private readonly List<AncestorImage> _ancestors = [];
    private readonly List<NamePattern> _names = [];
    private readonly List<PortRange> _published = [];
    private readonly List<PortRange> _exposed = [];
    private readonly List<int> _codes = [];

    /// <summary>Reads and checks the values, before the first container is looked at.</summary>
    public ContainerFilter(SkiffEngine engine, Filters filters)
    {
        _engine = engine;
        _filters = filters;
        _before = filters.Of("before") is [.., var before] ? engine.Containers.Find(before).Created : null;
        _since = filters.Of("since") is [.., var since] ? engine.Containers.Find(since).Created : null;
        foreach (string name in filters.Of("ancestor"))
        {
            _ancestors.Add(new AncestorImage(name, engine.Images.Find(name)));
        }
        foreach (string name in filters.Of("name"))
        {
            _names.Add(NamePattern.Parse(name.StartsWith("^/", StringComparison.Ordinal) ? "^" + name[2..] : name.TrimStart('/')));
        }
        foreach (string value in filters.Of("publish"))
        {
            _published.Add(PortRange.Parse("publish", value));
        }
        foreach (string value in filters.Of("expose"))
        {
            _exposed.Add(PortRange.Parse("expose", value));
        }
        foreach (string value in filters.Of("exited"))
        {
            _codes.Add(Filters.Number("exited", value));
        }
        Choose("status", States);
        Choose("health", Healths);
        _ = filters.Switch("is-task");
    }

    /// <summary>Asking for a state or an exit code shows containers that do not run, too.</summary>
    public bool AsksForState => _filters.Of("status").Count > 0 || _codes.Count > 0;

    /// <summary>Descent is decided by layers, which only the container's own record has.</summary>
    public bool AsksForLayers => _ancestors.Count > 0;

    /// <summary>By name or id; a container is in the networks that it was created for, whether it runs or not.</summary>
    private bool IsIn(string network, ContainerRecord record, ContainerState state)
    {
        string name = _networks.TryGetValue(network, out string? known)
            ? known
            : _networks[network] = _engine.Networks.TryFindAny(network)?.Name ?? network;
        return record.NetworkMode == name
            || record.NetworkMode == network
            || record.MoreNetworks.Contains(name)
            || record.MoreNetworks.Contains(network)
            || state.Endpoints.Any(e => e.Network == name);
    }

    /// <summary>True for a container that is to be shown.</summary>
    public bool Matches(ContainerRecord record, ContainerState state) =>
        Any("id", v => record.Id.StartsWith(v, StringComparison.Ordinal))
        && (_names.Count == 0 || _names.Exists(n => n.Matches(record.Name)))
        && _filters.LabelsMatch(record.Labels)
        && Any("status", v => v == StatusText.Word(state.Status))
        && (_codes.Count == 0 || (state is { Status: ContainerStatus.Exited, StartedAt: not null } && _codes.Contains(state.ExitCode)))
        && Any("health", v => v == (state.Health?.Status ?? "none"))
        && Any("volume", v => record.Mounts.Any(m => m.Name == v || m.Destination == v || m.Source == v))
        && Any("network", v => IsIn(v, record, state))
        && HasPort(record, state)
        && (_before is not { } before || record.Created < before)
        && (_since is not { } since || record.Created > since)
        && (_ancestors.Count == 0 || _ancestors.Exists(a => a.IsOf(record)))
        && _filters.Switch("is-task") is not true; // there are no swarm tasks here

    private bool Any(string name, Func<string, bool> fits)
    {
        IReadOnlyList<string> values = _filters.Of(name);
        return values.Count == 0 || values.Any(fits);
    }

    /// <summary>docker takes a container that has one of the published or one of the exposed ports.</summary>
    private bool HasPort(ContainerRecord record, ContainerState state) =>
        (_published.Count == 0 && _exposed.Count == 0)
        || state.Ports.Any(p =>
            _published.Exists(r => r.Has(p.HostPort, p.Protocol)) || _exposed.Exists(r => r.Has(p.ContainerPort, p.Protocol))
        )
        || (
            _exposed.Count > 0
            && record.ExposedPorts.Any(p => PortRange.Parse("expose", p) is var own && _exposed.Exists(r => r.Has(own.First, own.Protocol)))
        );

    private void Choose(string name, string[] words)
    {
        foreach (string value in _filters.Of(name))
        {
            if (!words.Contains(value))
            {
                throw new SkiffException($"--filter {name}={value}: expected {string.Join(", ", words[..^1])} or {words[^1]}");
            }
        }
    }

    /// <summary>A container descends from an image if it was made from it, by whatever name, or if its layers begin with those of the image.</summary>
    private sealed record AncestorImage(string Name, Images.Store.Image? Image)
    {
        public bool IsOf(ContainerRecord record)
        {
            if (record.Image == Name || Image is null)
            {
                return record.Image == Name || record.ImageId == Name;
            }
            return record.ImageId == Image.Id.ToString()
                || (
                    Image.LayerDirectories.Count > 0
                    && record.LayerDirectories.Count >= Image.LayerDirectories.Count
                    && record.LayerDirectories[Image.LayerDirectories.Count - 1] == Image.LayerDirectories[^1]
                );
        }
    }

    /// <summary><c>80</c>, <c>80/udp</c>, <c>8000-8080/tcp</c>; tcp unless said otherwise.</summary>
    private sealed record PortRange(int First, int Last, string Protocol)
    {
        public static PortRange Parse(string filter, string text)
        {
            int slash = text.IndexOf('/');
            string range = slash < 0 ? text : text[..slash];
            int dash = range.IndexOf('-');
            int first = Filters.Number(filter, dash < 0 ? range : range[..dash]);
            return new PortRange(
                first,
                dash < 0 ? first : Filters.Number(filter, range[(dash + 1)..]),
                slash < 0 ? "tcp" : text[(slash + 1)..]
            );
        }

        public bool Has(int port, string protocol) => port >= First && port <= Last && protocol == Protocol;
    }
}
