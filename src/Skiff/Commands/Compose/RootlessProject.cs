using Skiff.Compose;
using Skiff.Compose.Planning;
using Skiff.Compose.Yaml;
using Skiff.Engine.Network;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary>A project of an ordinary user, who has no networks: instead of its default network each of its containers has what <c>run</c> gives.</summary>
internal static class RootlessProject
{
    /// <summary>The name of the network that is not made; null for root.</summary>
    public static string? Replaced(Project project) =>
        RootlessUser.Current is not null && project.Root["networks"]?["default"] is { } network && !network.Is("external")
            ? network.TextOf("name") ?? "default"
            : null;

    /// <summary>Refuses the networks that an ordinary user cannot have, and says what goes without the default one.</summary>
    /// <param name="part">The services that are to run.</param>
    /// <param name="warn">Receives a sentence for the user.</param>
    /// <exception cref="SkiffException">The file asks for a network of its own.</exception>
    public static void Check(Project part, Action<string> warn)
    {
        if (RootlessUser.Current is null)
        {
            return;
        }
        foreach ((string key, Node network) in part.Root.EntriesOf("networks"))
        {
            string name = network.TextOf("name") ?? key;
            bool plain = key == "default" && network["ipam"]?["config"] is null && !network.Is("internal");
            if (network.Is("external") ? !NetworkStore.BuiltIn.Contains(name) : !plain)
            {
                throw new SkiffException(
                    $"networks.{key}: only root has networks of its own; without 'networks' an ordinary user's services each have the host's network through pasta, with 'network_mode: service:NAME' they share one"
                );
            }
        }
        List<string> apart = [];
        foreach (ComposeService service in part.Services)
        {
            if (service.Node["networks"]?["default"] is not null)
            {
                apart.Add(service.Name);
            }
        }
        if (apart.Count > 1)
        {
            warn(
                $"the services {string.Join(", ", apart)} do not find each other by name, as only root has networks: each has the host's network through pasta; those that talk to each other can share one with 'network_mode: service:NAME'"
            );
        }
    }

    /// <summary>The options with what an ordinary user has instead of the default network.</summary>
    public static RunOptions Adapt(Project project, ComposeService service, RunOptions options, Action<string> warn)
    {
        if (Replaced(project) is { } name)
        {
            List<NetworkAttachment> networks = [];
            foreach (NetworkAttachment network in options.Networks)
            {
                networks.Add(
                    network is { Kind: NetworkKind.Named } && network.Target == name
                        ? new NetworkAttachment
                        {
                            Kind = NetworkKind.Bridge,
                            Ip4 = network.Ip4,
                            Ip6 = network.Ip6,
                            MacAddress = network.MacAddress,
                        }
                        : network
                );
            }
            // Nobody has asked for it by name: where there is no pasta, the container has no network, which is said.
            bool bare = networks is [{ Kind: NetworkKind.Bridge, Ip4: null, Ip6: null, MacAddress: null }];
            options = options with { Networks = bare ? [] : [.. networks] };
        }
        try
        {
            return RootlessOptions.Adapt(options, text => warn($"services.{service.Name}: {text}"));
        }
        catch (SkiffException e)
        {
            throw new SkiffException($"services.{service.Name}: {e.Message}", e.ExitCode);
        }
    }
}
