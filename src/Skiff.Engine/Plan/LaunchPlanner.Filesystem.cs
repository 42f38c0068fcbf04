using System.Text;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Mounts;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

public sealed partial class LaunchPlanner
{
    private const int RESOLVE_NO_SYMLINKS = 4;
    private const int RESOLVE_IN_ROOT = 0x10;

    /// <summary>mount_setattr(2): flags of the mount itself, flags of all mounts below, and propagation.</summary>
    private static void Attributes(ChildProgram p, Operand tree, MountOptions options, uint propagation, bool recursive)
    {
        SetAttributes(
            p,
            tree,
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
            SetAttributes(p, tree, new MountAttributes { Set = options.AttributesSet, Clear = options.AttributesClear }, recursive: false);
        }
    }

    private void SetAttributes(Operand tree, MountAttributes attributes, bool recursive) => SetAttributes(_p, tree, attributes, recursive);

    private static unsafe void SetAttributes(ChildProgram p, Operand tree, MountAttributes attributes, bool recursive)
    {
        nint memory = p.Bytes(new ReadOnlySpan<byte>(&attributes, sizeof(MountAttributes)));
        p.Call(
            SyscallNumber.mount_setattr,
            tree,
            p.Text(""),
            (int)MountApi.AT_EMPTY_PATH | (recursive ? (int)MountApi.AT_RECURSIVE : 0),
            memory,
            sizeof(MountAttributes)
        );
    }

    private void PrivateMounts()
    {
        _plan.Container(Block.Filesystem, "No mount made from here on may reach the host, and none of the host's may reach us.");
        _p.Call(SyscallNumber.mount, 0, _p.Text("/"), 0, (int)(MountApi.MS_REC | MountApi.MS_PRIVATE), 0);
    }

    private void RootFileSystem()
    {
        string target = _in.ContainerDirectory;
        if (_in.Lent?.Root is int lent)
        {
            // In a user namespace no other directory is sure to be there and to be open to everybody.
            target = "/proc";
            _plan.Container(Block.Filesystem, "The root that the host has made is put over /proc, which only this mount namespace sees.");
            _p.Call(SyscallNumber.move_mount, lent, _p.Text(""), AtCwd, _p.Text(target), (int)MountApi.MOVE_MOUNT_F_EMPTY_PATH);
        }
        else if (_overlay is { } overlay)
        {
            _plan.Container(Block.Filesystem, "The root that the engine has made gets a place, which only this mount namespace sees.");
            _p.Call(SyscallNumber.move_mount, overlay, _p.Text(""), AtCwd, _p.Text(target), (int)MountApi.MOVE_MOUNT_F_EMPTY_PATH);
        }
        else if (_in.Layers.Count > 0)
        {
            _plan.Container(Block.Filesystem, LayersWhy);
            StringBuilder data = new("lowerdir=", 256);
            for (int i = _in.Layers.Count - 1; i >= 0; i--)
            {
                data.Append(i == _in.Layers.Count - 1 ? "" : ":").Append(_in.Layers[i]);
            }
            data.Append(",upperdir=").Append(target).Append("/upper,workdir=").Append(target).Append("/work");
            // some kernels' defaults keep renamed directories and changed modes as references into the layers below: the writable layer alone would not be what the container changed
            data.Append(_in.Rootless ? ",userxattr" : ",redirect_dir=off,metacopy=off"); // the first includes the others
            data.Append(_in.Volatile ? ",volatile" : "");
            _p.Call(SyscallNumber.chdir, _p.Text(_in.LayerRoot));
            _p.Call(SyscallNumber.mount, _p.Text("overlay"), _p.Text(target), _p.Text("overlay"), 0, _p.Text(data.ToString()));
        }
        else
        {
            _plan.Container(Block.Filesystem, "The given directory becomes a mount of its own: pivot_root needs one.");
            Result tree = _p.Call(
                SyscallNumber.open_tree,
                AtCwd,
                _p.Text(_spec.Root?.Path ?? target),
                (int)(MountApi.OPEN_TREE_CLONE | MountApi.OPEN_TREE_CLOEXEC | MountApi.AT_RECURSIVE)
            );
            _p.Call(SyscallNumber.move_mount, tree, _p.Text(""), AtCwd, _p.Text(target), (int)MountApi.MOVE_MOUNT_F_EMPTY_PATH);
        }
        _root = _p.Name(
            _p.Call(SyscallNumber.openat, AtCwd, _p.Text(target), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_CLOEXEC),
            "root"
        );
    }

    private void Mounts()
    {
        for (int i = 0; i < _spec.Mounts.Count; i++)
        {
            MountSpec mount = _spec.Mounts[i];
            _plan.Container(BlockOf(mount), MountReasons.Why(mount));
            if (_made[i])
            {
                Place(i, mount);
                continue;
            }
            Result place = Target(mount.Destination, directory: true);
            _p.Call(SyscallNumber.fchdir, OpenDirectory(place, mount.Destination));
            _p.Call(
                SyscallNumber.mount,
                _p.Text("overlay"),
                _p.Text("."),
                _p.Text("overlay"),
                MountOptions.Parse(mount.Options).ReadOnly ? 1 : 0,
                _p.Text(OverlayData(mount))
            );
        }
    }

    /// <summary>move_mount(2) of a tree that is made. On a directory that was made in our own /dev no path has to be looked up.</summary>
    private void Place(int index, MountSpec mount)
    {
        if (_devicesAt >= 0 && _names[index] is { } name)
        {
            _p.Call(
                SyscallNumber.move_mount,
                _trees[index],
                _p.Text(""),
                _trees[_devicesAt],
                _p.Text(name),
                (int)MountApi.MOVE_MOUNT_F_EMPTY_PATH
            );
            return;
        }
        bool trusted = mount.Type is "proc" or "sysfs" or "cgroup" or "cgroup2";
        bool directory = _in.Lent?.Trees[index]?.IsDirectory ?? (!mount.IsBind || IsDirectory(mount.Source!));
        Attach(_trees[index], Target(mount.Destination, directory, trusted));
        if (mount.Type == "cgroup" && !_hierarchiesArePlaced)
        {
            PlaceHierarchies(_trees[index]);
            if (_hierarchies.Count > 0 && MountOptions.Parse(mount.Options).ReadOnly)
            {
                SetAttributes(_trees[index], new MountAttributes { Set = MountApi.MOUNT_ATTR_RDONLY }, recursive: false);
            }
        }
    }

    internal static string OverlayData(MountSpec mount)
    {
        StringBuilder data = new();
        foreach (string option in mount.Options)
        {
            if (option is not ("ro" or "rw"))
            {
                data.Append(data.Length == 0 ? "" : ",").Append(option);
            }
        }
        return data.ToString();
    }

    /// <summary>fsopen, fsconfig, fsmount (kernel 5.2): the file system exists as a descriptor before it is anywhere, so no path can be swapped under it.</summary>
    private static Result NewFileSystem(
        ChildProgram p,
        string type,
        IReadOnlyList<string> data,
        IReadOnlyList<string> flags,
        ulong attributes
    )
    {
        Result context = p.Call(SyscallNumber.fsopen, p.Text(type), (int)MountApi.FSOPEN_CLOEXEC);
        p.Call(SyscallNumber.fsconfig, context, (int)MountApi.FSCONFIG_SET_STRING, p.Text("source"), p.Text(type), 0);
        foreach (string option in data)
        {
            int equals = option.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                p.Call(SyscallNumber.fsconfig, context, (int)MountApi.FSCONFIG_SET_FLAG, p.Text(option), 0, 0);
            }
            else
            {
                p.Call(
                    SyscallNumber.fsconfig,
                    context,
                    (int)MountApi.FSCONFIG_SET_STRING,
                    p.Text(option[..equals]),
                    p.Text(option[(equals + 1)..]),
                    0
                );
            }
        }
        foreach (string flag in flags)
        {
            p.Call(SyscallNumber.fsconfig, context, (int)MountApi.FSCONFIG_SET_FLAG, p.Text(flag), 0, 0);
        }
        p.Call(SyscallNumber.fsconfig, context, (int)MountApi.FSCONFIG_CMD_CREATE, 0, 0, 0);
        Result tree = p.Call(SyscallNumber.fsmount, context, (int)MountApi.FSMOUNT_CLOEXEC, (nint)attributes);
        p.Call(SyscallNumber.close, context);
        return tree;
    }

    private void Attach(Operand tree, Operand target)
    {
        nint empty = _p.Text("");
        _p.Call(
            SyscallNumber.move_mount,
            tree,
            empty,
            target,
            empty,
            (int)(MountApi.MOVE_MOUNT_F_EMPTY_PATH | MountApi.MOVE_MOUNT_T_EMPTY_PATH)
        );
    }

    /// <summary>The mount point in the container, made where it is missing. Symbolic links resolve inside the root; on the way to /proc and /sys there may be none (CVE-2019-19921, CVE-2023-27561).</summary>
    private Result Target(string path, bool directory, bool trusted = false)
    {
        string relative = path.Trim('/');
        if (relative.Length == 0)
        {
            return _root;
        }
        // Looked for first: nearly every one is there, and overlayfs takes its time to say so to mkdir(2).
        Result target = Open(relative, OpenFlags.O_PATH, trusted);
        _p.Tolerate(Errno.ENOENT);
        int missing = _p.Count - 1;
        int found = _p.Jump();
        _p.SkipToHere(missing);
        MakeTarget(relative, directory, trusted);
        Result made = Open(relative, OpenFlags.O_PATH, trusted);
        _p.StoreInto(made, target.Address);
        _p.SkipToHere(found);
        return target;
    }

    /// <summary>A link that leads nowhere, as many images have for /etc/resolv.conf, gives way to an empty file in the container's own layer (RUN-12).</summary>
    private void MakeTarget(string relative, bool directory, bool trusted)
    {
        const int RegularFile = 0x8000 | 0x1A4;
        for (int from = 0, slash = 0; slash >= 0; from = slash + 1)
        {
            slash = relative.IndexOf('/', from);
            nint name = _p.Text(slash < 0 ? relative[from..] : relative[from..slash]);
            Operand parent = from == 0 ? _root : Open(relative[..(from - 1)], OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, trusted);
            if (slash < 0 && !directory)
            {
                _p.Call(SyscallNumber.unlinkat, parent, name, 0);
                _p.Tolerate(Errno.ENOENT);
                _p.Call(SyscallNumber.mknodat, parent, name, RegularFile, 0);
            }
            else
            {
                _p.Call(SyscallNumber.mkdirat, parent, name, 0x1ED);
                _p.Tolerate(Errno.EEXIST).Tolerate(Errno.EROFS);
            }
        }
    }

    /// <summary>openat2(2) below the container's root.</summary>
    private Result Open(string relative, int flags, bool trusted = false) => Open(_root, relative, flags, trusted);

    /// <summary>openat2(2) below a directory.</summary>
    private Result Open(Operand from, string relative, int flags, bool trusted)
    {
        Span<long> how = [flags | OpenFlags.O_CLOEXEC, 0, RESOLVE_IN_ROOT | (trusted ? RESOLVE_NO_SYMLINKS : 0)];
        nint memory = _p.Bytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(how));
        return _p.Call(SyscallNumber.openat2, from, _p.Text(relative), memory, 24);
    }

    private Result OpenDirectory(Result place, string destination)
    {
        _ = place;
        return Open(destination.Trim('/'), OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
    }

    private bool IsDirectory(string source) =>
        Directory.Exists(source)
        || (_in.Story is { Volumes: { Length: > 0 } volumes } && source.StartsWith(volumes + "/", StringComparison.Ordinal));

    private static Block BlockOf(MountSpec mount) =>
        mount.Type switch
        {
            "cgroup" or "cgroup2" => Block.Cgroup,
            "proc" or "sysfs" or "devpts" or "mqueue" => Block.ProcAndDev,
            "tmpfs" when mount.Destination is "/dev" or "/dev/shm" => Block.ProcAndDev,
            _ when mount.Destination is "/etc/resolv.conf" or "/etc/hosts" or "/etc/hostname" => Block.Network,
            _ => Block.Filesystem,
        };
}
