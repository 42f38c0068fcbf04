using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Engine.Rootless;

/// <summary>What flags mean for an ordinary user, who has no bridge.</summary>
public static class RootlessOptions
{
    private const string Install = "install pasta (the package passt), or use --network host";

    /// <summary>The options as they are recorded.</summary>
    /// <param name="options">What was asked.</param>
    /// <param name="warn">Receives a sentence for the user.</param>
    /// <exception cref="SkiffException">It cannot be had without root; exit code 125.</exception>
    public static RunOptions Adapt(RunOptions options, Action<string> warn)
    {
        NetworkAttachment? asked = options.Networks.IsEmpty ? null : options.Networks[0];
        if (RootlessUser.Current is null)
        {
            return asked is { Kind: NetworkKind.Pasta }
                ? throw new SkiffException(
                    "--network pasta is for ordinary users: root's containers are on bridge, none, host, container:NAME, ns:PATH or a network of your own",
                    125
                )
                : options;
        }
        switch (asked?.Kind)
        {
            case NetworkKind.Named:
                throw new SkiffException(
                    $"--network {asked.Target}: only root has networks; an ordinary user's containers have pasta, none, host, container:NAME or ns:PATH",
                    125
                );
            case null or NetworkKind.Bridge or NetworkKind.Pasta:
                return options with { Networks = [Default(options, asked, warn)] };
            default:
                return options;
        }
    }

    /// <summary>An ordinary user can make no bridge on the host.</summary>
    /// <exception cref="SkiffException">This is an ordinary user's command.</exception>
    public static void RefuseNetworks()
    {
        if (RootlessUser.Current is not null)
        {
            throw new SkiffException(
                "only root has networks: an ordinary user's containers have pasta, none, host, container:NAME or ns:PATH"
            );
        }
    }

    /// <summary>What the host lacks for an ordinary user, a sentence each.</summary>
    public static IReadOnlyList<string> Lacks()
    {
        List<string> lacks = [];
        if (UserIdMap.Own("uid_map").Count < 2)
        {
            lacks.Add($"containers have one user, you, who is root in them: {UserIdMap.MoreIds}");
        }
        if (!PastaNetwork.IsInstalled)
        {
            lacks.Add($"containers have no network of their own: {Install}");
        }
        return lacks;
    }

    private static NetworkAttachment Default(RunOptions options, NetworkAttachment? asked, Action<string> warn)
    {
        if (asked is { } given && ((given.Ip4 ?? given.Ip6 ?? given.MacAddress) is not null))
        {
            throw new SkiffException(
                "--ip, --ip6 and --mac-address are for root's bridge: an ordinary user's container has the host's address",
                125
            );
        }
        if (PastaNetwork.IsInstalled)
        {
            return new NetworkAttachment { Kind = NetworkKind.Pasta };
        }
        if (asked is not null || !options.Ports.IsEmpty || options.PublishAll)
        {
            throw new SkiffException(
                $"an ordinary user's container is connected with the network by pasta, which is not installed: {Install}",
                125
            );
        }
        warn($"the container has no network: {Install}; --network none says that it needs none");
        return new NetworkAttachment { Kind = NetworkKind.None };
    }
}
