using Skiff.Engine.Containers;
using Skiff.Engine.Network;
using Skiff.Engine.Plan;
using Skiff.Engine.Spec;
using Skiff.Images.Store;
using Skiff.Linux.Actions;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>The files that a start and an end of a container change outside of it, for explain. A test compares every line with what strace sees.</summary>
internal sealed class LaunchFiles(EnginePaths paths, ContainerRecord record, RunOptions options)
{
    private const string Create = "O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC";
    private readonly string _etc = paths.Etc(record.Id);

    /// <summary>A container without --name gets one when it is made.</summary>
    private readonly string _name = paths.Names + "/" + (record.Name.Length == 0 ? "NAME" : record.Name);

    /// <summary>A foreground container with --rm has its whole record in memory (docs/decisions/011).</summary>
    private bool Transient => record is { AutoRemove: true, Foreground: true };

    /// <summary>What is read to find an image.</summary>
    internal List<HostAction> Image(Image image) =>
        [
            Open($"{paths.Root}/gc.lock", "O_RDWR|O_CREAT|O_CLOEXEC", 0x180),
            Call("flock(lock, LOCK_SH)", "flock(2)"),
            Open($"{paths.Root}/index.json", "O_RDONLY|O_CLOEXEC"),
            Open($"{paths.Root}/blobs/{image.ManifestDigest.Algorithm}/{image.ManifestDigest.Hex}", "O_RDONLY|O_CLOEXEC"),
            Open($"{paths.Root}/blobs/{image.Id.Algorithm}/{image.Id.Hex}", "O_RDONLY|O_CLOEXEC"),
            Open($"{paths.Root}/chains/{image.Id.Hex}", "O_RDONLY|O_CLOEXEC"),
        ];

    /// <summary>What is made before and while the container starts.</summary>
    internal List<HostAction> Made()
    {
        string id = record.Id;
        List<HostAction> made = [];
        if (record.Foreground)
        {
            made.Add(Open(paths.Session(id), "O_RDWR|O_CREAT|O_CLOEXEC", 0x180));
        }
        made.Add(new MakeDirectory(paths.Container(id), 0x1C0));
        made.Add(Call($"symlink(\"{NameLink.TextOf(id)}\", \"{_name}\")", "symlink(2)"));
        made.Add(new MakeDirectory(paths.Upper(id)));
        made.Add(new MakeDirectory(paths.Work(id), 0x1C0));
        if (!Transient)
        {
            made.Add(Open(paths.State(id), "O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC", 0x180));
            Replace(made, paths.Record(id));
        }
        made.Add(new MakeDirectory(_etc, 0x1C0));
        foreach (string name in (ReadOnlySpan<string>)["hostname", "resolv.conf", "hosts"])
        {
            made.Add(Open($"{_etc}/{name}", Create, 0x1A4));
        }
        if (!options.Secrets.IsEmpty)
        {
            made.Add(new MakeDirectory(paths.SecretsOf(id), 0x1C0));
            foreach (string name in SecretNames())
            {
                made.Add(Call($"link(\"{paths.Secrets}/{name}\", \"{paths.SecretsOf(id)}/{name}\")", "link(2)"));
            }
        }
        made.Add(Open($"{paths.Events}/events.jsonl", "O_WRONLY|O_CREAT|O_APPEND|O_CLOEXEC", 0x180));
        if (Transient)
        {
            made.Add(Open($"{_etc}/config.json", Create, 0x180));
            Empty(made, paths.Container(id), ContainerStore.OfVolatileOverlay);
        }
        else
        {
            Replace(made, paths.Config(id));
            Replace(made, paths.State(id));
        }
        return made;
    }

    /// <summary>How an address and ports are leased: a file, a second name per address, one per port.</summary>
    internal List<HostAction> Leased(BridgeLease lease)
    {
        NetworkPaths network = new(paths.Runroot, lease.Network.Key);
        List<HostAction> made =
        [
            Open(network.Lock, "O_RDWR|O_CREAT|O_CLOEXEC", 0x180),
            Open($"{network.Owners}/{record.Id}", "O_RDWR|O_CREAT|O_CLOEXEC", 0x180),
        ];
        if (IsAsked(lease.IPv6))
        {
            made.Add(new MakeDirectory(network.Asked6, 0x1C0));
            Link($"{network.Asked6}/{lease.IPv6}");
        }
        Link($"{network.Leases}/{lease.IPv4}");
        if (!IsAsked(lease.IPv4))
        {
            made.Add(Open(network.LastAddress, "O_WRONLY|O_CREAT|O_CLOEXEC", 0x180));
        }
        foreach (string name in lease.Names)
        {
            made.Add(new MakeDirectory($"{network.Names}/{name}", 0x1C0));
            Link($"{network.Names}/{name}/{record.Id}");
        }
        foreach (string claim in Claims(lease))
        {
            made.Add(Open(network.Draft, Create, 0x180));
            made.Add(Call($"rename(\"{network.Draft}\", \"{network.Ports}/{claim}\")", "rename(2)"));
        }
        return made;

        void Link(string path) => made.Add(Call($"link(\"{network.Owners}/{record.Id}\", \"{path}\")", "link(2)"));
    }

    /// <summary>What is removed when the container has ended.</summary>
    internal List<HostAction> Removed(ContainerNetworks? networks)
    {
        List<HostAction> removed = [];
        foreach (BridgeLease lease in networks?.Leases ?? [])
        {
            NetworkPaths network = new(paths.Runroot, lease.Network.Key);
            foreach (string name in lease.Names)
            {
                removed.Add(Unlink($"{network.Names}/{name}/{record.Id}"));
                removed.Add(new RemoveDirectory($"{network.Names}/{name}"));
            }
            removed.Add(
                lease.Ports.Count > 0
                    ? Call(
                        $"rename(\"{network.Leases}/{lease.IPv4}\", \"{network.Released}/{lease.Network.Key} {lease.HostInterface}\")",
                        "rename(2)"
                    )
                    : Unlink($"{network.Leases}/{lease.IPv4}")
            );
            foreach (string claim in Claims(lease))
            {
                removed.Add(Unlink($"{network.Ports}/{claim}"));
            }
            removed.Add(Unlink($"{network.Owners}/{record.Id}"));
            if (IsAsked(lease.IPv6))
            {
                removed.Add(Unlink($"{network.Asked6}/{lease.IPv6}"));
            }
        }
        if (record.AutoRemove)
        {
            removed.Add(Unlink(_name));
            foreach (string name in SecretNames())
            {
                removed.Add(Unlink($"{paths.SecretsOf(record.Id)}/{name}"));
            }
            if (!options.Secrets.IsEmpty)
            {
                removed.Add(new RemoveDirectory(paths.SecretsOf(record.Id)));
            }
            if (!Transient)
            {
                Empty(removed, paths.Container(record.Id), ContainerStore.OfVolatileOverlay);
            }
            Remove(removed, paths.Container(record.Id), ContainerStore.OfOverlay);
            Remove(removed, _etc, ContainerStore.OfEtc);
        }
        else
        {
            Replace(removed, paths.State(record.Id));
        }
        if (record.Foreground)
        {
            removed.Add(Unlink(paths.Session(record.Id)));
        }
        return removed;
    }

    /// <summary>True for an address that was asked for: the next free one is not looked for, and one of IPv6 does not follow from the IPv4 address.</summary>
    private bool IsAsked(System.Net.IPAddress? address)
    {
        string? text = address?.ToString();
        foreach (NetworkAttachment network in options.Networks)
        {
            if (text is not null && (network.Ip4 == text || network.Ip6 == text))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>One secret may be in two places.</summary>
    private List<string> SecretNames()
    {
        List<string> names = [];
        foreach (SecretUse use in options.Secrets)
        {
            if (!names.Contains(use.Name))
            {
                names.Add(use.Name);
            }
        }
        return names;
    }

    private static void Remove(List<HostAction> actions, string directory, IReadOnlyList<(string Name, bool IsDirectory)> entries)
    {
        Empty(actions, directory, entries);
        actions.Add(new RemoveDirectory(directory));
    }

    private static void Empty(List<HostAction> actions, string directory, IReadOnlyList<(string Name, bool IsDirectory)> entries)
    {
        foreach ((string name, bool isDirectory) in entries)
        {
            actions.Add(isDirectory ? new RemoveDirectory(directory + name) : Unlink(directory + name));
        }
    }

    /// <summary>A port has one file, however many addresses of the host it is published on.</summary>
    private static List<string> Claims(BridgeLease lease)
    {
        List<string> claims = [];
        foreach (PublishedPort port in lease.Ports)
        {
            string claim = $"{port.Protocol}-{port.HostPort}";
            if (!claims.Contains(claim))
            {
                claims.Add(claim);
            }
        }
        return claims;
    }

    /// <summary>Nobody ever reads half a file: it is written under another name and renamed.</summary>
    private static void Replace(List<HostAction> actions, string path)
    {
        actions.Add(Open(path + ".tmp", "O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC", 0x180));
        actions.Add(Call($"rename(\"{path}.tmp\", \"{path}\")", "rename(2)"));
    }

    private static LauncherCall Open(string path, string flags, uint mode = 0) =>
        Call($"openat(AT_FDCWD, \"{path}\", {flags}{(mode == 0 ? "" : $", 0{Convert.ToString(mode, 8)}")})", "openat(2)");

    private static LauncherCall Unlink(string path) => Call($"unlink(\"{path}\")", "unlink(2)");

    private static LauncherCall Call(string text, string page) => new(text, page);
}
