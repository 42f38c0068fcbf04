using System.Net;
using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Netlink;

namespace Skiff.Engine.Network;

/// <summary>A bridge network of the host: leases addresses and host ports, makes itself with the first lease and goes away after the last.</summary>
public sealed partial class BridgeNetwork
{
    private static readonly TimeSpan s_linger = TimeSpan.FromSeconds(1);

    private readonly NetworkPaths _paths;
    private readonly LeaseStore _leases;
    private readonly PortClaims _claims;
    private readonly ReleasedLeases _released;
    private readonly string _bridge;
    private readonly NetworkDefinition? _recorded;
    private readonly NetworkStore _store;

    private BridgeNetwork(NetworkPaths paths, string bridge, NetworkDefinition? recorded, NetworkStore store)
    {
        _recorded = recorded;
        _store = store;
        _paths = paths;
        _leases = new LeaseStore(paths);
        _claims = new PortClaims(paths);
        _released = new ReleasedLeases(paths);
        _bridge = bridge;
    }

    /// <summary>Names the default network; reads and changes nothing.</summary>
    /// <param name="runroot"><c>--runroot</c>.</param>
    /// <param name="bridgeName">Interface name of the bridge, at most 15 bytes.</param>
    /// <param name="store">The users' networks, whose subnets are not to be taken.</param>
    public static BridgeNetwork Open(string runroot, string bridgeName, NetworkStore store)
    {
        if (bridgeName.Length is 0 or > 15)
        {
            throw new SkiffException($"\"{bridgeName}\" cannot name a bridge: Linux allows 1 to 15 bytes (IFNAMSIZ)", 125);
        }
        return new BridgeNetwork(new NetworkPaths(runroot, NetworkDefinition.Default), bridgeName, null, store);
    }

    /// <summary>Names a user's network; reads and changes nothing.</summary>
    /// <param name="runroot"><c>--runroot</c>.</param>
    /// <param name="network">The network as it was found in <paramref name="store"/>.</param>
    /// <param name="store">The users' networks.</param>
    public static BridgeNetwork Open(string runroot, NetworkDefinition network, NetworkStore store) =>
        new(new NetworkPaths(runroot, network.Key), network.Bridge, network, store);

    /// <summary>Leases addresses and host ports for a container and makes the network when it is not up. What it costs does not grow with the number of containers.</summary>
    /// <param name="containerId">The full id.</param>
    /// <param name="ports">The <c>-p</c> options, and one with host port 0 per exposed port for <c>-P</c>.</param>
    /// <param name="options">Addresses asked for.</param>
    /// <param name="isAlive">Whether the container with this id runs; asked only about a lease that is in the way and whose process has ended.</param>
    /// <param name="shared">The netfilter socket of another lease of the container, which outlives this one; null to open one.</param>
    /// <exception cref="SkiffException">A port or address is in use or not possible; nothing has changed then.</exception>
    public BridgeLease Acquire(
        string containerId,
        IReadOnlyList<PortMapping> ports,
        LeaseOptions options,
        Func<string, bool> isAlive,
        NetlinkSocket? shared = null
    )
    {
        _paths.Make();
        NetlinkSocket? firewall = shared;
        FileLock? file = null;
        using FileLock locked = FileLock.Acquire(_paths.Lock);
        try
        {
            firewall ??= OpenFirewall();
            CheckRecorded();
            (NetworkDefinition network, int index, bool made) = EnsureUp(firewall);
            try
            {
                _released.Finish(() => firewall, abandonedOnly: false);
                if (_leases.Of(containerId) is { } old)
                {
                    Evict(_paths, old, firewall); // its start was killed
                }
                bool EvictDead(NetworkPaths where, LeaseFile lease)
                {
                    if (new LeaseStore(where).IsHeld(lease) || isAlive(lease.ContainerId))
                    {
                        return false;
                    }
                    Evict(where, lease, firewall);
                    return true;
                }
                IReadOnlyList<PublishedPort> published =
                    ports.Count == 0
                        ? []
                        : new HostPorts(
                            _claims,
                            h => EvictDead(h.Network, h.Lease),
                            network.IPv6 is not null,
                            options.NameOf,
                            NetworkOptions.HostAddressOf(network)
                        ).Resolve(ports);
                AddressChoice choice = new(network, _paths, _leases, l => EvictDead(_paths, l));
                IPAddress? asked = choice.Asked(options);
                IPAddress? asked6 = choice.Asked6(options);
                string? mac = options.Mac is null ? null : MacAddress.Parse(options.Mac).ToString();
                string link = "sk" + RandomBytes.Hex(4);
                file = _leases.Begin(containerId);
                LeaseFile Make(IPAddress ip) =>
                    new(
                        containerId,
                        ip,
                        asked6 ?? network.IPv6Of(network.IPv4.NumberOf(ip)),
                        mac ?? MacAddress.From(ip).ToString(),
                        link,
                        published
                    )
                    {
                        Names = options.DnsNames,
                    };
                LeaseFile lease = choice.Take(asked, file, Make, asked6 is not null);
                _leases.AddNames(lease);
                if (published.Count > 0)
                {
                    _claims.Add(lease);
                }
                return Lease(network, lease, index, file, firewall, look: made || published.Count > 0, options.Aliases);
            }
            catch when (made)
            {
                StartCleaner(null, TimeSpan.Zero, orphan: false);
                throw;
            }
        }
        catch
        {
            if (file is not null)
            {
                if (_leases.Of(containerId) is { } begun)
                {
                    _leases.Remove(begun);
                }
                _leases.RemoveRest(containerId);
                file.Dispose();
            }
            if (shared is null)
            {
                firewall?.Dispose();
            }
            throw;
        }
    }

    /// <summary>Takes over a lease that another process has acquired for this one, and warned about: its file stays locked, its netfilter socket goes on.</summary>
    /// <param name="containerId">The full id.</param>
    /// <param name="held">The lease's file.</param>
    /// <param name="firewall">The netfilter socket.</param>
    /// <exception cref="SkiffException">The lease or the network is gone.</exception>
    public BridgeLease Adopt(string containerId, SafeFd held, NetlinkSocket firewall)
    {
        NetworkDefinition? network = NetworkDefinition.TryRead(_paths.Definition);
        LeaseFile? lease = _leases.Of(containerId);
        int index = RouteDump.IndexOf(_bridge);
        return network is not null && lease is not null && index != 0
            ? Lease(network, lease, index, FileLock.Adopt(held), firewall, look: false, [])
            : throw new SkiffException(
                $"the network {_recorded?.Name ?? _paths.Key} was taken down while the container was started: start it again",
                125
            );
    }

    private BridgeLease Lease(
        NetworkDefinition network,
        LeaseFile lease,
        int index,
        FileLock held,
        NetlinkSocket firewall,
        bool look,
        IReadOnlyList<string> aliases
    ) =>
        new(
            network,
            lease,
            index,
            look && !network.Internal ? () => ForwardPolicy.Warnings(_paths, network, firewall) : null,
            held,
            firewall
        )
        {
            Aliases = aliases,
        };

    /// <summary>A user's network may have been removed since it was looked up; under the lock nobody removes it.</summary>
    private void CheckRecorded()
    {
        if (_recorded is not null && !_store.IsRecorded(_recorded))
        {
            throw NetworkStore.Missing(_recorded.Name, 125);
        }
    }

    /// <summary>Gives a lease back: its address at once, its ports in the next moment, and the network a second later when it was the last. Waits for nothing.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="orphan">True in a process that lives on and may start containers again: the cleaner must not stay its child.</param>
    public void Release(BridgeLease lease, bool orphan)
    {
        if (Files.Exists(_paths.Leases))
        {
            PortRemoval? removal = null;
            using (FileLock.Acquire(_paths.Lock))
            {
                if (_leases.Of(lease.ContainerId) is { } held)
                {
                    removal = Forget(_paths, held);
                }
            }
            StartCleaner(removal is null ? null : removal with { Firewall = lease.Firewall, Held = lease.Held }, s_linger, orphan);
        }
        lease.Dispose();
    }

    /// <summary>As <see cref="Release(BridgeLease, bool)"/>, for a container whose process has ended, perhaps in the middle of that.</summary>
    /// <param name="containerId">The full id; one that holds nothing is fine.</param>
    public void Release(string containerId)
    {
        if (!Files.Exists(_paths.Leases))
        {
            return;
        }
        NetlinkSocket? firewall = null;
        using (FileLock.Acquire(_paths.Lock))
        {
            if (_leases.Of(containerId) is { } lease)
            {
                _ = Forget(_paths, lease);
            }
            else
            {
                _leases.RemoveRest(containerId);
            }
            _released.Finish(() => firewall ??= OpenFirewall(), abandonedOnly: true);
        }
        StartCleaner(null, s_linger, orphan: false);
        firewall?.Dispose();
    }

    /// <summary>Takes a container that runs out of the network: its cable, its address and its ports go.</summary>
    /// <param name="containerId">The full id.</param>
    /// <param name="hostInterface">The host's end of the cable; null for the one of its lease.</param>
    /// <returns>The ports that it held.</returns>
    internal IReadOnlyList<PublishedPort> Disconnect(string containerId, string? hostInterface = null)
    {
        IReadOnlyList<PublishedPort> ports = [];
        hostInterface ??= _leases.Of(containerId)?.HostInterface;
        if (hostInterface is not null)
        {
            new RouteMessages().DeleteLink(hostInterface).Build(Errno.ENODEV).Run();
        }
        NetlinkSocket? firewall = null;
        using (FileLock.Acquire(_paths.Lock))
        {
            if (_leases.Of(containerId) is { } lease)
            {
                ports = lease.Ports;
                _ = Forget(_paths, lease);
                _released.Finish(() => firewall ??= OpenFirewall(), abandonedOnly: false);
            }
            else
            {
                _leases.RemoveRest(containerId);
            }
        }
        StartCleaner(null, s_linger, orphan: false);
        firewall?.Dispose();
        return ports;
    }

    /// <summary>Gives a container that runs other names in the network.</summary>
    /// <param name="containerId">The full id.</param>
    /// <param name="names">All its names, as <see cref="LeaseFile.Names"/>.</param>
    internal void Rename(string containerId, IReadOnlyList<string> names)
    {
        using FileLock held = FileLock.Acquire(_paths.Lock);
        if (_leases.Of(containerId) is { } lease)
        {
            _leases.Rename(lease, names);
        }
    }

    /// <summary>Forgets a lease. That its elements are still to be removed is recorded first, because a crash must not lose them.</summary>
    private PortRemoval? Forget(NetworkPaths paths, LeaseFile lease)
    {
        PortRemoval? removal = null;
        PortClaims claims = new(paths);
        if (lease.Ports.Count > 0 && claims.Of(lease) is { Count: > 0 } claimed)
        {
            LeaseFile published = lease with { Ports = claimed };
            string table = NetworkDefinition.TryRead(paths.Definition)?.Table ?? NetworkDefinition.TableOf(_bridge);
            string marker = new ReleasedLeases(paths).Put(lease, claimed);
            removal = new PortRemoval(paths, marker, published.RemoveElements(table)!, BridgeLease.Flows(published));
            claims.Remove(lease);
        }
        new LeaseStore(paths).Remove(lease);
        return removal;
    }

    private void Evict(NetworkPaths where, LeaseFile lease, NetlinkSocket firewall)
    {
        if (Forget(where, lease) is not null)
        {
            _released.Finish(() => firewall, abandonedOnly: false);
        }
    }

    /// <summary>Takes away what there is of a network that was removed; returns when it is gone.</summary>
    internal void TakeDown()
    {
        if (Files.Exists(_paths.Directory))
        {
            NetworkCleaner.Start(Teardown(), null, TimeSpan.Zero, orphan: false, wait: true);
        }
    }

    private void StartCleaner(PortRemoval? removal, TimeSpan delay, bool orphan) =>
        NetworkCleaner.Start(_leases.Any() == false ? Teardown() : null, removal, delay, orphan);

    /// <summary>What takes this network away; of one that was removed, its files too.</summary>
    private NetworkTeardown Teardown() =>
        NetworkTeardown.Of(
            _paths,
            _bridge,
            forgets: _paths.Key != NetworkDefinition.Default && !(_recorded is not null && _store.IsRecorded(_recorded)),
            _store.Root
        );
}
