using Skiff.Engine.Containers;
using Skiff.Engine.Names;
using Skiff.Engine.Plan;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Netlink;

namespace Skiff.Engine.Network;

/// <summary>What one container holds in all its bridge networks, in the order of its cables: eth0, eth1, … It has one netfilter socket, the first lease's.</summary>
public sealed class ContainerNetworks : IDisposable
{
    /// <summary>Takes leases over and decides which way the container's default routes go.</summary>
    /// <param name="leases">At least one; the first has opened the netfilter socket.</param>
    /// <param name="priorities">gw-priority of each; null where there is nothing to choose.</param>
    internal ContainerNetworks(IReadOnlyList<BridgeLease> leases, IReadOnlyList<int>? priorities = null)
    {
        Leases = leases;
        if (leases.Count == 1)
        {
            return;
        }
        int four = Gateway(i => !leases[i].Network.Internal);
        int six = Gateway(i => !leases[i].Network.Internal && leases[i].IPv6 is not null);
        for (int i = 0; i < leases.Count; i++)
        {
            leases[i].Number = i;
            leases[i].IsGateway = (i == four, i == six);
        }

        int Gateway(Func<int, bool> fits) =>
            Choose(leases.Count, fits, i => priorities is null ? 0 : priorities[i], i => leases[i].Network.Name);
    }

    /// <summary>The network that the default route goes to: the one of highest priority, and of several the first by name, as docker chooses. −1 for none.</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="fits">Whether it has a way out.</param>
    /// <param name="priority">gw-priority.</param>
    /// <param name="name">Its name.</param>
    internal static int Choose(int count, Func<int, bool> fits, Func<int, int> priority, Func<int, string> name)
    {
        int best = -1;
        for (int i = 0; i < count; i++)
        {
            if (
                fits(i)
                && (
                    best < 0
                    || priority(i) > priority(best)
                    || (priority(i) == priority(best) && string.CompareOrdinal(name(i), name(best)) < 0)
                )
            )
            {
                best = i;
            }
        }
        return best;
    }

    /// <summary>A lease per network.</summary>
    public IReadOnlyList<BridgeLease> Leases { get; }

    /// <summary>The lease by whose network the container reaches the outside, else the first.</summary>
    public BridgeLease Main
    {
        get
        {
            foreach (BridgeLease lease in Leases)
            {
                if (lease.IsGateway.IPv4 && !lease.Network.Internal)
                {
                    return lease;
                }
            }
            return Leases[0];
        }
    }

    /// <summary>True when one of them is a user's, in which containers find one another by name.</summary>
    internal bool HasNames
    {
        get
        {
            foreach (BridgeLease lease in Leases)
            {
                if (lease.Network.IsUsers)
                {
                    return true;
                }
            }
            return false;
        }
    }

    /// <summary>Sentences for the user; see <see cref="BridgeLease.Warnings"/>.</summary>
    public IReadOnlyList<string> Warnings => All(static l => l.Warnings);

    /// <summary>The container's places for its state.</summary>
    public IReadOnlyList<NetworkEndpoint> Endpoints => All(static l => (IReadOnlyList<NetworkEndpoint>)[l.Endpoint]);

    /// <summary>Host ports, ranges expanded, free ports chosen.</summary>
    public IReadOnlyList<PublishedPort> Ports => All(static l => l.Ports);

    /// <summary>The host's half, in order; see <see cref="BridgeLease.HostActions"/>.</summary>
    public IReadOnlyList<HostAction> HostActions(int pid) => All(l => l.HostActions(pid));

    /// <summary>What the host does once the container runs.</summary>
    public IReadOnlyList<HostAction> LateActions => All(static l => l.LateActions);

    /// <summary>What takes the ports back.</summary>
    public IReadOnlyList<HostAction> EndActions => All(static l => l.EndActions);

    /// <summary>What the first container of each network makes, for a plan that is only shown.</summary>
    public IReadOnlyList<HostAction> SharedActions => All(static l => l.SharedActions);

    /// <summary>The container's half, which its first process sends inside its own network namespace once the cables are there.</summary>
    public IReadOnlyList<NetworkMessage> ContainerMessages
    {
        get
        {
            RouteMessages messages = new RouteMessages().SetUp(1, "lo");
            foreach (BridgeLease lease in Leases)
            {
                lease.Configure(messages);
            }
            return [BridgeLease.Message(messages.Build())];
        }
    }

    /// <summary>For the process that takes over: the locked files and the netfilter socket.</summary>
    internal NetworkHandover Handover => new(Leases[0].Firewall!.Fd, [.. Leases.Select(static l => l.Held!.Fd)]);

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int i = Leases.Count - 1; i >= 0; i--)
        {
            Leases[i].Dispose();
        }
    }

    private IReadOnlyList<T> All<T>(Func<BridgeLease, IReadOnlyList<T>> part)
    {
        if (Leases.Count == 1)
        {
            return part(Leases[0]);
        }
        List<T> all = [];
        foreach (BridgeLease lease in Leases)
        {
            all.AddRange(part(lease));
        }
        return all;
    }
}

/// <summary>What the process that takes over a container's networks needs of them.</summary>
/// <param name="Firewall">The netfilter socket.</param>
/// <param name="Held">The locked file of each lease, in their order.</param>
public sealed record NetworkHandover(SafeFd Firewall, IReadOnlyList<SafeFd> Held)
{
    /// <summary>Where the container's questions for names arrive; null when it is not there yet, or in no network with names.</summary>
    internal NameSockets? Names { get; init; }
}
