using Skiff.Engine.Plan;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Engine.Volumes;
using Skiff.Linux;
using Skiff.Linux.Actions;
using Skiff.Linux.FileTree;
using Skiff.Linux.Mounts;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Launch;

/// <summary>
/// Mount trees that the host makes before the container is born, because the container may not: in a user namespace nobody may enter the store, which is 0700
/// (CVE-2021-41103); id-mapped mounts need the host's rights; a part of a volume must be looked up without following the container's links out of it; NFS is
/// mounted in the host's network. The container inherits them as descriptors.
/// </summary>
/// <remarks>
/// Files of images, containers and volumes belong on disk to the ids that they have in the container: layers, the writable layer and volumes are mounted with mapped ids
/// (mount_setattr(2), MOUNT_ATTR_IDMAP; overlayfs takes such layers since Linux 5.19), so nothing is copied or changed, and a container may get other ids when it is started again.
/// </remarks>
internal sealed partial class LentMounts : IDisposable
{
    private const int DryRoot = -20;
    private const int DryTree = -21;

    private readonly SkiffEngine _engine;
    private readonly PreparedContainer _container;
    private readonly IReadOnlyList<string> _layers;
    private readonly RuntimeSpec _spec;
    private readonly bool _userNamespace;
    private readonly List<HostAction> _calls = [];
    private readonly List<HostAction> _privateCalls = [];
    private readonly List<HostAction> _viewCalls = [];
    private readonly List<SafeFd> _held = [];
    private readonly Dictionary<string, SafeFd?> _maps = new(StringComparer.Ordinal);
    private readonly SafeFd?[] _trees;
    private readonly bool[] _lent;
    private SafeFd? _root;

    private LentMounts(SkiffEngine engine, PreparedContainer container, IReadOnlyList<string> layers)
    {
        _layers = layers;
        _engine = engine;
        _container = container;
        _spec = container.Result.Spec;
        _userNamespace = OwnUserNamespace(_spec);
        _trees = new SafeFd?[_spec.Mounts.Count];
        _lent = new bool[_spec.Mounts.Count];
    }

    /// <summary>The user namespace is new, not another container's.</summary>
    internal static bool OwnUserNamespace(RuntimeSpec spec) => spec.Linux.Namespace("user") is { Path: null };

    /// <summary>What the host has to make for a container; null for nothing, which is the rule.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="container">The container.</param>
    /// <param name="layers">The layers of its root, relative to the store, bottom first.</param>
    internal static LentMounts? Plan(SkiffEngine engine, PreparedContainer container, IReadOnlyList<string> layers)
    {
        bool any = OwnUserNamespace(container.Result.Spec) || container.Options.Ipc.Kind == NamespaceKind.Container;
        foreach (AskedMount asked in container.Result.Asked)
        {
            any |=
                asked.Volume is not null
                || asked.Spec.Type == "overlay"
                || asked.Mount.Subpath.Length > 0
                || !asked.Spec.UidMappings.IsEmpty
                || !asked.Spec.GidMappings.IsEmpty;
        }
        if (!any)
        {
            return null;
        }
        LentMounts mounts = new(engine, container, layers);
        mounts.Build();
        return mounts._userNamespace || Array.IndexOf(mounts._lent, true) >= 0 ? mounts : null;
    }

    /// <summary>Makes all of it, on a thread of its own: its mount namespace, working directory and identity are not the engine's.</summary>
    internal LentTrees Make()
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                _calls.ForEach(static call => call.Run());
                if (_privateCalls.Count + _viewCalls.Count > 0)
                {
                    MountTree.EnterPrivateNamespace();
                    _privateCalls.ForEach(static call => call.Run());
                    _viewCalls.ForEach(static call => call.Run());
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            Dispose();
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
        return Made();
    }

    /// <summary>The same with placeholders, for explain.</summary>
    internal LentTrees Describe()
    {
        LentTree?[] trees = new LentTree?[_trees.Length];
        for (int i = 0; i < trees.Length; i++)
        {
            bool file = _spec.Mounts[i] is { IsBind: true, Source: { } source } && File.Exists(source);
            trees[i] = _lent[i] ? new LentTree(DryTree - i, !file) : null;
        }
        return Result(_userNamespace ? DryRoot : null, trees);
    }

    private LentTrees Made()
    {
        LentTree?[] trees = new LentTree?[_trees.Length];
        for (int i = 0; i < trees.Length; i++)
        {
            if (_trees[i] is { } tree)
            {
                bool directory = At.Stat(tree.Value, out StatxBuffer stat) == 0 && (stat.Mode & At.S_IFMT) == At.S_IFDIR;
                trees[i] = new LentTree(tree.Value, directory);
            }
        }
        return Result(_root?.Value, trees);
    }

    private LentTrees Result(int? root, LentTree?[] trees)
    {
        List<HostAction> calls = [.. _calls];
        if (_privateCalls.Count + _viewCalls.Count > 0)
        {
            calls.Add(new LauncherCall("unshare(CLONE_FS|CLONE_NEWNS)", "unshare(2)"));
            calls.Add(new LauncherCall("mount(NULL, \"/\", NULL, MS_REC|MS_PRIVATE, NULL)", "mount_namespaces(7)"));
            calls.AddRange(_privateCalls);
            calls.AddRange(_viewCalls);
        }
        return new LentTrees(root, trees, calls);
    }

    private void Build()
    {
        if (_userNamespace)
        {
            if (RootlessUser.Current is null)
            {
                string map = Map(_spec.Linux.UidMappings, _spec.Linux.GidMappings);
                View(map, _engine.Paths.Container(_container.Record.Id));
                Root(map);
            }
            else
            {
                // The owners of what is mounted are the container's already: MappedLayer.
                _viewCalls.Add(
                    new MountCall($"chdir(\"{_engine.Paths.Root}\")", "chdir(2)", () => MountTree.ChangeDirectory(_engine.Paths.Root))
                );
                Root(null);
            }
        }
        for (int i = 0; i < _spec.Mounts.Count; i++)
        {
            MountSpec mount = _spec.Mounts[i];
            AskedMount? asked = AskedOf(mount);
            VolumeUse? use = asked?.Volume;
            LocalDriver? driver = use is null ? null : LocalDriver.Of((_engine.Volumes.TryFind(use.Name) ?? Asked(use)).Options);
            string subpath = asked?.Mount.Subpath ?? "";
            if (mount.Type == "overlay")
            {
                // A container's own root covers the directory in which the throw-away layer is.
                Overlay(i, mount, subpath);
            }
            else if (mount.IsBind && PeerOf(mount.Source) is (int peer, string path))
            {
                Peer(i, mount, peer, path);
            }
            else if (mount.IsBind && driver is { IsBind: false })
            {
                Device(i, mount, use!, driver);
            }
            else if (
                mount.IsBind
                && (_userNamespace || subpath.Length > 0 || driver is not null || !mount.UidMappings.IsEmpty || !mount.GidMappings.IsEmpty)
            )
            {
                Bind(i, mount, asked, driver);
            }
        }
    }

    /// <summary>What is in another container: <c>/proc/PID/root/…</c>. A mount can only be cloned in its own mount namespace, open_tree(2).</summary>
    private static (int Pid, string Path)? PeerOf(string? source)
    {
        if (source?.StartsWith("/proc/", StringComparison.Ordinal) != true)
        {
            return null;
        }
        int slash = source.IndexOf('/', 6);
        return slash > 6 && source.AsSpan(slash).StartsWith("/root/") && int.TryParse(source.AsSpan(6, slash - 6), out int pid)
            ? (pid, source[(slash + 5)..])
            : null;
    }

    private AskedMount? AskedOf(MountSpec mount)
    {
        foreach (AskedMount asked in _container.Result.Asked)
        {
            if (ReferenceEquals(asked.Spec, mount))
            {
                return asked;
            }
        }
        return null;
    }

    private static Volume Asked(VolumeUse use)
    {
        Dictionary<string, string> options = [];
        foreach (NameValue option in use.Mount.DriverOptions)
        {
            options[option.Name] = option.Value;
        }
        return new Volume { Name = use.Name, Options = options };
    }

    /// <summary>A user namespace with these maps; one for all mounts that have the same.</summary>
    private string Map(ValueList<IdMapping> uids, ValueList<IdMapping> gids)
    {
        string uidMap = Lines(uids);
        string gidMap = Lines(gids);
        string key = uidMap + "/" + gidMap;
        if (_maps.TryAdd(key, null))
        {
            string name = _maps.Count == 1 ? "map" : $"map{_maps.Count}";
            _calls.Add(
                new MountCall(
                    $"clone3({{flags=CLONE_NEWUSER}}) with uid_map \"{uidMap.Trim()}\" and gid_map \"{gidMap.Trim()}\", open(\"/proc/PID/ns/user\") = {name}",
                    "user_namespaces(7)",
                    () => _maps[key] = Hold(IdMapNamespace.Open(uidMap, gidMap))
                )
            );
        }
        return key;
    }

    internal static string Lines(ValueList<IdMapping> map)
    {
        System.Text.StringBuilder text = new();
        foreach (IdMapping mapping in map)
        {
            text.Append(mapping.ContainerId).Append(' ').Append(mapping.HostId).Append(' ').Append(mapping.Size).Append('\n');
        }
        return text.ToString();
    }

    private SafeFd Hold(SafeFd fd)
    {
        _held.Add(fd);
        return fd;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafeFd fd in _held)
        {
            fd.Dispose();
        }
        _held.Clear();
    }
}
