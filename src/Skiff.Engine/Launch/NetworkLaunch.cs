using Skiff.Engine.Containers;
using Skiff.Engine.Network;
using Skiff.Engine.Plan;
using Skiff.Engine.Spec;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>The launcher's side of the networks: who gets a lease, and how it is given back.</summary>
internal static class NetworkLaunch
{
    /// <summary>Leases address and ports on the bridge; null for a container on none, host or somebody else's network.</summary>
    internal static BridgeLease? Acquire(SkiffEngine engine, PreparedContainer container)
    {
        if (!OnBridge(container.Options))
        {
            return null;
        }
        BridgeNetwork network = BridgeNetwork.Open(engine.Paths.Runroot, engine.Bridge);
        LeaseOptions options = Wishes(container.Options) with { NameOf = id => engine.Containers.TryLoad(id)?.Name ?? "" };
        BridgeLease Lease() => network.Acquire(container.Record.Id, Ports(container), options, id => IsAlive(engine, id));
        try
        {
            return Lease();
        }
        catch (SkiffException)
        {
            // What is in the way may belong to a container whose command was killed a moment ago, and which is still dying.
            engine.Reconciler.Sessions();
            return Lease();
        }
    }

    /// <summary>Takes over what another process has leased for the container.</summary>
    internal static BridgeLease Adopt(SkiffEngine engine, string id, SafeFd held, SafeFd firewall) =>
        BridgeNetwork.Open(engine.Paths.Runroot, engine.Bridge).Adopt(id, held, firewall);

    /// <summary>The same for <c>explain</c>: nothing is leased.</summary>
    internal static BridgeLease? Example(SkiffEngine engine, PreparedContainer container) =>
        OnBridge(container.Options)
            ? BridgeLease.Example(container.Record.Id, Ports(container), Wishes(container.Options), engine.Bridge)
            : null;

    /// <summary>What the child sends in its own network namespace.</summary>
    internal static IReadOnlyList<NetworkMessage> Messages(BridgeLease? lease, RuntimeSpec spec) =>
        lease is not null ? lease.ContainerMessages
        : spec.Linux.Namespace("network") is { Path: null } ? BridgeLease.LoopbackOnly
        : [];

    /// <summary>Writes /etc/hosts of the container, which names it by its address.</summary>
    internal static void WriteHosts(SkiffEngine engine, PreparedContainer container, BridgeLease? lease)
    {
        if (container.Options.NoHosts)
        {
            return;
        }
        string hostname = container.Result.Spec.Hostname ?? container.Record.ShortId;
        hostname += container.Options.Domainname is { Length: > 0 } domain ? "." + domain : "";
        IReadOnlyList<string> own =
            lease is null ? []
            : lease.IPv6 is null ? [lease.IPv4.ToString()]
            : [lease.IPv4.ToString(), lease.IPv6.ToString()];
        string path = engine.Paths.Etc(container.Record.Id) + "/hosts";
        bool host = !container.Options.Networks.IsEmpty && container.Options.Networks[0].Kind == NetworkKind.Host;
        string text =
            host && container.Options.AddHost.IsEmpty && Files.TryReadText("/etc/hosts", out _) is { } hosts
                ? hosts
                : NetworkFiles.Hosts(
                    hostname,
                    own.Count > 0 ? own : ["127.0.1.1"],
                    [.. container.Options.AddHost.AsSpan(), .. ContainerLinks.Hosts(engine, container.Options)],
                    lease is null ? ["127.0.0.1"] : [lease.Endpoint.IPv4Gateway]
                );
        EtcFiles.Write(path, text);
    }

    /// <summary>Gives back a lease.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="lease">The lease; null for none.</param>
    /// <param name="orphan">True in a monitor, which lives on.</param>
    internal static void Release(SkiffEngine engine, BridgeLease? lease, bool orphan)
    {
        if (lease is not null)
        {
            BridgeNetwork.Open(engine.Paths.Runroot, engine.Bridge).Release(lease, orphan);
        }
    }

    /// <summary>Gives back address and ports of a container that has ended, by its record.</summary>
    internal static void GiveBack(SkiffEngine engine, ContainerRecord record, ContainerState state)
    {
        if (record.NetworkMode == "bridge" || state.Endpoints.Count > 0)
        {
            BridgeNetwork.Open(engine.Paths.Runroot, engine.Bridge).Release(record.Id);
        }
    }

    /// <summary>What docker says of flags that a network makes void.</summary>
    internal static IReadOnlyList<string> Warnings(RunOptions options) =>
        !options.Networks.IsEmpty && options.Networks[0].Kind == NetworkKind.Host && (!options.Ports.IsEmpty || options.PublishAll)
            ? ["published ports are discarded when using host network mode"]
            : [];

    /// <summary>Whether a container is connected with the bridge.</summary>
    internal static bool HasCable(RunOptions options) => OnBridge(options);

    private static bool OnBridge(RunOptions options)
    {
        if (options.Networks.IsEmpty)
        {
            return true;
        }
        NetworkAttachment network = options.Networks[0];
        return network.Kind switch
        {
            NetworkKind.Bridge => true,
            NetworkKind.Named => throw new SkiffException(
                $"there is no network {network.Target}: this version knows bridge, none, host, container:NAME and ns:PATH",
                125
            ),
            _ => false,
        };
    }

    private static LeaseOptions Wishes(RunOptions options) =>
        options.Networks.IsEmpty
            ? LeaseOptions.None
            : new LeaseOptions(options.Networks[0].Ip4, options.Networks[0].Ip6, options.Networks[0].MacAddress);

    private static List<PortMapping> Ports(PreparedContainer container)
    {
        List<PortMapping> ports = [.. container.Options.Ports.AsSpan()];
        if (container.Options.PublishAll)
        {
            foreach (ExposedPort exposed in container.Options.Expose)
            {
                ports.AddRange(PublishAll.Of(exposed));
            }
            foreach (string exposed in container.Image?.Config.ExposedPorts ?? [])
            {
                ports.AddRange(PublishAll.Of(exposed));
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
