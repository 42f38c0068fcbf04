using Skiff.Linux;

namespace Skiff.Engine.Spec;

public sealed partial class RunOptionsBuilder
{
    /// <summary>docker's smallest memory limit: below it nothing starts.</summary>
    private const long MinimumMemory = 6 << 20;

    /// <summary>Puts the flags together with the words of the command line and refuses combinations that contradict each other.</summary>
    /// <param name="image">The image; null with <c>--rootfs</c>.</param>
    /// <param name="arguments">The words after it.</param>
    public RunOptions Build(string? image, ReadOnlySpan<string> arguments)
    {
        RunOptions o = _o with
        {
            Image = image,
            Arguments = new ValueList<string>(arguments.ToArray()),
            Environment = MergeEnvironment(),
            Labels = MergeLabels(),
            Mounts = [.. _mounts[0], .. _mounts[1], .. _mounts[2]],
            Networks = MergeNetworks(),
        };
        if ((image is null) == (o.Rootfs is null))
        {
            throw new SkiffException(
                image is null ? "an image is missing" : $"--rootfs {o.Rootfs} and the image {image} exclude each other",
                125
            );
        }
        CheckProcess(o);
        CheckNetwork(o);
        CheckResources(o);
        CheckMounts(o);
        SecretGrammar.Check(o.Secrets);
        return o;
    }

    private ValueList<EnvironmentEntry> MergeEnvironment()
    {
        List<EnvironmentEntry> result = [];
        Dictionary<string, int> places = [];
        foreach (NameValue pair in _env)
        {
            Put(new EnvironmentEntry(pair.Name, pair.Value));
        }
        foreach (EnvironmentEntry entry in _given)
        {
            Put(entry);
        }
        foreach (string name in _unset)
        {
            if (!places.ContainsKey(name))
            {
                Put(new EnvironmentEntry(name, null));
            }
        }
        return [.. result];

        void Put(EnvironmentEntry entry)
        {
            if (places.TryGetValue(entry.Name, out int place))
            {
                result[place] = entry;
            }
            else
            {
                places[entry.Name] = result.Count;
                result.Add(entry);
            }
        }
    }

    private ValueList<NameValue> MergeLabels()
    {
        ValueList<NameValue> result = default;
        foreach (NameValue label in (List<NameValue>)[.. _fileLabels, .. _labels])
        {
            result = Put(result, label);
        }
        return result;
    }

    private ValueList<NetworkAttachment> MergeNetworks()
    {
        if (_ip is null && _ip6 is null && _mac is null && _aliases.Count == 0 && _linkLocal.Count == 0)
        {
            return _o.Networks;
        }
        // docker: the old single flags belong to the first network.
        NetworkAttachment[] networks = _o.Networks.IsEmpty ? [new NetworkAttachment()] : _o.Networks.AsSpan().ToArray();
        NetworkAttachment first = networks[0];
        if (
            (_ip is not null && first.Ip4 is not null)
            || (_ip6 is not null && first.Ip6 is not null)
            || (_mac is not null && first.MacAddress is not null)
        )
        {
            throw new SkiffException("an address is given twice: in --network and by a flag of its own", 125);
        }
        networks[0] = first with
        {
            Ip4 = _ip ?? first.Ip4,
            Ip6 = _ip6 ?? first.Ip6,
            MacAddress = _mac ?? first.MacAddress,
            Aliases = [.. first.Aliases.AsSpan(), .. _aliases],
            LinkLocalIps = [.. first.LinkLocalIps.AsSpan(), .. _linkLocal],
        };
        return new ValueList<NetworkAttachment>(networks);
    }

    private static void CheckProcess(RunOptions o)
    {
        Conflict(o.Remove && o.Restart.Mode != RestartMode.No, "--rm", "--restart");
        Conflict(o.Detach && o.Attach != StandardStreams.None, "--detach", "--attach");
        bool health =
            o.HealthCommand is not null
            || o.HealthInterval is not null
            || o.HealthTimeout is not null
            || o.HealthRetries is not null
            || o.HealthStartPeriod is not null;
        Conflict(o.NoHealthcheck && health, "--no-healthcheck", "--health-*");
        Conflict(o.Hostname is not null && o.Uts.Kind == NamespaceKind.Host, "--hostname", "--uts host");
        Conflict(o.Domainname is not null && o.Uts.Kind == NamespaceKind.Host, "--domainname", "--uts host");
        Conflict(o.Privileged && o.Userns.Kind is NamespaceKind.Auto, "--privileged", "--userns auto");
        Conflict(
            !(o.UidMap.IsEmpty && (o.SubUidName ?? o.SubGidName) is null)
                && o.Userns.Kind is NamespaceKind.Host or NamespaceKind.Container or NamespaceKind.Path,
            "--uidmap",
            "--userns"
        );
        if (o.Ipc.Kind is NamespaceKind.Host or NamespaceKind.Container or NamespaceKind.None && o.ShmSize is not null)
        {
            throw new SkiffException(
                $"--shm-size has no effect with --ipc {OptionGrammar.Format(o.Ipc)}, whose /dev/shm is another one",
                125
            );
        }
    }

    private static void CheckNetwork(RunOptions o)
    {
        bool own = true;
        foreach (NetworkAttachment network in o.Networks)
        {
            if (network.Kind is NetworkKind.Bridge or NetworkKind.Named)
            {
                continue;
            }
            own = false;
            string name = NetworkGrammar.Format(network with { Aliases = default, Ip4 = null, Ip6 = null, MacAddress = null });
            if (o.Networks.Count > 1)
            {
                throw new SkiffException($"--network {name} cannot be combined with another network", 125);
            }
            Conflict(network.Ip4 is not null || network.Ip6 is not null, "--ip", "--network " + name);
            Conflict(network.MacAddress is not null, "--mac-address", "--network " + name);
            Conflict(!network.Aliases.IsEmpty, "--network-alias", "--network " + name);
            if (network.Kind is NetworkKind.Container or NetworkKind.Path)
            {
                Conflict(o.Hostname is not null && network.Kind == NetworkKind.Container, "--hostname", "--network " + name);
                Conflict(!o.Ports.IsEmpty || o.PublishAll, "--publish", "--network " + name);
                Conflict(!o.Expose.IsEmpty && network.Kind == NetworkKind.Container, "--expose", "--network " + name);
                Conflict(!o.AddHost.IsEmpty && network.Kind == NetworkKind.Container, "--add-host", "--network " + name);
                Conflict(!o.Dns.IsEmpty && network.Kind == NetworkKind.Container, "--dns", "--network " + name);
                Conflict(!o.Links.IsEmpty, "--link", "--network " + name);
            }
        }
        for (int i = 0; i < o.Networks.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (o.Networks[i].Kind == o.Networks[j].Kind && o.Networks[i].Target == o.Networks[j].Target)
                {
                    throw new SkiffException(
                        $"the network {NetworkGrammar.Format(new NetworkAttachment { Kind = o.Networks[i].Kind, Target = o.Networks[i].Target })} is given twice",
                        125
                    );
                }
            }
        }
        if (!own && !o.Links.IsEmpty)
        {
            throw new SkiffException("--link needs a bridge network", 125);
        }
    }

    private static void CheckResources(RunOptions o)
    {
        if (o.MemoryReservation is > 0 and < MinimumMemory)
        {
            throw OptionValue.Wrong(
                "memory-reservation",
                ByteSize.Format(o.MemoryReservation.Value),
                "the smallest possible value is 6m",
                ofDaemon: true
            );
        }
        if (o.Memory is long memory)
        {
            if (memory < MinimumMemory)
            {
                throw OptionValue.Wrong("memory", ByteSize.Format(memory), "the smallest possible value is 6m", ofDaemon: true);
            }
            if (o.MemorySwap is > 0 && o.MemorySwap < memory)
            {
                throw OptionValue.Wrong(
                    "memory-swap",
                    ByteSize.Format(o.MemorySwap.Value),
                    "it is memory plus swap and so cannot be below --memory"
                );
            }
            if (o.MemoryReservation > memory)
            {
                throw OptionValue.Wrong("memory-reservation", ByteSize.Format(o.MemoryReservation.Value), "it cannot be above --memory");
            }
        }
        else if (o.MemorySwap is > 0)
        {
            throw new SkiffException("--memory-swap needs --memory: it is the sum of memory and swap");
        }
        Conflict(o.NanoCpus is not null && o.CpuQuota is not null, "--cpus", "--cpu-quota");
        Conflict(o.NanoCpus is not null && o.CpuPeriod is not null, "--cpus", "--cpu-period");
    }

    /// <summary>The same words twice ask for one mount, as in docker.</summary>
    private static void Add(List<ContainerMount> mounts, ContainerMount mount)
    {
        if (!mounts.Contains(mount))
        {
            mounts.Add(mount);
        }
    }

    private static void CheckMounts(RunOptions o)
    {
        HashSet<string> targets = [];
        foreach (ContainerMount mount in o.Mounts)
        {
            if (!targets.Add(mount.Target))
            {
                throw new SkiffException($"two mounts have the target {mount.Target}: each path in the container can be mounted once", 125);
            }
        }
    }

    private static void Conflict(bool both, string first, string second)
    {
        if (both)
        {
            throw new SkiffException($"{first} and {second} exclude each other", 125);
        }
    }
}
