using System.Globalization;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary>The filters of <c>ps</c>: values of one filter are alternatives (labels are not), different filters must all fit.</summary>
internal sealed class ContainerFilter(SkiffEngine engine, Filters filters)
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

    private readonly DateTimeOffset? _before = filters.Of("before") is [.., var name] ? engine.Containers.Find(name).Created : null;
    private readonly DateTimeOffset? _since = filters.Of("since") is [.., var name] ? engine.Containers.Find(name).Created : null;
    private readonly List<string> _ancestors = Ancestors(engine, filters.Of("ancestor"));

    /// <summary>Asking for a state or an exit code shows containers that do not run, too.</summary>
    public bool AsksForState => filters.Of("status").Count > 0 || filters.Of("exited").Count > 0;

    /// <summary>True for a container that is to be shown.</summary>
    public bool Matches(ContainerRecord record, ContainerState state) =>
        Any("id", v => record.Id.StartsWith(v, StringComparison.Ordinal))
        && Any("name", v => record.Name.Contains(v.TrimStart('/', '^').TrimEnd('$'), StringComparison.Ordinal) && Anchored(v, record.Name))
        && filters.LabelsMatch(record.Labels)
        && Any("status", v => Status(v) == StatusText.Word(state.Status))
        && Any("exited", v => state.Status == ContainerStatus.Exited && Number("exited", v) == state.ExitCode)
        && Any("health", v => v == (state.Health?.Status ?? "none"))
        && Any("volume", v => record.Mounts.Any(m => m.Name == v || m.Destination == v || m.Source == v))
        && Any("network", v => record.NetworkMode == v || state.Endpoints.Any(e => e.Network == v))
        && Any("publish", v => state.Ports.Any(p => Port(v, p.HostPort, p.Protocol)))
        && Any("expose", v => record.ExposedPorts.Any(p => p == v || p == v + "/tcp"))
        && (_before is not { } before || record.Created < before)
        && (_since is not { } since || record.Created > since)
        && (_ancestors.Count == 0 || _ancestors.Contains(record.ImageId) || _ancestors.Contains(record.Image));

    private bool Any(string name, Func<string, bool> fits)
    {
        IReadOnlyList<string> values = filters.Of(name);
        return values.Count == 0 || values.Any(fits);
    }

    private static bool Anchored(string pattern, string name)
    {
        string text = pattern.TrimStart('^').TrimEnd('$').TrimStart('/');
        return (!pattern.StartsWith('^') || name.StartsWith(text, StringComparison.Ordinal))
            && (!pattern.EndsWith('$') || name.EndsWith(text, StringComparison.Ordinal));
    }

    private static string Status(string value) =>
        value is "created" or "running" or "paused" or "restarting" or "removing" or "exited" or "dead"
            ? value
            : throw new SkiffException(
                $"--filter status={value}: expected created, running, paused, restarting, removing, exited or dead",
                125
            );

    private static int Number(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new SkiffException($"--filter {name}={value}: a number is expected", 125);

    private static bool Port(string value, int port, string protocol)
    {
        int slash = value.IndexOf('/');
        string range = slash < 0 ? value : value[..slash];
        int dash = range.IndexOf('-');
        int first = Number("publish", dash < 0 ? range : range[..dash]);
        int last = dash < 0 ? first : Number("publish", range[(dash + 1)..]);
        return port >= first && port <= last && (slash < 0 || value[(slash + 1)..] == protocol);
    }

    private static List<string> Ancestors(SkiffEngine engine, IReadOnlyList<string> names)
    {
        List<string> ids = [];
        foreach (string name in names)
        {
            ids.Add(name);
            if (engine.Images.Find(name) is { } image)
            {
                ids.Add(image.Id.ToString());
            }
        }
        return ids;
    }
}
