using System.Net;
using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Events;
using Skiff.Engine.Names;
using Skiff.Engine.Network;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.Netlink;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>Connects a container with one more network, or disconnects it: at once where it runs, and for its next start.</summary>
public static class NetworkConnection
{
    /// <summary>Connects it.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="id">The container's full id.</param>
    /// <param name="asked">The network, and what is wanted there.</param>
    /// <returns>A sentence for the user; null for none.</returns>
    /// <exception cref="SkiffException">It cannot be; nothing has changed then.</exception>
    public static string? Connect(SkiffEngine engine, string id, NetworkAttachment asked)
    {
        using FileLock? gate = engine.Containers.Lock(id);
        (ContainerRecord record, ContainerState state) = Load(engine, id, gate);
        RunOptions before = ContainerPreparation.OptionsOf(record);
        RefuseForeign(record, before);
        string name = NameOf(engine, asked);
        if (Index(engine, before, name) >= 0)
        {
            if (IsHalf(state, name))
            {
                // A connect was killed: it begins again.
                Open(engine, name).Disconnect(id);
                return Lay(engine, record, state, before);
            }
            throw new SkiffException($"the container {record.Name} is connected with the network {name} already");
        }
        RunOptions after = before with { Networks = [.. Attachments(before), asked] };
        NetworkAttachments.Check(engine, after);
        ContainerRecord changed = With(record, after);
        // First what leads to the lease: a crash after it is the next command's to clean up.
        engine.Containers.SaveRecord(changed);
        if (!state.IsUp)
        {
            return null;
        }
        try
        {
            return Lay(engine, changed, state, after);
        }
        catch
        {
            engine.Containers.SaveRecord(record);
            throw;
        }
    }

    /// <summary>Disconnects it.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="id">The container's full id.</param>
    /// <param name="network">The network's name.</param>
    /// <exception cref="SkiffException">It is not connected with it.</exception>
    public static void Disconnect(SkiffEngine engine, string id, string network)
    {
        using FileLock? gate = engine.Containers.Lock(id);
        (ContainerRecord record, ContainerState state) = Load(engine, id, gate);
        RunOptions before = ContainerPreparation.OptionsOf(record);
        RefuseForeign(record, before);
        int index = Index(engine, before, network);
        if (index < 0)
        {
            throw new SkiffException($"the container {record.Name} is not connected with the network {network}");
        }
        List<NetworkAttachment> rest = [.. Attachments(before)];
        rest.RemoveAt(index);
        RunOptions after = before with
        {
            Networks =
                rest.Count == 0 ? [new NetworkAttachment { Kind = NetworkKind.None }]
                : rest is [{ Kind: NetworkKind.Bridge }] && rest[0] == new NetworkAttachment() ? []
                : [.. rest],
        };
        if (state.IsUp && state.Endpoints.FirstOrDefault(e => e.Network == network) is { } endpoint)
        {
            Cut(engine, record, state, endpoint);
        }
        else if (IsHalf(state, network))
        {
            Open(engine, network).Disconnect(id);
        }
        engine.Containers.SaveRecord(With(record, after));
    }

    /// <summary>The record of a container that runs names a network and its state does not: a command was killed in between.</summary>
    private static bool IsHalf(ContainerState state, string network) =>
        state.IsUp && !state.Endpoints.Any(endpoint => endpoint.Network == network);

    private static BridgeNetwork Open(SkiffEngine engine, string network) =>
        network == NetworkDefinition.Default
            ? BridgeNetwork.Open(engine.Paths.Runroot, engine.Bridge, engine.Networks)
            : BridgeNetwork.Open(engine.Paths.Runroot, engine.Networks.Find(network), engine.Networks);

    /// <summary>Others in its networks find a container that runs by its new name at once, and by the old one no more. The caller holds the container's lock.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="renamed">The container with its new name.</param>
    public static void Rename(SkiffEngine engine, ContainerRecord renamed)
    {
        RunOptions options = ContainerPreparation.OptionsOf(renamed);
        if (
            !NetworkAttachments.AnyOfUsers(options)
            || engine.Containers.LoadState(renamed.Id) is not { IsUp: true, Endpoints: var endpoints }
        )
        {
            return;
        }
        NetworkAttachments attachments = NetworkAttachments.Of(engine, options);
        for (int i = 0; i < attachments.Count; i++)
        {
            if (attachments.Definition(i) is { } network && endpoints.Any(e => e.Network == network.Name))
            {
                IReadOnlyList<string> names = attachments.Wishes(i, renamed.Name, renamed.Id, options.Hostname ?? "").DnsNames;
                attachments.Open(i).Rename(renamed.Id, names);
            }
        }
    }

    private static (ContainerRecord, ContainerState) Load(SkiffEngine engine, string id, FileLock? gate) =>
        gate is not null && engine.Containers.TryLoad(id) is { } record && engine.Reconciler.CheckHeld(record) is { } state
            ? (record, state)
            : throw new SkiffException($"No such container: {id}");

    private static void RefuseForeign(ContainerRecord record, RunOptions options)
    {
        NetworkKind kind = options.Networks.IsEmpty ? NetworkKind.Bridge : options.Networks[0].Kind;
        if (kind is NetworkKind.Host or NetworkKind.Container or NetworkKind.Path or NetworkKind.Pasta)
        {
            throw new SkiffException(
                $"the container {record.Name} has no network of its own (--network {ContainerPreparation.NetworkName(options.Networks[0])}), so it cannot be connected with others"
            );
        }
    }

    /// <summary>What the container is connected with, the default network too where it was not said.</summary>
    private static IReadOnlyList<NetworkAttachment> Attachments(RunOptions options) =>
        options.Networks.IsEmpty ? [new NetworkAttachment()]
        : options.Networks[0].Kind == NetworkKind.None ? []
        : [.. options.Networks.AsSpan()];

    private static string NameOf(SkiffEngine engine, NetworkAttachment attachment) =>
        attachment.Kind == NetworkKind.Named ? engine.Networks.Find(attachment.Target).Name : NetworkDefinition.Default;

    private static int Index(SkiffEngine engine, RunOptions options, string network)
    {
        IReadOnlyList<NetworkAttachment> attachments = Attachments(options);
        for (int i = 0; i < attachments.Count; i++)
        {
            NetworkAttachment attachment = attachments[i];
            string name =
                attachment.Kind == NetworkKind.Named
                    ? engine.Networks.TryFindAny(attachment.Target)?.Name ?? attachment.Target
                    : NetworkDefinition.Default;
            if (name == network)
            {
                return i;
            }
        }
        return -1;
    }

    private static ContainerRecord With(ContainerRecord record, RunOptions options) =>
        record with
        {
            Options = ContainerPreparation.OptionBytes(options),
            NetworkMode = options.Networks.IsEmpty ? NetworkDefinition.Default : ContainerPreparation.NetworkName(options.Networks[0]),
            MoreNetworks = options.Networks.Count < 2 ? [] : [.. options.Networks.Skip(1).Select(ContainerPreparation.NetworkName)],
        };

    /// <summary>The cable and what is at its ends, for a container that runs.</summary>
    private static string? Lay(SkiffEngine engine, ContainerRecord record, ContainerState state, RunOptions options)
    {
        NetworkAttachments attachments = NetworkAttachments.Of(engine, options);
        int last = attachments.Count - 1;
        LeaseOptions wishes = attachments.Wishes(last, record.Name, record.Id, options.Hostname ?? "") with
        {
            NameOf = other => engine.Containers.TryLoad(other)?.Name ?? "",
        };
        bool leads = Leads(attachments, last);
        bool movesNow = leads && state.Ports.Count == 0;
        BridgeNetwork network = attachments.Open(last);
        NetworkPaths paths = new(engine.Paths.Runroot, NetworkDefinition.Default);
        _ = Files.TryMakeDirectory(paths.All, 0x1C0);
        _ = Files.TryMakeDirectory(paths.Connected, 0x1C0);
        Files.Replace($"{paths.Connected}/{record.Id}", default);
        using BridgeLease lease = network.Acquire(record.Id, [], wishes, _ => true);
        try
        {
            int pid = state.Process.Pid;
            (bool four, bool six) = (false, false);
            NameSockets.In(
                pid,
                () =>
                {
                    lease.Number = FreeNumber();
                    (four, six) = DefaultRoutes();
                }
            );
            lease.IsGateway = movesNow ? (false, false) : (!four, !six);
            foreach (HostAction action in lease.HostActions(pid))
            {
                action.Run();
            }
            NameSockets.In(
                pid,
                () =>
                {
                    RouteMessages messages = new();
                    lease.Configure(messages);
                    if (movesNow)
                    {
                        lease.TakeDefaultRoutes(messages);
                    }
                    messages.Build().Run();
                }
            );
        }
        catch
        {
            network.Disconnect(record.Id, lease.HostInterface);
            throw;
        }
        NetworkEndpoint endpoint = lease.Endpoint;
        bool knewNames = state.Endpoints.Any(static e => e.Network != NetworkDefinition.Default);
        state = state with { Endpoints = [.. state.Endpoints, endpoint] };
        engine.Containers.SaveState(record.Id, state);
        AddHosts(engine, record, options, endpoint);
        Tell(engine, record, endpoint.Network, "connect");
        string? unserved = lease.Network.IsUsers && !knewNames ? Serve(engine, record, state, options) : null;
        return leads && !movesNow
            ? $"the container {record.Name} publishes ports, so its way out moves to the network {endpoint.Network} with its next start only"
            : unserved;
    }

    /// <summary>Whether a network is preferred to all others as the way out (<c>--gw-priority</c>).</summary>
    private static bool Leads(NetworkAttachments attachments, int index)
    {
        IReadOnlyList<int> priorities = attachments.Priorities;
        bool leads = attachments.Definition(index) is not { Internal: true } && priorities.Count > 1;
        for (int i = 0; i < priorities.Count; i++)
        {
            leads &= i == index || priorities[index] > priorities[i];
        }
        return leads;
    }

    private static void Cut(SkiffEngine engine, ContainerRecord record, ContainerState state, NetworkEndpoint endpoint)
    {
        IReadOnlyList<PublishedPort> ports = Open(engine, endpoint.Network).Disconnect(record.Id, endpoint.HostInterface);
        List<NetworkEndpoint> rest = [.. state.Endpoints.Where(e => e.Network != endpoint.Network)];
        engine.Containers.SaveState(record.Id, state with { Endpoints = rest, Ports = [.. state.Ports.Except(ports)] });
        RemoveHosts(engine, record, endpoint);
        Tell(engine, record, endpoint.Network, "disconnect");
        // Where the default route has gone with the cable, the next network takes it over.
        NameSockets.In(
            state.Process.Pid,
            () =>
            {
                (bool four, bool six) = DefaultRoutes();
                foreach (NetworkEndpoint other in rest)
                {
                    foreach (
                        (bool has, string own, string gateway) in (ReadOnlySpan<(bool, string, string)>)
                            [(four, other.IPv4, other.IPv4Gateway), (six, other.IPv6, other.IPv6Gateway)]
                    )
                    {
                        AddressInfo? address =
                            has || gateway.Length == 0 ? null : RouteDump.Addresses().FirstOrDefault(a => a.Address.ToString() == own);
                        if (address is not null)
                        {
                            new RouteMessages()
                                .AddDefaultRoute(address.Index, other.Network, IPAddress.Parse(gateway))
                                .Build(Errno.EEXIST)
                                .Run();
                        }
                    }
                    (four, six) = DefaultRoutes();
                }
            }
        );
    }

    /// <summary>The first number that no cable of the calling thread's network namespace has.</summary>
    private static int FreeNumber()
    {
        IReadOnlyList<LinkInfo> links = RouteDump.Links();
        int number = 0;
        while (links.Any(l => l.Name == ContainerLink.NameOf(number) || l.Index == ContainerLink.IndexOf(number)))
        {
            number++;
        }
        return number;
    }

    private static (bool IPv4, bool IPv6) DefaultRoutes()
    {
        bool four = false,
            six = false;
        foreach (RouteInfo route in RouteDump.Routes())
        {
            bool v6 = route.Destination.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
            bool usable = route is { PrefixLength: 0, Gateway: not null };
            four |= usable && !v6;
            six |= usable && v6;
        }
        return (four, six);
    }

    /// <summary>From now on the container asks for names: its resolv.conf says where, and its monitor answers.</summary>
    private static string? Serve(SkiffEngine engine, ContainerRecord record, ContainerState state, RunOptions options)
    {
        if (!engine.Reconciler.Liveness.IsAlive(state.Monitor) || Pidfd.TryOpen(state.Monitor.Pid) is not { } monitor)
        {
            return $"the container {record.Name} runs in the foreground of a command that serves no names: it reaches others by address, and by name after its next start";
        }
        using (monitor)
        {
            EtcFiles.WriteResolvConf(engine.Paths.Etc(record.Id), options);
            _ = monitor.Signal(Signals.SIGUSR1);
        }
        return null;
    }

    private static void AddHosts(SkiffEngine engine, ContainerRecord record, RunOptions options, NetworkEndpoint endpoint)
    {
        string path = engine.Paths.Etc(record.Id) + "/hosts";
        string hostname = options.Hostname ?? record.ShortId;
        string lines = $"{endpoint.IPv4}\t{hostname}\n{(endpoint.IPv6.Length == 0 ? "" : $"{endpoint.IPv6}\t{hostname}\n")}";
        // In place: the container sees this very file.
        using SafeFd? fd = Files.TryOpen(path, OpenFlags.O_WRONLY | OpenFlags.O_APPEND, out _);
        if (fd is not null)
        {
            _ = Files.TryWriteAll(fd.Value, Encoding.UTF8.GetBytes(lines));
        }
    }

    private static void RemoveHosts(SkiffEngine engine, ContainerRecord record, NetworkEndpoint endpoint)
    {
        string path = engine.Paths.Etc(record.Id) + "/hosts";
        if (Files.TryReadText(path, out _) is not { } text)
        {
            return;
        }
        IEnumerable<string> kept = text.Split('\n')
            .Where(l =>
                !l.StartsWith(endpoint.IPv4 + "\t", StringComparison.Ordinal)
                && (endpoint.IPv6.Length == 0 || !l.StartsWith(endpoint.IPv6 + "\t", StringComparison.Ordinal))
            );
        EtcFiles.Write(path, string.Join('\n', kept));
    }

    private static void Tell(SkiffEngine engine, ContainerRecord record, string network, string action) =>
        engine.Events.Write(
            EventType.Network,
            action,
            network == NetworkDefinition.Default ? network : engine.Networks.TryFind(network)?.Id ?? network,
            ("container", record.Id),
            ("name", network),
            ("type", "bridge")
        );
}
