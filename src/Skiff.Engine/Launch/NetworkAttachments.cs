using Skiff.Engine.Network;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Engine.Launch;

/// <summary>The bridge networks that a container joins, in the order of its cables, and what it asks for in each.</summary>
public sealed class NetworkAttachments
{
    private static readonly NetworkAttachment s_default = new();
    private readonly SkiffEngine _engine;
    private readonly RunOptions _options;
    private readonly NetworkDefinition?[] _networks;

    private NetworkAttachments(SkiffEngine engine, RunOptions options, NetworkDefinition?[] networks)
    {
        _engine = engine;
        _options = options;
        _networks = networks;
    }

    /// <summary>How many there are.</summary>
    internal int Count => _networks.Length;

    /// <summary>Whether a container joins any: false for none, host and somebody else's network.</summary>
    internal static bool Any(RunOptions options) =>
        options.Networks.IsEmpty || options.Networks[0].Kind is NetworkKind.Bridge or NetworkKind.Named;

    /// <summary>Whether a container joins a network that a user has made.</summary>
    internal static bool AnyOfUsers(RunOptions options)
    {
        foreach (NetworkAttachment attachment in options.Networks)
        {
            if (attachment.Kind == NetworkKind.Named)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Refuses what cannot be before anything is made.</summary>
    /// <exception cref="SkiffException">A network does not exist, or cannot do what is asked of it. Exit code 125.</exception>
    internal static void Check(SkiffEngine engine, RunOptions options)
    {
        foreach (NetworkAttachment attachment in options.Networks)
        {
            if (attachment.Kind == NetworkKind.Bridge && !attachment.Aliases.IsEmpty)
            {
                throw new SkiffException(
                    "--network-alias needs a network of your own (skiff network create NAME): the default network knows no names",
                    125
                );
            }
        }
        if (AnyOfUsers(options))
        {
            _ = Of(engine, options);
        }
    }

    /// <summary>Looks the networks up.</summary>
    /// <exception cref="SkiffException">One does not exist, or is named twice. Exit code 125.</exception>
    internal static NetworkAttachments Of(SkiffEngine engine, RunOptions options)
    {
        NetworkDefinition?[] networks = new NetworkDefinition?[Math.Max(1, options.Networks.Count)];
        for (int i = 0; i < options.Networks.Count; i++)
        {
            if (options.Networks[i].Kind != NetworkKind.Named)
            {
                continue;
            }
            networks[i] = engine.Networks.Find(options.Networks[i].Target, 125);
            if (Array.FindIndex(networks, 0, i, n => n?.Id == networks[i]!.Id) >= 0)
            {
                throw new SkiffException($"the network {networks[i]!.Name} is given twice, by name and by id", 125);
            }
        }
        return new NetworkAttachments(engine, options, networks);
    }

    /// <summary>The network; null for the default one.</summary>
    internal NetworkDefinition? Definition(int index) => _networks[index];

    /// <summary>What was asked.</summary>
    internal NetworkAttachment Asked(int index) => _options.Networks.IsEmpty ? s_default : _options.Networks[index];

    /// <summary>gw-priority of each.</summary>
    internal IReadOnlyList<int> Priorities
    {
        get
        {
            int[] priorities = new int[Count];
            for (int i = 0; i < priorities.Length; i++)
            {
                priorities[i] = Asked(i).GatewayPriority;
            }
            return priorities;
        }
    }

    /// <summary>Which of them the default route goes to, and with it the published ports; −1 when none has a way out.</summary>
    internal int Gateway =>
        ContainerNetworks.Choose(
            Count,
            i => _networks[i] is not { Internal: true },
            i => Asked(i).GatewayPriority,
            i => _networks[i]?.Name ?? NetworkDefinition.Default
        );

    /// <summary>The network as something to lease from.</summary>
    internal BridgeNetwork Open(int index) =>
        _networks[index] is { } network
            ? BridgeNetwork.Open(_engine.Paths.Runroot, network, _engine.Networks)
            : BridgeNetwork.Open(_engine.Paths.Runroot, _engine.Bridge, _engine.Networks);

    /// <summary>What is wanted of it.</summary>
    internal LeaseOptions Wishes(int index, string name, string id, string hostname)
    {
        NetworkAttachment asked = Asked(index);
        LeaseOptions wishes = new(asked.Ip4, asked.Ip6, asked.MacAddress);
        return _networks[index] is null
            ? wishes
            : wishes with
            {
                Aliases = [.. asked.Aliases.AsSpan()],
                DnsNames = DnsNames(name, asked.Aliases, id, hostname),
            };
    }

    /// <summary>What others find a container by: its name, aliases, short id and host name. What cannot be a name there is left out.</summary>
    public static IReadOnlyList<string> DnsNames(string name, IEnumerable<string> aliases, string id, string hostname)
    {
        List<string> names = [];
        foreach (string text in (IEnumerable<string>)[name, .. aliases, id[..Math.Min(12, id.Length)], hostname])
        {
            string lower = text.ToLowerInvariant();
            if (NetworkGrammar.IsDnsName(lower) && !names.Contains(lower))
            {
                names.Add(lower);
            }
        }
        return names;
    }
}
