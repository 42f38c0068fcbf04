using System.Globalization;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Engine.Network;
using Skiff.Engine.Spec;
using Skiff.Format;

namespace Skiff.Commands.Containers;

/// <content>NetworkSettings.</content>
internal static partial class ContainerJson
{
    private static Value Network(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        Dictionary<string, Value> networks = [];
        foreach (NetworkEndpoint endpoint in Endpoints(engine, record, state))
        {
            networks[endpoint.Network] = Endpoint(engine, record, endpoint);
        }
        // The fields at this level are those of the default network alone.
        NetworkEndpoint? first =
            state.Endpoints.FirstOrDefault(static e => e.Network == "bridge") ?? (state.Endpoints.Count > 0 ? state.Endpoints[0] : null);
        return Value.Struct(
            ("Bridge", Value.Of("")),
            ("SandboxID", Value.Of(state.IsUp ? record.Id : "")),
            ("SandboxKey", Value.Of(state.IsUp ? $"/proc/{state.Process.Pid}/ns/net" : "")),
            ("Ports", Ports(record, state)),
            ("HairpinMode", Value.False),
            ("LinkLocalIPv6Address", Value.Of("")),
            ("LinkLocalIPv6PrefixLen", Value.Of(0)),
            ("SecondaryIPAddresses", Value.Nil),
            ("SecondaryIPv6Addresses", Value.Nil),
            ("EndpointID", Value.Of(first?.HostInterface ?? "")),
            ("Gateway", Value.Of(first?.IPv4Gateway ?? "")),
            ("GlobalIPv6Address", Value.Of(first?.IPv6 ?? "")),
            ("GlobalIPv6PrefixLen", Value.Of((long)(first?.IPv6PrefixLength ?? 0))),
            ("IPAddress", Value.Of(first?.IPv4 ?? "")),
            ("IPPrefixLen", Value.Of((long)(first?.IPv4PrefixLength ?? 0))),
            ("IPv6Gateway", Value.Of(first?.IPv6Gateway ?? "")),
            ("MacAddress", Value.Of(first?.MacAddress ?? "")),
            ("Networks", Value.Map(networks))
        );
    }

    /// <summary>Exposed ports of a running container are null, published ones have their bindings.</summary>
    private static Value Ports(ContainerRecord record, ContainerState state)
    {
        Dictionary<string, Value> ports = [];
        foreach (string port in state.IsUp ? record.ExposedPorts : [])
        {
            ports[port] = Value.List(null);
        }
        foreach (Group<string, PublishedPort> group in state.Ports.GroupBy(static p => $"{p.ContainerPort}/{p.Protocol}"))
        {
            ports[group.Key] = Value.List([
                .. group.Select(static p =>
                    Value.Struct(("HostIp", Value.Of(p.HostIp)), ("HostPort", Value.Of(p.HostPort.ToString(CultureInfo.InvariantCulture))))
                ),
            ]);
        }
        return Value.Map(ports);
    }

    /// <summary>The networks that the container is in; of one that does not run those that it will be in, without addresses.</summary>
    private static IEnumerable<NetworkEndpoint> Endpoints(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        if (state.Endpoints.Count > 0 || record.NetworkMode.Contains(':'))
        {
            return state.Endpoints;
        }
        return
        [
            .. ((IReadOnlyList<string>)[record.NetworkMode, .. record.MoreNetworks]).Select(name => new NetworkEndpoint(
                engine.Networks.TryFindAny(name)?.Name ?? name,
                "",
                0,
                "",
                "",
                0,
                "",
                "",
                "",
                []
            )),
        ];
    }

    private static Value Endpoint(SkiffEngine engine, ContainerRecord record, NetworkEndpoint endpoint)
    {
        NetworkAttachment? asked = Asked(engine, record, endpoint.Network);
        bool ofUsers = !NetworkStore.BuiltIn.Contains(endpoint.Network);
        RunOptions options = ContainerPreparation.OptionsOf(record);
        IReadOnlyList<string> aliases = asked is null ? endpoint.Aliases : [.. asked.Aliases];
        return Value.Struct(
            ("IPAMConfig", asked is null || (asked.Ip4 ?? asked.Ip6) is null ? (ofUsers ? Value.Struct() : Value.Nil) : Ipam(asked)),
            ("Links", Value.Of(ofUsers && !options.Links.IsEmpty ? [.. options.Links] : null)),
            ("Aliases", Value.Of(aliases.Count == 0 ? null : aliases)),
            ("MacAddress", Value.Of(endpoint.MacAddress)),
            (
                "DriverOpts",
                Value.Of(
                    asked is null || asked.DriverOptions.IsEmpty
                        ? null
                        : asked.DriverOptions.ToDictionary(static o => o.Name, static o => o.Value)
                )
            ),
            ("GwPriority", Value.Of((long)(asked?.GatewayPriority ?? 0))),
            ("NetworkID", Value.Of(Networks.NetworkAccess.IdOf(engine, endpoint.Network))),
            ("EndpointID", Value.Of(endpoint.HostInterface)),
            ("Gateway", Value.Of(endpoint.IPv4Gateway)),
            ("IPAddress", Value.Of(endpoint.IPv4)),
            ("IPPrefixLen", Value.Of((long)endpoint.IPv4PrefixLength)),
            ("IPv6Gateway", Value.Of(endpoint.IPv6Gateway)),
            ("GlobalIPv6Address", Value.Of(endpoint.IPv6)),
            ("GlobalIPv6PrefixLen", Value.Of((long)endpoint.IPv6PrefixLength)),
            ("DNSNames", Value.Of(ofUsers ? NetworkAttachments.DnsNames(record.Name, aliases, record.Id, options.Hostname ?? "") : null))
        );
    }

    /// <summary>What the container asked for in a network of that name; null for nothing in particular.</summary>
    private static NetworkAttachment? Asked(SkiffEngine engine, ContainerRecord record, string network)
    {
        foreach (NetworkAttachment attachment in ContainerPreparation.OptionsOf(record).Networks)
        {
            bool same =
                attachment.Kind == NetworkKind.Named
                    ? attachment.Target == network || engine.Networks.TryFindAny(attachment.Target)?.Name == network
                    : ContainerPreparation.NetworkName(attachment) == network;
            if (same)
            {
                return attachment;
            }
        }
        return null;
    }

    private static Value Ipam(NetworkAttachment asked)
    {
        List<(string, Value)> fields = [];
        if (asked.Ip4 is { } four)
        {
            fields.Add(("IPv4Address", Value.Of(four)));
        }
        if (asked.Ip6 is { } six)
        {
            fields.Add(("IPv6Address", Value.Of(six)));
        }
        return Value.Struct(fields);
    }
}
