using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Format;

namespace Skiff.Commands.Containers;

/// <content>NetworkSettings.</content>
internal static partial class ContainerJson
{
    private static Value Network(ContainerRecord record, ContainerState state)
    {
        Dictionary<string, Value> networks = [];
        foreach (NetworkEndpoint endpoint in state.Endpoints)
        {
            networks[endpoint.Network] = Endpoint(record, endpoint);
        }
        if (networks.Count == 0 && !record.NetworkMode.Contains(':'))
        {
            networks[record.NetworkMode] = Endpoint(record, new NetworkEndpoint(record.NetworkMode, "", 0, "", "", 0, "", "", "", []));
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
        foreach (IGrouping<string, PublishedPort> group in state.Ports.GroupBy(static p => $"{p.ContainerPort}/{p.Protocol}"))
        {
            ports[group.Key] = Value.List([
                .. group.Select(static p =>
                    Value.Struct(("HostIp", Value.Of(p.HostIp)), ("HostPort", Value.Of(p.HostPort.ToString(CultureInfo.InvariantCulture))))
                ),
            ]);
        }
        return Value.Map(ports);
    }

    private static Value Endpoint(ContainerRecord record, NetworkEndpoint endpoint)
    {
        bool builtIn = endpoint.Network is "bridge" or "host" or "none";
        return Value.Struct(
            ("IPAMConfig", Value.Nil),
            ("Links", Value.List(null)),
            ("Aliases", Value.Of(endpoint.Aliases.Count == 0 ? null : endpoint.Aliases)),
            ("MacAddress", Value.Of(endpoint.MacAddress)),
            ("DriverOpts", Value.Map(null)),
            ("GwPriority", Value.Of(0)),
            ("NetworkID", Value.Of(endpoint.Network)),
            ("EndpointID", Value.Of(endpoint.HostInterface)),
            ("Gateway", Value.Of(endpoint.IPv4Gateway)),
            ("IPAddress", Value.Of(endpoint.IPv4)),
            ("IPPrefixLen", Value.Of((long)endpoint.IPv4PrefixLength)),
            ("IPv6Gateway", Value.Of(endpoint.IPv6Gateway)),
            ("GlobalIPv6Address", Value.Of(endpoint.IPv6)),
            ("GlobalIPv6PrefixLen", Value.Of((long)endpoint.IPv6PrefixLength)),
            ("DNSNames", Value.Of(builtIn ? null : [record.Name, .. endpoint.Aliases, record.ShortId]))
        );
    }
}
