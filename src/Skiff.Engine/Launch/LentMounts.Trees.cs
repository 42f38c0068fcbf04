using Skiff.Engine.Plan;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Engine.Volumes;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using Skiff.Linux.Mounts;

namespace Skiff.Engine.Launch;

/// <content>The trees, one kind after the other.</content>
internal sealed partial class LentMounts
{
    /// <summary>A bind: cloned in the host's mount namespace, so that it keeps its peers there, then id-mapped and given its flags.</summary>
    private void Bind(int index, MountSpec mount, AskedMount? asked, LocalDriver? driver)
    {
        MountOptions options = MountOptions.Parse(mount.Options);
        bool recursive = options.RecursiveBind;
        GiveEtc(mount.Source ?? "");
        string source =
            driver?.Device ?? mount.Source ?? throw new SkiffException($"the bind mount on {mount.Destination} has no source", 125);
        string subpath = asked?.Mount.Subpath ?? "";
        string name = Name(index);
        string flags = $"OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC{(recursive ? "|AT_RECURSIVE" : "")}";
        if (subpath.Length > 0)
        {
            // The spec shows the whole path; the part inside is looked up by descriptor.
            string inside = driver is null && asked!.Volume is { } use ? _engine.Volumes.Data(use.Name) : source;
            _calls.Add(
                new MountCall(
                    $"openat2({inside}, \"{subpath}\", {{flags=O_PATH, resolve=RESOLVE_IN_ROOT}}); open_tree(…, {flags}|AT_EMPTY_PATH) = {name}",
                    "open_tree(2)",
                    () => Keep(index, Inside(inside, subpath, recursive))
                )
            );
        }
        else
        {
            _calls.Add(
                new MountCall(
                    $"open_tree(AT_FDCWD, \"{source}\", {flags}) = {name}",
                    "open_tree(2)",
                    () => Keep(index, MountTree.Clone(source, recursive))
                )
            );
        }
        // A volume that is a mount of something else keeps that one's ids, unless mapped ones were asked for.
        if (!(mount.UidMappings.IsEmpty && mount.GidMappings.IsEmpty) && (driver is null || asked!.Mount.IdMap is not null))
        {
            IdMapped(index, Map(mount.UidMappings, mount.GidMappings), source, recursive);
        }
        Attributes(index, options, recursive);
        _lent[index] = true;
    }

    /// <summary>The files of /etc are made anew at each start and simply given to the container's root: a tmpfs has mapped ids since Linux 6.3 only.</summary>
    private void GiveEtc(string source)
    {
        if (_userNamespace && source.StartsWith(_engine.Paths.Etc(_container.Record.Id) + "/", StringComparison.Ordinal))
        {
            (uint uid, uint gid) = (HostId(_spec.Linux.UidMappings), HostId(_spec.Linux.GidMappings));
            _calls.Add(
                new MountCall(
                    $"fchownat(AT_FDCWD, \"{source}\", {uid}, {gid}, AT_SYMLINK_NOFOLLOW)",
                    "chown(2)",
                    () => _ = At.ChangeOwner(Files.AtCwd, CString.Encode(source), uid, gid)
                )
            );
        }
    }

    private static SafeFd Inside(string directory, string subpath, bool recursive)
    {
        using SafeFd root = Files.Open(directory, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
        using SafeFd inside =
            LayeredFiles.OpenIn(root.Value, subpath, OpenFlags.O_PATH, out int errno)
            ?? throw new LinuxException("open", $"{directory}/{subpath}", errno);
        return MountTree.Clone(inside, $"{directory}/{subpath}", recursive);
    }

    /// <summary>A mount of another container, cloned where it is.</summary>
    private void Peer(int index, MountSpec mount, int pid, string path)
    {
        MountOptions options = MountOptions.Parse(mount.Options);
        _privateCalls.Add(
            new MountCall(
                $"setns(open(\"/proc/{pid}/ns/mnt\"), CLONE_NEWNS); open_tree(AT_FDCWD, \"{path}\", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE) = {Name(index)}; setns(back)",
                "open_tree(2)",
                () =>
                {
                    Keep(index, MountTree.CloneOf(pid, path));
                    SetPrivate(index, options);
                }
            )
        );
        _lent[index] = true;
    }

    private void SetPrivate(int index, MountOptions options) =>
        MountTree.SetAttributes(
            _trees[index]!,
            _spec.Mounts[index].Destination,
            new MountAttributes { Set = options.AttributesSet | options.RecursiveSet, Propagation = MountApi.MS_PRIVATE },
            recursive: true
        );

    private void IdMapped(int index, string map, string source, bool recursive)
    {
        _calls.Add(
            new MountCall(
                $"mount_setattr({Name(index)}, \"\", AT_EMPTY_PATH{(recursive ? "|AT_RECURSIVE" : "")}, {{attr_set=MOUNT_ATTR_IDMAP, userns_fd=map}})",
                "mount_setattr(2)",
                () => SetMap(_trees[index]!, map, source, recursive)
            )
        );
    }

    private void SetMap(SafeFd tree, string map, string source, bool recursive)
    {
        try
        {
            MountTree.SetAttributes(
                tree,
                source,
                new MountAttributes { Set = MountApi.MOUNT_ATTR_IDMAP, UserNamespaceFd = (ulong)_maps[map]!.Value },
                recursive
            );
        }
        catch (LinuxException e) when (e.Errno is Errno.EINVAL or Errno.EPERM)
        {
            throw new SkiffException(
                $"{source} cannot be mounted with mapped ids: its file system{(recursive ? ", or one mounted below it," : "")} does not support it (ext4, xfs and btrfs do, tmpfs since Linux 6.3; overlayfs, NFS and FUSE do not)",
                125,
                e
            );
        }
    }

    /// <summary>mount_setattr(2): flags of the mount itself, flags of all mounts below, and propagation, as for the trees that a container clones itself.</summary>
    private void Attributes(int index, MountOptions options, bool recursive)
    {
        uint propagation = options.Propagation == 0 ? MountApi.MS_PRIVATE : options.Propagation & ~MountApi.MS_REC;
        Set(
            new MountAttributes
            {
                Set = options.RecursiveSet,
                Clear = options.RecursiveClear,
                Propagation = propagation,
            },
            recursive
        );
        if ((options.AttributesSet | options.AttributesClear) != 0)
        {
            Set(new MountAttributes { Set = options.AttributesSet, Clear = options.AttributesClear }, false);
        }

        void Set(MountAttributes attributes, bool all) =>
            _calls.Add(
                new MountCall(
                    $"mount_setattr({Name(index)}, \"\", AT_EMPTY_PATH{(all ? "|AT_RECURSIVE" : "")}, {MountText.Attributes(attributes.Set, attributes.Clear, attributes.Propagation)})",
                    "mount_setattr(2)",
                    () => MountTree.SetAttributes(_trees[index]!, _spec.Mounts[index].Destination, attributes, all)
                )
            );
    }

    /// <summary>A volume whose driver mounts something: the host mounts it where only one thread sees it, and keeps a clone.</summary>
    private void Device(int index, MountSpec mount, VolumeUse use, LocalDriver driver)
    {
        MountOptions own = MountOptions.Parse(driver.Options);
        string place = _engine.Volumes.Data(use.Name);
        string data = string.Join(',', own.Data);
        ulong attributes = own.AttributesSet | own.RecursiveSet;
        uint flags = (uint)(attributes & 0xF); // MS_RDONLY, NOSUID, NODEV, NOEXEC have the bits of MOUNT_ATTR_*
        _privateCalls.Add(
            new MountCall(
                $"mount(\"{driver.Device}\", \"{place}\", \"{driver.Type}\", {MountText.Flags(flags)}, \"{data}\"); open_tree(AT_FDCWD, \"{place}\", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC) = {Name(index)}",
                "mount(2)",
                () =>
                {
                    try
                    {
                        MountTree.Mount(driver.Device, place, driver.Type, flags, data);
                    }
                    catch (LinuxException e)
                    {
                        throw new SkiffException(
                            $"the volume {use.Name} cannot be mounted ({driver.Type} of {driver.Device}{(data.Length > 0 ? " with " + data : "")}): {Errno.Describe(e.Errno)}",
                            125,
                            e
                        );
                    }
                    // A new file system is as empty as a new volume.
                    VolumeFill.Fill(_engine, _container, use, place, first: true);
                    Keep(index, MountTree.Clone(place, recursive: false));
                    SetPrivate(index, MountOptions.Parse(mount.Options));
                    MountTree.Detach(place);
                }
            )
        );
        _lent[index] = true;
    }

    /// <summary>The root: overlayfs over the store seen through a mount with mapped ids, mounted by a thread whose files belong to the container's root.</summary>
    private void Root(string? key)
    {
        if (_container.Options.Rootfs is not null || _container.IsCopied)
        {
            string plain = _spec.Root!.Path;
            _calls.Add(
                new MountCall(
                    $"open_tree(AT_FDCWD, \"{plain}\", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC) = root",
                    "open_tree(2)",
                    () => _root = Hold(MountTree.Clone(plain, recursive: false))
                )
            );
            if (key is null)
            {
                return;
            }
            _calls.Add(
                new MountCall(
                    "mount_setattr(root, \"\", AT_EMPTY_PATH, {attr_set=MOUNT_ATTR_IDMAP, userns_fd=map})",
                    "mount_setattr(2)",
                    () => SetMap(_root!, key, plain, recursive: false)
                )
            );
            return;
        }
        string directory = "containers/" + _container.Record.Id;
        System.Text.StringBuilder data = new("lowerdir=", 256);
        for (int i = _layers.Count - 1; i >= 0; i--)
        {
            data.Append(i == _layers.Count - 1 ? "" : ":").Append(Relative(_layers[i]));
        }
        data.Append(",upperdir=")
            .Append(directory)
            .Append("/upper,workdir=")
            .Append(directory)
            .Append("/work")
            .Append(RootlessUser.OverlayOptions)
            .Append(_container.Record.AutoRemove ? ",volatile" : "");
        _viewCalls.Add(
            new MountCall(
                $"mount(\"overlay\", \"{directory}\", \"overlay\", 0, \"{data}\"); open_tree(AT_FDCWD, \"{directory}\", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC) = root",
                "mount(2)",
                () => _root = Hold(MountOverlay(directory, data.ToString(), 0))
            )
        );
    }

    /// <summary>The working directory becomes the store as the container's ids see it.</summary>
    private void View(string key, string place)
    {
        string store = _engine.Paths.Root;
        (uint uid, uint gid) = (HostId(_spec.Linux.UidMappings), HostId(_spec.Linux.GidMappings));
        _viewCalls.Add(
            new MountCall(
                $"open_tree(AT_FDCWD, \"{store}\", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC) = store; mount_setattr(store, \"\", AT_EMPTY_PATH, {{attr_set=MOUNT_ATTR_IDMAP, userns_fd=map}}); move_mount(store, \"\", AT_FDCWD, \"{place}\"); chdir(\"{place}\")",
                "mount_setattr(2)",
                () =>
                {
                    using SafeFd tree = MountTree.Clone(store, recursive: false);
                    SetMap(tree, key, store, recursive: false);
                    MountTree.Attach(tree, place);
                    MountTree.ChangeDirectory(place);
                }
            )
        );
        _viewCalls.Add(new MountCall($"setfsgid({gid}); setfsuid({uid})", "setfsuid(2)", () => FileSystemUser.Become(uid, gid)));
    }

    private static SafeFd MountOverlay(string place, string data, uint flags, string subpath = "")
    {
        try
        {
            MountTree.Mount("overlay", place, "overlay", flags, data);
        }
        catch (LinuxException e) when (e.Errno == Errno.EINVAL && Environment.OSVersion.Version < new Version(5, 19))
        {
            throw new SkiffException(
                $"a user namespace needs overlayfs on mounts with mapped ids, which Linux has since 5.19, and this is {Environment.OSVersion.Version}: leave out --userns and --uidmap",
                125,
                e
            );
        }
        SafeFd tree = subpath.Length == 0 ? MountTree.Clone(place, recursive: false) : Inside(place, subpath, recursive: false);
        MountTree.Detach(place);
        return tree;
    }

    /// <summary>An overlay that the container may not mount: an image or a volume, with mapped ids as all that is in the store, or a throw-away layer over a directory of the host.</summary>
    private void Overlay(int index, MountSpec mount, string subpath)
    {
        string data = LaunchPlanner.OverlayData(mount);
        string stored = $"lowerdir={_engine.Paths.Root}/";
        bool inStore = _userNamespace && RootlessUser.Current is null && data.StartsWith(stored, StringComparison.Ordinal);
        string place = inStore ? "containers/" + _container.Record.Id : _engine.Paths.Container(_container.Record.Id);
        data = inStore ? data.Replace(_engine.Paths.Root + "/", "", StringComparison.Ordinal) : data;
        uint flags = MountOptions.Parse(mount.Options).ReadOnly ? MountApi.MS_RDONLY : 0;
        (inStore ? _viewCalls : _privateCalls).Add(
            new MountCall(
                $"mount(\"overlay\", \"{place}\", \"overlay\", {(flags == 0 ? "0" : "MS_RDONLY")}, \"{data}\"); open_tree(AT_FDCWD, \"{place}{(subpath.Length > 0 ? "/" + subpath : "")}\", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC) = {Name(index)}",
                "mount(2)",
                () => Keep(index, MountOverlay(place, data, flags, subpath))
            )
        );
        _lent[index] = true;
    }

    private string Relative(string layer) =>
        layer.StartsWith(_engine.Paths.Root + "/", StringComparison.Ordinal) ? layer[(_engine.Paths.Root.Length + 1)..] : layer;

    /// <summary>Who the container's root is on the host; where root is not mapped, the first who is.</summary>
    internal static uint HostId(ValueList<IdMapping> map)
    {
        foreach (IdMapping mapping in map)
        {
            if (mapping.ContainerId == 0)
            {
                return mapping.HostId;
            }
        }
        return map.IsEmpty ? 0 : map[0].HostId;
    }

    private void Keep(int index, SafeFd tree) => _trees[index] = Hold(tree);

    private string Name(int index) => $"tree{index}";
}
