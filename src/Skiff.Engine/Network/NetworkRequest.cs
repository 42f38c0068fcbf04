namespace Skiff.Engine.Network;

/// <summary>What <c>network create</c> was asked for, as text: <see cref="NetworkStore.Create"/> checks it.</summary>
public sealed record NetworkRequest
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary><c>--driver</c>: only bridge exists.</summary>
    public string Driver { get; init; } = "bridge";

    /// <summary><c>--subnet</c>: at most one of each family.</summary>
    public IReadOnlyList<string> Subnets { get; init; } = [];

    /// <summary><c>--gateway</c>.</summary>
    public IReadOnlyList<string> Gateways { get; init; } = [];

    /// <summary><c>--ip-range</c>.</summary>
    public IReadOnlyList<string> Ranges { get; init; } = [];

    /// <summary><c>--aux-address</c>: names and addresses.</summary>
    public IReadOnlyDictionary<string, string> Reserved { get; init; } = new Dictionary<string, string>();

    /// <summary><c>--ipv6</c>: null for what the host has.</summary>
    public bool? IPv6 { get; init; }

    /// <summary><c>--internal</c>.</summary>
    public bool Internal { get; init; }

    /// <summary><c>--label</c>.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary><c>--opt</c>.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();
}
