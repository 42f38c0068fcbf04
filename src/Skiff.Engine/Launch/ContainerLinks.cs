using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Engine.Network;
using Skiff.Engine.Spec;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>docker's old links (<c>--link container[:alias]</c>) as they are since docker 1: lines of /etc/hosts, and variables that tell ports and environment of the other container.</summary>
internal static class ContainerLinks
{
    /// <summary>Refuses links to containers that do not exist; whether they run is asked at the start.</summary>
    /// <exception cref="SkiffException">One is not there. Exit code 125.</exception>
    internal static void Check(SkiffEngine engine, RunOptions options)
    {
        foreach (string link in options.Links)
        {
            _ = engine.Containers.Find(Split(link).Name, 125);
        }
    }

    /// <summary>The lines of /etc/hosts: the other container's address under its alias, short id and name.</summary>
    /// <exception cref="SkiffException">The other container is not there, does not run, or has no address on a bridge. Exit code 125.</exception>
    internal static IReadOnlyList<HostEntry> Hosts(SkiffEngine engine, RunOptions options)
    {
        List<HostEntry> lines = [];
        if (NetworkAttachments.AnyOfUsers(options))
        {
            return lines; // there the network's own server knows the names, whenever the other one runs
        }
        foreach (string link in options.Links)
        {
            (string name, string? asked) = Split(link);
            ContainerRecord record = engine.Containers.Find(name, 125);
            string address =
                AddressOf(engine, record, out bool up)
                ?? throw new SkiffException(
                    $"--link {link}: the container {name} {(up ? "has no address on a bridge" : "is not running")}",
                    125
                );
            foreach (string alias in (HashSet<string>)[asked ?? record.Name, record.ShortId, record.Name])
            {
                lines.Add(new HostEntry(alias, address));
            }
        }
        return lines;
    }

    /// <summary>The variables, as they are now; a container that does not run gives none, and its start is refused anyway.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="options">What is asked.</param>
    /// <param name="self">The name of the container that gets them.</param>
    internal static IReadOnlyList<NameValue> Environment(SkiffEngine engine, RunOptions options, string self)
    {
        List<NameValue> variables = [];
        foreach (string link in NetworkAttachments.AnyOfUsers(options) ? default : options.Links)
        {
            (string name, string? asked) = Split(link);
            if (engine.Containers.TryFind(name, 125) is not { } record || AddressOf(engine, record, out _) is not { } address)
            {
                continue;
            }
            string alias = asked ?? record.Name;
            string prefix = alias.ToUpperInvariant().Replace('-', '_');
            AddPorts(variables, prefix, address, record.ExposedPorts);
            variables.Add(new NameValue($"{prefix}_NAME", $"/{self}/{alias}"));
            foreach (NameValue variable in Given(engine, record))
            {
                if (variable.Name is not ("PATH" or "HOME"))
                {
                    variables.Add(new NameValue($"{prefix}_ENV_{variable.Name}", variable.Value));
                }
            }
        }
        return variables;
    }

    /// <summary>The ports in docker's order (tcp first, then by number), and runs of them by their first one.</summary>
    internal static void AddPorts(List<NameValue> variables, string prefix, string address, IReadOnlyList<string> exposed)
    {
        List<(int Number, string Protocol)> ports = [.. exposed.Select(Parse)];
        ports.Sort(static (a, b) => (a.Protocol != "tcp", a.Number).CompareTo((b.Protocol != "tcp", b.Number)));
        for (int i = 0; i < ports.Count; i++)
        {
            (int number, string protocol) = ports[i];
            string url = $"{protocol}://{address}:";
            string name = $"{prefix}_PORT_{number}_{protocol.ToUpperInvariant()}";
            if (i == 0)
            {
                Add($"{prefix}_PORT", url + number);
            }
            if (i == 0 || ports[i - 1] != (number - 1, protocol))
            {
                int end = i;
                while (end + 1 < ports.Count && ports[end + 1] == (ports[end].Number + 1, protocol))
                {
                    end++;
                }
                if (end > i)
                {
                    Add(name + "_START", url + number);
                    Add(name + "_PORT_START", Text(number));
                    Add(name + "_END", url + ports[end].Number);
                    Add(name + "_PORT_END", Text(ports[end].Number));
                }
            }
            Add(name, url + number);
            Add(name + "_ADDR", address);
            Add(name + "_PORT", Text(number));
            Add(name + "_PROTO", protocol);
        }

        void Add(string name, string value) => variables.Add(new NameValue(name, value));
    }

    /// <summary>What the image and the flags of a container say, without what the engine adds.</summary>
    private static List<NameValue> Given(SkiffEngine engine, ContainerRecord record)
    {
        List<NameValue> given = [];
        IReadOnlyList<string> image = record.ImageId.Length == 0 ? [] : engine.Images.Find(record.ImageId)?.Config.Env ?? [];
        foreach (string entry in image)
        {
            int equals = entry.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                given.Add(new NameValue(entry[..equals], entry[(equals + 1)..]));
            }
        }
        foreach (EnvironmentEntry entry in ContainerPreparation.OptionsOf(record).Environment)
        {
            given.RemoveAll(old => old.Name == entry.Name);
            if (entry.Value is { } value)
            {
                given.Add(new NameValue(entry.Name, value));
            }
        }
        return given;
    }

    private static string? AddressOf(SkiffEngine engine, ContainerRecord record, out bool up)
    {
        ContainerState? state = engine.Reconciler.Check(record);
        up = state is { IsUp: true };
        return up && state!.Endpoints.Count > 0 ? state.Endpoints[0].IPv4 : null;
    }

    private static (string Name, string? Alias) Split(string link)
    {
        int colon = link.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (link, null) : (link[..colon], link[(colon + 1)..]);
    }

    private static (int Number, string Protocol) Parse(string port)
    {
        int slash = port.IndexOf('/', StringComparison.Ordinal);
        return (int.Parse(slash < 0 ? port : port[..slash], CultureInfo.InvariantCulture), slash < 0 ? "tcp" : port[(slash + 1)..]);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
