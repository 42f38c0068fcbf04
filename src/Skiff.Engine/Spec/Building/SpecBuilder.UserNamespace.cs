using Skiff.Engine.Rootless;
using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <content>What is different in a user namespace of the container's own.</content>
public sealed partial class SpecBuilder
{
    /// <summary>What is the engine's, and volumes, have on disk the ids that the container sees: they are mounted with its map.</summary>
    private MountSpec Mapped(MountSpec mount, ValueList<IdMapping> uidMap, ValueList<IdMapping> gidMap) =>
        uidMap.IsEmpty || _c.Host.Rootless
            ? mount
            : mount with
            {
                Options = mount.Options.Add("idmap"),
                UidMappings = uidMap,
                GidMappings = gidMap,
            };

    /// <summary>The user must be in the map; groups of the image that are not give no rights to anything, so they are left out.</summary>
    private ResolvedUser Mapped(ResolvedUser user, ValueList<IdMapping> uidMap, ValueList<IdMapping> gidMap)
    {
        if (uidMap.IsEmpty)
        {
            return user;
        }
        if (!UserNamespaceMaps.Contains(uidMap, user.Uid) || !UserNamespaceMaps.Contains(gidMap, user.Gid))
        {
            throw new SkiffException(
                $"the container's user {user.Uid}:{user.Gid} is not in its id map: choose another with --user, or "
                    + (_c.Host.Rootless ? UserIdMap.MoreIds : "map more ids with --uidmap and --gidmap"),
                125
            );
        }
        ValueList<uint> groups = UserNamespaceMaps.Only(gidMap, user.AdditionalGids);
        // The only id of an ordinary user without others: every image's root is in groups that are not there.
        bool single = _c.Host.Rootless && gidMap is [{ Size: 1 }];
        if (groups.Count < user.AdditionalGids.Count && !single)
        {
            _warnings.Add(
                $"{user.AdditionalGids.Count - groups.Count} groups of the container's user are not in its id map and are left out"
            );
        }
        return user with { AdditionalGids = groups };
    }

    /// <summary>
    /// Inside of a user namespace a file system of a kind of namespace can only be mounted where that namespace belongs to it, user_namespaces(7):
    /// proc with the pid namespace, sysfs with the network namespace, mqueue with the ipc namespace. Otherwise the one that is there is lent.
    /// An ordinary user's containers without maps of their own are in one user namespace, to which the namespaces of all of them belong.
    /// </summary>
    private void AdaptToUserNamespace(List<MountSpec> mounts, List<NamespaceSpec> namespaces, ValueList<IdMapping> gidMap, bool own)
    {
        Lend("/proc", "proc", "pid", _o.Pid);
        Lend("/sys", "sysfs", "network", _o.Networks.IsEmpty ? default : NamespaceOf(_o.Networks[0]));
        Lend("/dev/mqueue", "mqueue", "ipc", _o.Ipc);
        int terminals = mounts.FindIndex(static mount => mount.Type == "devpts");
        if (terminals >= 0 && !UserNamespaceMaps.Contains(gidMap, 5))
        {
            mounts[terminals] = mounts[terminals] with
            {
                Options = [.. mounts[terminals].Options.Where(static option => option != "gid=5")],
            };
        }

        void Lend(string path, string type, string kind, NamespaceMode mode)
        {
            int at = mounts.FindIndex(mount => mount.Destination == path && mount.Type == type);
            if (at < 0 || namespaces.Exists(item => item.Type == kind && item.Path is null))
            {
                return;
            }
            if (!own && mode.Kind == NamespaceKind.Container && !_c.Peer(mode.Target).OwnUsers)
            {
                return;
            }
            if (type == "mqueue" && mode.Kind != NamespaceKind.Container && !_c.Host.HasMessageQueues)
            {
                mounts.RemoveAt(at); // the host does not use it
                return;
            }
            string root = mode.Kind == NamespaceKind.Container ? $"/proc/{_c.Peer(mode.Target).Pid}/root" : "";
            List<string> options = ["rbind", "rprivate"];
            foreach (string option in mounts[at].Options)
            {
                options.Add(option == "ro" ? "rro" : option);
            }
            mounts[at] = mounts[at] with { Type = "bind", Source = root + path, Options = [.. options] };
        }
    }

    private static NamespaceMode NamespaceOf(NetworkAttachment network) =>
        network.Kind switch
        {
            NetworkKind.Host => new NamespaceMode(NamespaceKind.Host),
            NetworkKind.Container => new NamespaceMode(NamespaceKind.Container, network.Target),
            NetworkKind.Path => new NamespaceMode(NamespaceKind.Path, network.Target),
            _ => default,
        };
}
