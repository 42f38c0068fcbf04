using Skiff.Engine.Containers;
using Skiff.Engine.Events;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Network;

/// <summary>The users' networks: a file each in root/networks, which appears and goes in one piece. A network of which no container uses anything is nothing but its file.</summary>
public sealed class NetworkStore
{
    private const uint Private = 0x1C0; // 0700
    private const string Suffix = ".json";
    private const string Growing = ".new-"; // no network's name begins with a dot
    private readonly EnginePaths _paths;
    private readonly EventLog _events;

    /// <summary>Opens the store; its directory is made with the first network.</summary>
    public NetworkStore(EnginePaths paths, EventLog events)
    {
        _paths = paths;
        _events = events;
    }

    /// <summary>Names that mean something else.</summary>
    public static IReadOnlyList<string> BuiltIn { get; } = ["bridge", "host", "none"];

    /// <summary><c>--root</c>.</summary>
    internal string Root => _paths.Root;

    private string Place => _paths.Root + "/networks";

    /// <summary>Makes a network. Its bridge comes with its first container.</summary>
    /// <param name="asked">What is wanted.</param>
    /// <exception cref="SkiffException">The name is taken, an address is, or something is wrong.</exception>
    public NetworkDefinition Create(NetworkRequest asked)
    {
        CheckName(asked.Name);
        if (asked.Driver is not "bridge")
        {
            throw new SkiffException(
                $"there is no network driver {asked.Driver}: only bridge exists; --network host and none need no network to be created"
            );
        }
        Dictionary<string, string> options = NetworkOptions.Check(asked.Options);
        // Whoever chooses a subnet must see those that others have chosen.
        _ = Files.TryMakeDirectory(_paths.Runroot, Private);
        NetworkPaths shared = new(_paths.Runroot, NetworkDefinition.Default);
        _ = Files.TryMakeDirectory(shared.All, Private);
        using FileLock locked = FileLock.Acquire(shared.Lock);
        if (TryFind(asked.Name) is not null)
        {
            throw Exists(asked.Name);
        }
        string id = RandomBytes.Hex(32);
        List<NetworkDefinition> others = [.. List()];
        if (NetworkDefinition.TryRead(shared.Definition) is { } first)
        {
            others.Add(first);
        }
        string bridge = NetworkOptions.BridgeOf(options) ?? "br-" + id[..12];
        if (others.Find(o => o.Bridge == bridge) is { } same)
        {
            throw new SkiffException($"the bridge {bridge} is that of the network {same.Name}");
        }
        NetworkDefinition network = new AddressPlan(asked, others).Make(bridge) with
        {
            Id = id,
            Created = TimeProvider.System.GetUtcNow(),
            Internal = asked.Internal,
            Labels = asked.Labels,
            Options = options,
        };
        Write(network);
        _events.Write(EventType.Network, "create", id, ("name", network.Name), ("type", "bridge"));
        return network;
    }

    /// <summary>The network of that name, full id or unique beginning of an id.</summary>
    public NetworkDefinition Find(string nameOrId, int exitCode = 1) => TryFindAny(nameOrId) ?? throw NotFound(nameOrId, exitCode);

    /// <summary>The same; null when there is none. An ambiguous beginning is an error.</summary>
    public NetworkDefinition? TryFindAny(string nameOrId)
    {
        if (TryFind(nameOrId) is { } named)
        {
            return named;
        }
        if (nameOrId.Length == 0)
        {
            return null;
        }
        List<NetworkDefinition> found = [.. List().Where(n => n.Id.StartsWith(nameOrId, StringComparison.Ordinal))];
        return found.Count < 2
            ? found.FirstOrDefault()
            : throw new SkiffException($"several networks have ids that begin with {nameOrId}: give more digits");
    }

    /// <summary>The network of that name, or null.</summary>
    public NetworkDefinition? TryFind(string name) => MountGrammar.IsName(name) ? NetworkDefinition.TryRead(PathOf(name)) : null;

    /// <summary>All networks, by name.</summary>
    public IReadOnlyList<NetworkDefinition> List()
    {
        List<NetworkDefinition> networks = [];
        foreach (string name in Tree.Names(Place))
        {
            if (name[0] != '.' && NetworkDefinition.TryRead($"{Place}/{name}") is { } network)
            {
                networks.Add(network);
            }
        }
        networks.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return networks;
    }

    /// <summary>The default network as it is, or was when it was up last; null before the first time since the host was started.</summary>
    public NetworkDefinition? DefaultNetwork =>
        NetworkDefinition.TryRead(new NetworkPaths(_paths.Runroot, NetworkDefinition.Default).Definition);

    /// <summary>What containers hold in a network now.</summary>
    public IReadOnlyList<LeaseFile> Leases(NetworkDefinition network) =>
        new LeaseStore(new NetworkPaths(_paths.Runroot, network.Key)).All();

    /// <summary>Removes a network with all that is up of it. Containers that do not run may still name it; their next start is refused.</summary>
    /// <param name="network">The network.</param>
    /// <param name="nameOf">The name of the container with an id, for the sentence that refuses.</param>
    /// <param name="settle">Gives back what containers hold that ended without a word; asked when something is in the way.</param>
    /// <exception cref="SkiffException">A container is connected with it.</exception>
    public void Remove(NetworkDefinition network, Func<string, string?> nameOf, Action settle)
    {
        NetworkPaths paths = new(_paths.Runroot, network.Key);
        if (new LeaseStore(paths).Any() == true)
        {
            settle();
        }
        _ = Files.TryMakeDirectory(_paths.Runroot, Private);
        _ = Files.TryMakeDirectory(paths.All, Private);
        using (FileLock.Acquire(paths.Lock))
        {
            IReadOnlyList<LeaseFile> leases = new LeaseStore(paths).All();
            if (leases.Count > 0)
            {
                string who = string.Join(", ", leases.Select(l => nameOf(l.ContainerId) ?? l.ContainerId[..12]));
                throw new SkiffException(
                    $"the network {network.Name} is in use by {who}: stop {(leases.Count == 1 ? "it" : "them")} or disconnect {(leases.Count == 1 ? "it" : "them")} first"
                );
            }
            if (!IsRecorded(network))
            {
                throw NotFound(network.Name, 1);
            }
            int errno = Files.TryRemove(PathOf(network.Name));
            if (errno is not (0 or Errno.ENOENT))
            {
                throw new LinuxException("unlink", PathOf(network.Name), errno);
            }
        }
        BridgeNetwork.Open(_paths.Runroot, network, this).TakeDown();
        _events.Write(EventType.Network, "destroy", network.Id, ("name", network.Name), ("type", "bridge"));
    }

    /// <summary>The error for a network that does not exist, with the name that may have been meant.</summary>
    public SkiffException NotFound(string name, int exitCode)
    {
        string? near = Suggestion.Nearest(name, [.. List().Select(static n => n.Name), .. BuiltIn]);
        return new SkiffException(
            $"network {name} not found{(near is null ? ": create it with 'skiff network create " + name + "'" : $"; did you mean {near}?")}",
            exitCode
        );
    }

    internal static SkiffException Missing(string name, int exitCode) => new($"network {name} not found: it was removed", exitCode);

    /// <summary>True while this very network is there, and not another one of its name.</summary>
    internal bool IsRecorded(NetworkDefinition network) => NetworkDefinition.TryRead(PathOf(network.Name))?.Id == network.Id;

    /// <summary>The IPv4 subnets of all of them.</summary>
    internal IReadOnlyList<Subnet> Subnets()
    {
        IReadOnlyList<NetworkDefinition> networks = List();
        Subnet[] subnets = new Subnet[networks.Count];
        for (int i = 0; i < subnets.Length; i++)
        {
            subnets[i] = networks[i].IPv4;
        }
        return subnets;
    }

    private string PathOf(string name) => $"{Place}/{name}{Suffix}";

    private static SkiffException Exists(string name) => new($"network with name {name} already exists");

    private static void CheckName(string name)
    {
        if (BuiltIn.Contains(name) || name == "default")
        {
            throw new SkiffException($"{name} is the name of a network that is always there: choose another one");
        }
        if (!MountGrammar.IsName(name) || name.Length > 128)
        {
            throw new SkiffException(
                $"\"{name}\" cannot name a network: at most 128 letters, digits, _, . and - are, beginning with a letter or a digit"
            );
        }
    }

    private void Write(NetworkDefinition network)
    {
        if (Files.TryMakeDirectory(Place, Private) == Errno.ENOENT)
        {
            Directory.CreateDirectory(_paths.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            _ = Files.TryMakeDirectory(Place, Private);
        }
        // Whatever the run directory: one at a time, so that all that is growing was left by somebody who was killed.
        using FileLock? alone = FileLock.AcquireDirectory(Place);
        foreach (string name in Tree.Names(Place))
        {
            if (name.StartsWith(Growing, StringComparison.Ordinal))
            {
                _ = Files.TryRemove($"{Place}/{name}");
            }
        }
        string growing = $"{Place}/{Growing}{network.Id[..16]}";
        try
        {
            using (SafeFd fd = Files.Open(growing, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, 0x180))
            {
                Files.WriteAll(fd, network.Write(), growing);
                _ = At.Sync(fd.Value);
            }
            int errno = At.Rename(Files.AtCwd, CString.Encode(growing), Files.AtCwd, CString.Encode(PathOf(network.Name)), noReplace: true);
            if (errno != 0)
            {
                throw errno == Errno.EEXIST ? Exists(network.Name) : new LinuxException("make the network", PathOf(network.Name), errno);
            }
        }
        finally
        {
            _ = Files.TryRemove(growing);
        }
        using SafeFd directory = Files.Open(Place, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        _ = At.Sync(directory.Value);
    }
}
