using System.Text;
using Skiff.Commands.Containers;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Network;
using Skiff.Format;
using Skiff.Images;
using Skiff.Linux;

namespace Skiff.Commands.Networks;

/// <summary>A network as it is shown: a user's, or one that is always there.</summary>
/// <param name="Name">The name.</param>
/// <param name="Id">64 hexadecimal digits.</param>
/// <param name="Driver">bridge, host or null.</param>
/// <param name="Definition">Its addresses; null for host and none, and for the default network before it was ever up.</param>
internal sealed record ShownNetwork(string Name, string Id, string Driver, NetworkDefinition? Definition)
{
    /// <summary>True for one that nobody has made and nobody can remove.</summary>
    public bool IsBuiltIn => Definition is not { IsUsers: true };

    /// <summary>Its labels.</summary>
    public IReadOnlyDictionary<string, string> Labels => Definition?.Labels ?? new Dictionary<string, string>();
}

/// <summary>Finds networks for the verbs, and shows them.</summary>
internal static class NetworkAccess
{
    /// <summary>All networks, by name as docker lists them.</summary>
    public static IReadOnlyList<ShownNetwork> All(SkiffEngine engine)
    {
        List<ShownNetwork> networks = [.. NetworkStore.BuiltIn.Select(name => BuiltIn(engine, name))];
        networks.AddRange(engine.Networks.List().Select(Shown));
        networks.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return networks;
    }

    /// <summary>The network of that name, id or beginning of an id.</summary>
    public static ShownNetwork Find(SkiffEngine engine, string name)
    {
        if (NetworkStore.BuiltIn.Contains(name) || name == "default")
        {
            return BuiltIn(engine, name == "default" ? NetworkDefinition.Default : name);
        }
        if (engine.Networks.TryFindAny(name) is { } made)
        {
            return Shown(made);
        }
        string? fixedName =
            name.Length < 4 ? null : NetworkStore.BuiltIn.FirstOrDefault(n => IdOf(n).StartsWith(name, StringComparison.Ordinal));
        return fixedName is null ? throw engine.Networks.NotFound(name, 1) : BuiltIn(engine, fixedName);
    }

    /// <summary>The id of a network by its name; the name itself where there is none any more.</summary>
    public static string IdOf(SkiffEngine engine, string name) =>
        NetworkStore.BuiltIn.Contains(name) ? IdOf(name) : engine.Networks.TryFind(name)?.Id ?? name;

    /// <summary>The containers that are in a network now, with what they have there.</summary>
    public static IReadOnlyList<(ContainerRecord Record, LeaseFile Lease)> Members(SkiffEngine engine, ShownNetwork network)
    {
        List<(ContainerRecord, LeaseFile)> members = [];
        foreach (LeaseFile lease in network.Definition is { } definition ? engine.Networks.Leases(definition) : [])
        {
            if (engine.Containers.TryLoad(lease.ContainerId) is { } record && engine.Reconciler.Check(record) is { IsUp: true })
            {
                members.Add((record, lease));
            }
        }
        return members;
    }

    /// <summary>Gives back what containers hold that ended without a word, or of which nothing is known any more.</summary>
    public static void Settle(SkiffEngine engine, ShownNetwork network)
    {
        _ = Members(engine, network); // looks whether they live
        foreach (LeaseFile lease in engine.Networks.Leases(network.Definition!))
        {
            if (engine.Containers.TryLoad(lease.ContainerId) is null && Session.IsFree(engine.Paths, lease.ContainerId))
            {
                BridgeNetwork.Open(engine.Paths.Runroot, network.Definition!, engine.Networks).Release(lease.ContainerId);
            }
        }
    }

    /// <summary>Why a network that is always there cannot be changed.</summary>
    public static SkiffException Refusal(ShownNetwork network, string what) =>
        new($"{network.Name} is a pre-defined network and cannot be {what}");

    /// <summary>docker's <c>network inspect</c>.</summary>
    public static Value Describe(SkiffEngine engine, ShownNetwork network)
    {
        NetworkDefinition? definition = network.Definition;
        List<Value> config = [];
        if (definition is not null)
        {
            config.Add(Pool(definition, definition.IPv4, definition.Gateway, definition.Range));
            if (definition.IPv6 is { } six)
            {
                config.Add(Pool(definition, six, definition.Gateway6!, definition.Range6));
            }
        }
        return Value.Struct(
            ("Name", Value.Of(network.Name)),
            ("Id", Value.Of(network.Id)),
            ("Created", Value.Of(definition?.Created is { } time ? ContainerJson.Time(time) : "0001-01-01T00:00:00Z")),
            ("Scope", Value.Of("local")),
            ("Driver", Value.Of(network.Driver)),
            ("EnableIPv4", Value.True),
            ("EnableIPv6", Value.Of(definition?.IPv6 is not null)),
            (
                "IPAM",
                Value.Struct(
                    ("Driver", Value.Of("default")),
                    ("Options", Value.Of(network.IsBuiltIn ? null : new Dictionary<string, string>())),
                    ("Config", Value.List(network.Driver == "bridge" ? config : null))
                )
            ),
            ("Internal", Value.Of(definition?.Internal ?? false)),
            ("Attachable", Value.False),
            ("Ingress", Value.False),
            ("ConfigFrom", Value.Struct(("Network", Value.Of("")))),
            ("ConfigOnly", Value.False),
            ("Containers", Value.Map(Members(engine, network).Select(m => Member(m, definition!)))),
            ("Options", Value.Of(Options(network))),
            ("Labels", Value.Of(network.Labels))
        );
    }

    /// <summary>A row of docker's <c>network ls</c>.</summary>
    public static Value Row(ShownNetwork network, bool whole) =>
        Value.Row(
            network.Labels,
            ("CreatedAt", Value.Of(network.Definition?.Created is { } time ? Time(time) : "0001-01-01 00:00:00 +0000 UTC")),
            ("Driver", Value.Of(network.Driver)),
            ("ID", Value.Of(whole ? network.Id : network.Id[..12])),
            ("IPv4", Value.Of("true")),
            ("IPv6", Value.Of(network.Definition?.IPv6 is null ? "false" : "true")),
            ("Internal", Value.Of(network.Definition is { Internal: true } ? "true" : "false")),
            (
                "Labels",
                Value.Of(
                    string.Join(
                        ',',
                        network.Labels.OrderBy(static l => l.Key, StringComparer.Ordinal).Select(static l => $"{l.Key}={l.Value}")
                    )
                )
            ),
            ("Name", Value.Of(network.Name)),
            ("Scope", Value.Of("local"))
        );

    private static ShownNetwork Shown(NetworkDefinition made) => new(made.Name, made.Id, "bridge", made);

    private static ShownNetwork BuiltIn(SkiffEngine engine, string name) =>
        new(name, IdOf(name), name == "none" ? "null" : name, name == NetworkDefinition.Default ? engine.Networks.DefaultNetwork : null);

    /// <summary>Nobody has made them, so their ids are made of their names.</summary>
    private static string IdOf(string name) => Convert.ToHexStringLower(Hashing.Sha256(Encoding.UTF8.GetBytes("skiff network " + name)));

    private static Value Pool(NetworkDefinition network, Subnet subnet, System.Net.IPAddress gateway, Subnet? range)
    {
        List<(string, Value)> fields = [("Subnet", Value.Of(subnet.ToString()))];
        if (range is not null)
        {
            fields.Add(("IPRange", Value.Of(range.ToString())));
        }
        fields.Add(("Gateway", Value.Of(gateway.ToString())));
        Dictionary<string, string> reserved = [];
        foreach ((string name, string text) in network.Reserved)
        {
            if (subnet.Contains(System.Net.IPAddress.Parse(text)))
            {
                reserved[name] = text;
            }
        }
        if (reserved.Count > 0)
        {
            fields.Add(("AuxiliaryAddresses", Value.Of(reserved)));
        }
        return Value.Struct(fields);
    }

    private static KeyValuePair<string, Value> Member((ContainerRecord Record, LeaseFile Lease) member, NetworkDefinition network) =>
        KeyValuePair.Create(
            member.Record.Id,
            Value.Struct(
                ("Name", Value.Of(member.Record.Name)),
                ("EndpointID", Value.Of(member.Lease.HostInterface)),
                ("MacAddress", Value.Of(member.Lease.Mac)),
                ("IPv4Address", Value.Of($"{member.Lease.IPv4}/{network.IPv4.PrefixLength}")),
                ("IPv6Address", Value.Of(member.Lease.IPv6 is { } six ? $"{six}/{network.IPv6?.PrefixLength}" : ""))
            )
        );

    private static Dictionary<string, string> Options(ShownNetwork network)
    {
        Dictionary<string, string> options = network.Definition is null ? [] : new(network.Definition.Options);
        if (network is { Name: NetworkDefinition.Default, Definition: { } first })
        {
            options["com.docker.network.bridge.default_bridge"] = "true";
            options["com.docker.network.bridge.name"] = first.Bridge;
        }
        return options;
    }

    private static string Time(DateTimeOffset time) =>
        time.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF '+0000 UTC'", System.Globalization.CultureInfo.InvariantCulture);
}
