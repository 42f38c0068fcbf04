namespace Skiff.Engine.Spec;

/// <summary>Where a container's network comes from.</summary>
public enum NetworkKind
{
    /// <summary>The default bridge network.</summary>
    Bridge,

    /// <summary>An own namespace with the loopback link only.</summary>
    None,

    /// <summary>The host's namespace.</summary>
    Host,

    /// <summary>Another container's namespace.</summary>
    Container,

    /// <summary>A namespace file (podman's <c>ns:PATH</c>).</summary>
    Path,

    /// <summary>A network made by the user.</summary>
    Named,

    /// <summary>An own namespace that pasta(1) connects: the default of an ordinary user.</summary>
    Pasta,
}

/// <summary>One network that the container joins (<c>--network</c>, short or long form).</summary>
public sealed record NetworkAttachment
{
    /// <summary>Where the network comes from.</summary>
    public NetworkKind Kind { get; init; }

    /// <summary>The container, path or network name; empty for the other kinds.</summary>
    public string Target { get; init; } = "";

    /// <summary>Names under which others on this network find the container.</summary>
    public ValueList<string> Aliases { get; init; }

    /// <summary>The IPv4 address asked for.</summary>
    public string? Ip4 { get; init; }

    /// <summary>The IPv6 address asked for.</summary>
    public string? Ip6 { get; init; }

    /// <summary>The hardware address asked for, lower case with colons.</summary>
    public string? MacAddress { get; init; }

    /// <summary>Link-local addresses to add.</summary>
    public ValueList<string> LinkLocalIps { get; init; }

    /// <summary>Options for the network driver.</summary>
    public ValueList<NameValue> DriverOptions { get; init; }

    /// <summary>The network with the highest value provides the default route.</summary>
    public int GatewayPriority { get; init; }
}
