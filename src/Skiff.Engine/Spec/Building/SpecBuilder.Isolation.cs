using Skiff.Linux;

namespace Skiff.Engine.Spec;

public sealed partial class SpecBuilder
{
    private List<NamespaceSpec> Namespaces(out ValueList<IdMapping> uidMap, out ValueList<IdMapping> gidMap)
    {
        List<NamespaceSpec> result = [new NamespaceSpec("mount")];
        Add("pid", "pid", _o.Pid);
        Add("ipc", "ipc", _o.Ipc);
        // With the host's network docker keeps an own UTS namespace that carries the host's name.
        Add("uts", "uts", _o.Uts);
        NetworkAttachment network = _o.Networks.IsEmpty ? new NetworkAttachment() : _o.Networks[0];
        Add(
            "network",
            "net",
            network.Kind switch
            {
                NetworkKind.Host => new NamespaceMode(NamespaceKind.Host),
                NetworkKind.Container => new NamespaceMode(NamespaceKind.Container, network.Target),
                NetworkKind.Path => new NamespaceMode(NamespaceKind.Path, network.Target),
                _ => default,
            }
        );
        Add("cgroup", "cgroup", _o.Cgroupns);
        uidMap = default;
        gidMap = default;
        bool mapped = !_o.UidMap.IsEmpty || !_o.GidMap.IsEmpty || (_o.SubUidName ?? _o.SubGidName) is not null;
        switch (_o.Userns.Kind)
        {
            case NamespaceKind.Container when _c.Peer(_o.Userns.Target).OwnUsers:
            case NamespaceKind.Path:
                Add("user", "user", _o.Userns);
                break;
            case NamespaceKind.Container: // the other has the host's
            case NamespaceKind.Host:
            case NamespaceKind.Default when !mapped:
                break;
            default:
                result.Add(new NamespaceSpec("user"));
                (uidMap, gidMap) = new UserNamespaceMaps(_o, _c).Choose();
                break;
        }
        return result;

        void Add(string type, string file, NamespaceMode mode)
        {
            switch (mode.Kind)
            {
                case NamespaceKind.Host:
                    return;
                case NamespaceKind.Container:
                    result.Add(new NamespaceSpec(type, $"/proc/{_c.Peer(mode.Target).Pid}/ns/{file}"));
                    return;
                case NamespaceKind.Path:
                    result.Add(new NamespaceSpec(type, mode.Target));
                    return;
                default:
                    result.Add(new NamespaceSpec(type));
                    return;
            }
        }
    }

    /// <summary>Kernel parameters that belong to one of the container's own namespaces; all others are the host's (NET-15, runc's rules).</summary>
    private ValueList<NameValue> Sysctls(List<NamespaceSpec> namespaces, ValueList<IdMapping> gids)
    {
        List<NameValue> result = [];
        bool ownNetwork = Has(namespaces, "network");
        if (ownNetwork && (_o.Networks.IsEmpty || _o.Networks[0].Kind is not (NetworkKind.Container or NetworkKind.Path)))
        {
            // docker's two: ping without a capability, and low ports for users who are not root.
            if (UserNamespaceMaps.LastFrom(gids, 0) is { } last)
            {
                Default("net.ipv4.ping_group_range", $"0 {last}");
            }
            Default("net.ipv4.ip_unprivileged_port_start", "0");
        }
        foreach (NameValue sysctl in _o.Sysctls)
        {
            string name = sysctl.Name.Replace('/', '.');
            string? needs =
                name.StartsWith("net.", StringComparison.Ordinal) ? "network"
                : name.StartsWith("fs.mqueue.", StringComparison.Ordinal) ? "ipc"
                : name switch
                {
                    "kernel.msgmax"
                    or "kernel.msgmnb"
                    or "kernel.msgmni"
                    or "kernel.sem"
                    or "kernel.shmall"
                    or "kernel.shmmax"
                    or "kernel.shmmni"
                    or "kernel.shm_rmid_forced" => "ipc",
                    "kernel.domainname" => "uts",
                    _ => null,
                };
            if (needs is null || sysctl.Name.Contains("..", StringComparison.Ordinal))
            {
                throw OptionValue.Wrong(
                    "sysctl",
                    sysctl.ToString(),
                    name == "kernel.hostname"
                        ? "the host name is set with --hostname"
                        : "it is a parameter of the whole host; only net.*, fs.mqueue.*, kernel.msg*, kernel.sem and kernel.shm* belong to a container"
                );
            }
            if (!Has(namespaces, needs))
            {
                throw OptionValue.Wrong(
                    "sysctl",
                    sysctl.ToString(),
                    $"the container shares the host's {needs} namespace, so this would change the host"
                );
            }
            result.Add(sysctl);
        }
        return [.. result];

        void Default(string name, string value)
        {
            foreach (NameValue asked in _o.Sysctls)
            {
                if (asked.Name.Replace('/', '.') == name)
                {
                    return;
                }
            }
            result.Add(new NameValue(name, value));
        }
    }

    private ValueList<string> Hidden()
    {
        List<string> paths =
            _o.Privileged || _o.Security.SystemPathsUnconfined ? [] : Unmask(DefaultSpec.MaskedPaths(_c.Host.ThermalThrottleProcessors));
        paths.AddRange(_o.Security.Mask);
        return [.. paths];
    }

    private ValueList<string> ReadOnlyPaths() =>
        _o.Privileged || _o.Security.SystemPathsUnconfined ? default : [.. Unmask(DefaultSpec.ReadonlyPaths())];

    private List<string> Unmask(List<string> paths)
    {
        foreach (string pattern in _o.Security.Unmask)
        {
            paths.RemoveAll(path => pattern == "ALL" || Matches(pattern, path));
        }
        return paths;
    }

    /// <summary>Shell patterns with <c>*</c> for any run of characters but a slash.</summary>
    private static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> path)
    {
        int star = pattern.IndexOf('*');
        if (star < 0)
        {
            return pattern.SequenceEqual(path);
        }
        if (!path.StartsWith(pattern[..star]))
        {
            return false;
        }
        ReadOnlySpan<char> rest = path[star..];
        for (int i = 0; i <= rest.Length; i++)
        {
            if (Matches(pattern[(star + 1)..], rest[i..]))
            {
                return true;
            }
            if (i < rest.Length && rest[i] == '/')
            {
                return false;
            }
        }
        return false;
    }
}
