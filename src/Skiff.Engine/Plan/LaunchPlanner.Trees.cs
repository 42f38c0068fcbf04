using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Cgroups;
using Skiff.Linux.Mounts;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <content>Mounts that are nowhere yet. Who makes one matters only where a file system shows a namespace of its maker; the others the engine makes while its child is busy.</content>
public sealed partial class LaunchPlanner
{
    internal const string LayersWhy =
        "overlayfs lays the image's read-only layers over each other and the container's own writable directory on top.";
    private const string BindsWhy =
        "What the host lends to the container is cloned as detached mount trees, before the container's own root hides the way to it.";
    private const string AnybodysWhy =
        "Mounts that show no namespace can be made by anybody, as descriptors that are nowhere yet: memory, and what the host lends.";
    private readonly List<(int Mount, string Name, Result Made)> _handed = [];
    private readonly List<(Result Tree, string Name)> _hierarchies = [];
    private bool _hierarchiesArePlaced;
    private Operand? _overlay;
    private int _devicesAt = -1;

    /// <summary>procfs belongs to the pid namespace of whoever mounts it, sysfs to the network namespace, mqueue to the ipc namespace, cgroupfs to the cgroup namespace.</summary>
    private static bool ShowsNamespace(MountSpec mount) => mount.Type is "proc" or "sysfs" or "mqueue" or "cgroup" or "cgroup2";

    /// <summary>Whoever has time makes the mounts that need what the engine has prepared: the engine, unless it has a cable to lay, which takes longer than all that the child does meanwhile.</summary>
    private bool EngineMounts => _early && !_in.HasCable;

    /// <summary>What the child can make before the rest of the plan is there: also memory and terminals.</summary>
    private bool IsChilds(MountSpec mount) => ShowsNamespace(mount) || (_early && !mount.IsBind && mount.Type != "overlay");

    private void OwnMounts()
    {
        _plan.Container(
            Block.ProcAndDev,
            "File systems that show a namespace show that of whoever mounts them: the container makes them itself, as mounts that are nowhere yet."
        );
        MakeOwn(ShowsNamespace);
        _plan.Container(Block.Filesystem, AnybodysWhy);
        MakeOwn(IsChilds);
    }

    private void MakeOwn(Func<MountSpec, bool> chosen)
    {
        for (int i = 0; i < _spec.Mounts.Count; i++)
        {
            MountSpec mount = _spec.Mounts[i];
            if (_made[i] || !chosen(mount) || _in.Lent?.Trees[i] is not null)
            {
                continue;
            }
            ulong attributes = AttributesOf(mount);
            bool unified = _in.CgroupLayout.Mode == CgroupMode.V2;
            _trees[i] = mount.Type switch
            {
                "cgroup" when !unified => Hierarchies(attributes),
                "cgroup" => NewFileSystem(_p, "cgroup2", [], [], attributes),
                _ => Filesystem(_p, i, mount),
            };
            _made[i] = true;
        }
    }

    private static ulong AttributesOf(MountSpec mount)
    {
        MountOptions options = MountOptions.Parse(mount.Options);
        return options.AttributesSet | options.RecursiveSet;
    }

    /// <summary>Version 1 has a directory for each hierarchy: those of the container's own cgroup, on a small file system.</summary>
    private Result Hierarchies(ulong attributes)
    {
        Result memory = NewFileSystem(_p, "tmpfs", ["mode=755"], [], attributes & ~MountApi.MOUNT_ATTR_RDONLY);
        foreach (string join in _in.Cgroup.JoinFiles)
        {
            string directory = Path.GetDirectoryName(join)!;
            if (HierarchyName(directory) is { } name)
            {
                Result tree = _p.Call(
                    SyscallNumber.open_tree,
                    AtCwd,
                    _p.Text(directory),
                    (int)(MountApi.OPEN_TREE_CLONE | MountApi.OPEN_TREE_CLOEXEC)
                );
                if (!_in.MountsOnDetached)
                {
                    SetAttributes(tree, new MountAttributes { Set = attributes, Propagation = MountApi.MS_PRIVATE }, recursive: false);
                }
                _p.Call(SyscallNumber.mkdirat, memory, _p.Text(name), 0x1ED);
                _hierarchies.Add((tree, name));
            }
        }
        if (_in.MountsOnDetached)
        {
            PlaceHierarchies(memory);
            SetAttributes(memory, new MountAttributes { Set = attributes, Propagation = MountApi.MS_PRIVATE }, recursive: true);
            _hierarchiesArePlaced = true;
        }
        return memory;
    }

    private string? HierarchyName(string directory)
    {
        foreach (CgroupHierarchy hierarchy in _in.CgroupLayout.Hierarchies)
        {
            if (directory.StartsWith(hierarchy.MountPoint + "/", StringComparison.Ordinal))
            {
                return Path.GetFileName(hierarchy.MountPoint);
            }
        }
        return null;
    }

    private void PlaceHierarchies(Operand memory)
    {
        nint empty = _p.Text("");
        foreach ((Result tree, string name) in _hierarchies)
        {
            _p.Call(SyscallNumber.move_mount, tree, empty, memory, _p.Text(name), (int)MountApi.MOVE_MOUNT_F_EMPTY_PATH);
        }
    }

    /// <summary>All other mounts. The engine's, of which the child gets the descriptors, or the child's. A clone of a tree of the host keeps its
    /// peers (shared, slave), so it is made before the mount namespace becomes private.</summary>
    private void HostMounts()
    {
        ChildProgram p = EngineMounts ? _plan.HostProgram : _p;
        if (EngineMounts)
        {
            _plan.Meanwhile(Block.Filesystem, LayersWhy);
            Overlay(p);
            _plan.Meanwhile(Block.Filesystem, AnybodysWhy);
        }
        else
        {
            _plan.Container(Block.Filesystem, _early ? BindsWhy : AnybodysWhy);
        }
        for (int i = 0; i < _spec.Mounts.Count; i++)
        {
            MountSpec mount = _spec.Mounts[i];
            if (_in.Lent?.Trees[i] is { } lent)
            {
                (_trees[i], _made[i]) = (lent.Descriptor, true);
            }
            else if (!_made[i] && !ShowsNamespace(mount) && mount.Type != "overlay")
            {
                Result tree = mount.IsBind ? Bind(p, mount) : Filesystem(p, i, mount);
                (_trees[i], _made[i]) = (tree, true);
                if (EngineMounts)
                {
                    _handed.Add((i, mount.Destination, tree));
                }
            }
        }
        if (_early)
        {
            Receive();
        }
    }

    /// <summary>The child's side: it gets the descriptors in the order in which they are handed over.</summary>
    private void Receive()
    {
        for (int i = 0; i < _handed.Count; i++)
        {
            (int mount, string name, Result made) = _handed[i];
            _plan.Hand(made);
            int place = i % DescriptorMessage.MaxDescriptors;
            if (i > 0 && place == 0)
            {
                _plan.Container(Block.Filesystem, "The engine hands over more of what it has made.");
                _received = _p.Receive(Channel, DescriptorMessage.MaxDescriptors);
            }
            Operand got = _p.Name(_received[place], name);
            if (mount < 0)
            {
                _overlay = got;
            }
            else
            {
                _trees[mount] = got;
            }
        }
    }

    /// <summary>What executes the command is made while the child is at its mounts.</summary>
    private void ReceiveTrampoline()
    {
        _plan.Container(Block.Exec, "The engine hands over the trampoline, which will execute the command.");
        _trampoline = _p.Name(_p.Receive(Channel, 1)[0], "trampoline");
    }

    /// <summary>The root as mount(2) would make it, layer by layer from the top (<c>lowerdir+</c>).</summary>
    private void Overlay(ChildProgram p)
    {
        const int LongestValue = 255; // bytes, fsconfig(2)
        List<string> data = new(_in.Layers.Count + 5);
        for (int i = _in.Layers.Count - 1; i >= 0; i--)
        {
            data.Add("lowerdir+=" + Path.Combine(_in.LayerRoot, _in.Layers[i]));
        }
        data.AddRange([
            $"upperdir={_in.ContainerDirectory}/upper",
            $"workdir={_in.ContainerDirectory}/work",
            .. _in.Rootless ? (string[])["userxattr"] : ["redirect_dir=off", "metacopy=off"],
        ]);
        if (
            !_in.ListsLayers
            || _in.Layers.Count == 0
            || data.Exists(option =>
                System.Text.Encoding.UTF8.GetByteCount(option) - option.IndexOf('=', StringComparison.Ordinal) - 1 > LongestValue
            )
        )
        {
            return; // mount(2) takes a page of options, and names relative to the store
        }
        if (_in.Volatile)
        {
            data.Add("volatile");
        }
        _handed.Add((-1, "root", p.Name(NewFileSystem(p, "overlay", data, [], 0), "root")));
    }

    private Result Bind(ChildProgram p, MountSpec mount)
    {
        MountOptions options = MountOptions.Parse(mount.Options);
        int recursive = options.RecursiveBind ? (int)MountApi.AT_RECURSIVE : 0;
        Result tree = p.Call(
            SyscallNumber.open_tree,
            AtCwd,
            p.Text(mount.Source ?? throw new SkiffException($"the bind mount on {mount.Destination} has no source", 125)),
            (int)(MountApi.OPEN_TREE_CLONE | MountApi.OPEN_TREE_CLOEXEC) | recursive
        );
        Attributes(
            p,
            tree,
            options,
            options.Propagation == 0 ? MountApi.MS_PRIVATE : options.Propagation & ~MountApi.MS_REC,
            recursive != 0
        );
        return p.Name(tree, mount.Destination);
    }

    private Result Filesystem(ChildProgram p, int index, MountSpec mount)
    {
        MountOptions options = MountOptions.Parse(mount.Options);
        Result tree = p.Name(
            NewFileSystem(p, mount.Type ?? "none", options.Data, options.SuperFlags, AttributesOf(mount)),
            mount.Destination
        );
        if (mount is { Destination: "/dev", Type: "tmpfs" } && _devicesAt < 0 && !_borrowsDevices)
        {
            _devicesAt = index;
            Result mask = p.Call(SyscallNumber.umask, 0);
            DefaultDevices(p, tree);
            DefaultLinks(p, tree);
            p.Call(SyscallNumber.umask, mask);
            for (int i = 0; i < _spec.Mounts.Count; i++)
            {
                if (!_spec.Mounts[i].IsBind && DeviceName(_spec.Mounts[i]) is { } name)
                {
                    p.Call(SyscallNumber.mkdirat, tree, p.Text(name), 0x1ED);
                    _names[i] = name;
                }
            }
        }
        return tree;
    }

    /// <summary><c>pts</c> of <c>/dev/pts</c>; null for what is not directly in /dev.</summary>
    private static string? DeviceName(MountSpec mount) =>
        mount.Destination.StartsWith("/dev/", StringComparison.Ordinal)
        && mount.Destination.LastIndexOf('/') == 4
        && mount.Destination.Length > 5
            ? mount.Destination[5..]
            : null;
}
