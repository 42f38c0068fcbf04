using Skiff.Engine.Containers;
using Skiff.Engine.Network;
using Skiff.Engine.Plan;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>The launcher's side of the networks: who gets a lease, and how it is given back.</summary>
internal static class NetworkLaunch
{
    /// <summary>Leases addresses and ports in the container's networks; null for a container on none, host or somebody else's network.</summary>
    internal static ContainerNetworks? Acquire(SkiffEngine engine, PreparedContainer container)
    {
        if (!NetworkAttachments.Any(container.Options))
        {
            return null;
        }
        NetworkAttachments attachments = NetworkAttachments.Of(engine, container.Options);
        try
        {
            return Acquire(engine, container, attachments);
        }
        catch (SkiffException)
        {
            // What is in the way may belong to a container whose command was killed a moment ago, and which is still dying.
            engine.Reconciler.Sessions();
            return Acquire(engine, container, attachments);
        }
    }

    private static ContainerNetworks Acquire(SkiffEngine engine, PreparedContainer container, NetworkAttachments attachments)
    {
        int gateway = attachments.Gateway;
        List<BridgeLease> leases = [];
        try
        {
            for (int i = 0; i < attachments.Count; i++)
            {
                LeaseOptions options = Wishes(container, attachments, i) with { NameOf = id => engine.Containers.TryLoad(id)?.Name ?? "" };
                BridgeLease lease = attachments
                    .Open(i)
                    .Acquire(
                        container.Record.Id,
                        i == gateway ? Ports(container) : [],
                        options,
                        id => IsAlive(engine, id),
                        leases.Count == 0 ? null : leases[0].Firewall
                    );
                lease.Number = i;
                leases.Add(lease);
            }
        }
        catch
        {
            if (leases.Count > 0)
            {
                Release(engine, new ContainerNetworks(leases), orphan: false);
            }
            throw;
        }
        return new ContainerNetworks(leases, leases.Count == 1 ? null : attachments.Priorities);
    }

    /// <summary>Takes over what another process has leased for the container.</summary>
    internal static ContainerNetworks Adopt(SkiffEngine engine, string id, RunOptions options, NetworkHandover handed)
    {
        NetworkAttachments attachments = NetworkAttachments.Of(engine, options);
        Skiff.Linux.Netlink.NetlinkSocket firewall = Skiff.Linux.Netlink.NetlinkSocket.Adopt(handed.Firewall);
        List<BridgeLease> leases = [];
        for (int i = 0; i < handed.Held.Count; i++)
        {
            BridgeLease lease = attachments.Open(i).Adopt(id, handed.Held[i], firewall);
            lease.Number = i;
            lease.Aliases = [.. attachments.Asked(i).Aliases.AsSpan()];
            leases.Add(lease);
        }
        return new ContainerNetworks(leases, attachments.Priorities);
    }

    /// <summary>The same for <c>explain</c>: nothing is leased.</summary>
    internal static ContainerNetworks? Example(SkiffEngine engine, PreparedContainer container)
    {
        if (!NetworkAttachments.Any(container.Options))
        {
            return null;
        }
        NetworkAttachments attachments = NetworkAttachments.Of(engine, container.Options);
        int gateway = attachments.Gateway;
        List<BridgeLease> leases = [];
        for (int i = 0; i < attachments.Count; i++)
        {
            BridgeLease lease = BridgeLease.Example(
                container.Record.Id[Math.Min(i, 8)..],
                i == gateway ? Ports(container) : [],
                Wishes(container, attachments, i),
                engine.Bridge,
                attachments.Definition(i)
            );
            lease.Number = i;
            leases.Add(lease);
        }
        return new ContainerNetworks(leases, attachments.Priorities);
    }

    /// <summary>What the child sends in its own network namespace.</summary>
    internal static IReadOnlyList<NetworkMessage> Messages(ContainerNetworks? networks, RuntimeSpec spec) =>
        networks is not null ? networks.ContainerMessages
        : spec.Linux.Namespace("network") is { Path: null } ? BridgeLease.LoopbackOnly
        : [];

    /// <summary>Writes /etc/hosts of the container, which names it by its address.</summary>
    internal static void WriteHosts(SkiffEngine engine, PreparedContainer container, ContainerNetworks? networks)
    {
        if (container.Options.NoHosts)
        {
            return;
        }
        string hostname = container.Result.Spec.Hostname ?? container.Record.ShortId;
        hostname += container.Options.Domainname is { Length: > 0 } domain ? "." + domain : "";
        List<string> own = [];
        foreach (BridgeLease lease in networks?.Leases ?? [])
        {
            own.Add(lease.IPv4.ToString());
            if (lease.IPv6 is not null)
            {
                own.Add(lease.IPv6.ToString());
            }
        }
        string path = engine.Paths.Etc(container.Record.Id) + "/hosts";
        bool host = !container.Options.Networks.IsEmpty && container.Options.Networks[0].Kind == NetworkKind.Host;
        string text =
            host && container.Options.AddHost.IsEmpty && Files.TryReadText("/etc/hosts", out _) is { } hosts
                ? hosts
                : NetworkFiles.Hosts(
                    hostname,
                    own.Count > 0 ? own : ["127.0.1.1"],
                    [.. container.Options.AddHost.AsSpan(), .. ContainerLinks.Hosts(engine, container.Options)],
                    networks is null ? ["127.0.0.1"] : GatewayOf(networks.Main)
                );
        EtcFiles.Write(path, text);
    }

    private static IReadOnlyList<string> GatewayOf(BridgeLease lease) =>
        lease.Endpoint.IPv4Gateway is { Length: > 0 } gateway ? [gateway] : [];

    /// <summary>Gives back leases, the one with the netfilter socket last.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="networks">The leases; null for none.</param>
    /// <param name="orphan">True in a monitor, which lives on.</param>
    internal static void Release(SkiffEngine engine, ContainerNetworks? networks, bool orphan)
    {
        for (int i = (networks?.Leases.Count ?? 0) - 1; i >= 0; i--)
        {
            BridgeLease lease = networks!.Leases[i];
            Open(engine, lease.Network).Release(lease, orphan);
        }
    }

    private static BridgeNetwork Open(SkiffEngine engine, NetworkDefinition network) =>
        network.IsUsers
            ? BridgeNetwork.Open(engine.Paths.Runroot, network, engine.Networks)
            : BridgeNetwork.Open(engine.Paths.Runroot, engine.Bridge, engine.Networks);

    /// <summary>Gives back addresses and ports of a container that has ended, by its record.</summary>
    internal static void GiveBack(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        if (record.NetworkMode == PastaNetwork.Program)
        {
            PastaNetwork.Stop(engine.Paths, record.Id);
            return;
        }
        if (record.NetworkMode == NetworkDefinition.Default || state.Endpoints.Count > 0)
        {
            BridgeNetwork.Open(engine.Paths.Runroot, engine.Bridge, engine.Networks).Release(record.Id);
        }
        if (MayHaveMore(record, state))
        {
            GiveBackOthers(engine, record.Id);
        }
    }

    /// <summary>Gives back what a container got by <c>network connect</c> beside the leases that it began with: one look for a file where it got nothing.</summary>
    internal static void GiveBackConnected(SkiffEngine engine, string id)
    {
        string mark = new NetworkPaths(engine.Paths.Runroot, NetworkDefinition.Default).Connected + "/" + id;
        if (Files.Exists(mark))
        {
            GiveBackOthers(engine, id);
        }
    }

    private static void GiveBackOthers(SkiffEngine engine, string id)
    {
        NetworkPaths all = new(engine.Paths.Runroot, NetworkDefinition.Default);
        foreach (string key in Skiff.Linux.FileTree.Tree.Names(all.Active))
        {
            NetworkPaths paths = all with { Key = key };
            if (Files.Exists($"{paths.Owners}/{id}") && NetworkDefinition.TryRead(paths.Definition) is { } network)
            {
                Open(engine, network).Release(id);
            }
        }
        _ = Files.TryRemove($"{all.Connected}/{id}");
    }

    /// <summary>False for a container that never was in a network but the default one, or in none: it costs nothing to know.</summary>
    private static bool MayHaveMore(ContainerRecord record, ContainerState state)
    {
        bool named =
            record.NetworkMode is not ("bridge" or "none" or "host") && !record.NetworkMode.Contains(':', StringComparison.Ordinal);
        foreach (NetworkEndpoint endpoint in state.Endpoints)
        {
            named |= endpoint.Network != NetworkDefinition.Default;
        }
        return named || record.MoreNetworks.Count > 0;
    }

    /// <summary>What docker says of flags that a network makes void.</summary>
    internal static IReadOnlyList<string> Warnings(RunOptions options) =>
        !options.Networks.IsEmpty && options.Networks[0].Kind == NetworkKind.Host && (!options.Ports.IsEmpty || options.PublishAll)
            ? ["published ports are discarded when using host network mode"]
            : [];

    /// <summary>Whether a container is connected with a bridge.</summary>
    internal static bool HasCable(RunOptions options) => NetworkAttachments.Any(options);

    private static LeaseOptions Wishes(PreparedContainer container, NetworkAttachments attachments, int index) =>
        attachments.Wishes(index, container.Record.Name, container.Record.Id, container.Options.Hostname ?? "");

    internal static List<PortMapping> Ports(PreparedContainer container)
    {
        List<PortMapping> ports = [.. container.Options.Ports.AsSpan()];
        if (container.Options.PublishAll)
        {
            foreach (ExposedPort exposed in container.Options.Expose)
            {
                PublishAll.Add(ports, exposed);
            }
            foreach (string exposed in container.Image?.Config.ExposedPorts ?? [])
            {
                PublishAll.Add(ports, exposed);
            }
        }
        return ports;
    }

    /// <summary>Only looks: whoever asks holds the lock of the networks, which cleaning up takes.</summary>
    private static bool IsAlive(SkiffEngine engine, string id) =>
        Session.IsHeld(engine.Paths, id)
        || engine.Reconciler.Liveness.IsAlive(engine.Containers.LoadState(id).Process)
        || IsStarting(engine, id);

    /// <summary>The container's lock is held while it is started, when no state tells of it yet.</summary>
    private static bool IsStarting(SkiffEngine engine, string id)
    {
        if (!engine.Containers.Exists(id))
        {
            return false;
        }
        using FileLock? free = engine.Containers.TryLock(id, TimeSpan.Zero);
        return free is null && engine.Containers.Exists(id);
    }
}
