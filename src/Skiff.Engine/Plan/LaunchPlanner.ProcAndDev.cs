using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using Skiff.Linux.Mounts;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

public sealed partial class LaunchPlanner
{
    private const uint S_IFCHR = 0x2000;
    private const uint S_IFBLK = 0x6000;
    private const uint S_IFIFO = 0x1000;

    private static readonly (string Name, uint Major, uint Minor)[] s_devices =
    [
        ("null", 1, 3),
        ("zero", 1, 5),
        ("full", 1, 7),
        ("random", 1, 8),
        ("urandom", 1, 9),
        ("tty", 5, 0),
    ];

    private static readonly (string Target, string Name)[] s_links =
    [
        ("/proc/self/fd", "fd"),
        ("/proc/self/fd/0", "stdin"),
        ("/proc/self/fd/1", "stdout"),
        ("/proc/self/fd/2", "stderr"),
        ("pts/ptmx", "ptmx"),
    ];

    private void Devices()
    {
        bool own = MountsOn("/dev", "tmpfs");
        if (own)
        {
            _plan.Container(Block.ProcAndDev, "The devices that every program expects (runtime-spec \"Default Devices\").");
            _p.Call(SyscallNumber.umask, 0);
            if (_devicesAt < 0 || _borrowsDevices)
            {
                Result dev = Open("dev", OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, trusted: true);
                if (_borrowsDevices)
                {
                    foreach ((string name, uint _, uint _) in s_devices)
                    {
                        BindDevice(Asked(name) is { } asked ? SourceOf(asked) : "/dev/" + name, name, dev);
                    }
                }
                else
                {
                    DefaultDevices(_p, dev);
                }
                DefaultLinks(_p, dev);
            }
        }
        foreach (DeviceSpec device in _spec.Linux.Devices)
        {
            Device(device, own);
        }
        _p.Call(SyscallNumber.umask, (int)(_process.User.Umask ?? 0x12));
    }

    private void DefaultDevices(ChildProgram p, Operand dev)
    {
        foreach ((string name, uint major, uint minor) in s_devices)
        {
            if (Asked(name) is { } asked)
            {
                MakeNode(p, asked, dev, name);
                continue;
            }
            p.Call(SyscallNumber.mknodat, dev, p.Text(name), (int)(S_IFCHR | 0x1B6), (nint)At.DeviceNumber(major, minor));
        }
    }

    private void DefaultLinks(ChildProgram p, Operand dev)
    {
        foreach ((string target, string name) in s_links)
        {
            if (name != "ptmx" && Asked(name) is not null)
            {
                continue;
            }
            p.Call(SyscallNumber.symlinkat, p.Text(target), dev, p.Text(name));
            p.Tolerate(Errno.EEXIST);
        }
    }

    /// <summary>The device that a spec asks for in a place of /dev; it comes before the one that would be there by itself, and the same one again is no error (RUN-23).</summary>
    private DeviceSpec? Asked(string name)
    {
        foreach (DeviceSpec device in _spec.Linux.Devices)
        {
            if (
                device.Path.Length == name.Length + 5
                && device.Path.StartsWith("/dev/", StringComparison.Ordinal)
                && device.Path.EndsWith(name, StringComparison.Ordinal)
            )
            {
                return device;
            }
        }
        return null;
    }

    private void Device(DeviceSpec device, bool own)
    {
        if (own && Array.Exists(s_devices, d => device.Path == "/dev/" + d.Name))
        {
            return; // made with the others
        }
        _plan.Container(Block.ProcAndDev, $"The device {device.Path} was asked for.");
        string relative = device.Path.Trim('/');
        int slash = relative.LastIndexOf('/');
        Operand parent = slash < 0 ? _root : ParentOf(relative[..slash]);
        string name = relative[(slash + 1)..];
        if (_borrowsDevices)
        {
            BindDevice(SourceOf(device), name, parent);
            return;
        }
        MakeNode(_p, device, parent, name);
    }

    private static void MakeNode(ChildProgram p, DeviceSpec device, Operand parent, string name)
    {
        uint type = device.Type switch
        {
            'b' => S_IFBLK,
            'p' => S_IFIFO,
            _ => S_IFCHR,
        };
        p.Call(
            SyscallNumber.mknodat,
            parent,
            p.Text(name),
            (int)(type | (device.FileMode ?? 0x1B6)),
            (nint)At.DeviceNumber((uint)device.Major, (uint)device.Minor)
        );
        p.Tolerate(Errno.EEXIST);
        if ((device.Uid ?? 0) != 0 || (device.Gid ?? 0) != 0)
        {
            p.Call(SyscallNumber.fchownat, parent, p.Text(name), (nint)(device.Uid ?? 0), (nint)(device.Gid ?? 0), 0);
        }
    }

    private string SourceOf(DeviceSpec device)
    {
        foreach (NameValue source in _in.DeviceSources)
        {
            if (source.Name == device.Path)
            {
                return source.Value;
            }
        }
        return device.Path;
    }

    private Result ParentOf(string relative)
    {
        _ = Target("/" + relative, directory: true);
        return Open(relative, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
    }

    /// <summary>In a user namespace mknod(2) of a device is refused: the host's own node is lent.</summary>
    private void BindDevice(string path, string name, Operand directory)
    {
        Result tree = _p.Call(SyscallNumber.open_tree, AtCwd, _p.Text(path), (int)(MountApi.OPEN_TREE_CLONE | MountApi.OPEN_TREE_CLOEXEC));
        _p.Call(SyscallNumber.mknodat, directory, _p.Text(name), 0x8000 | 0x1B6, 0);
        _p.Tolerate(Errno.EEXIST);
        _p.Call(SyscallNumber.move_mount, tree, _p.Text(""), directory, _p.Text(name), (int)MountApi.MOVE_MOUNT_F_EMPTY_PATH);
    }

    /// <param name="early">Only those that can be set on a /proc that is nowhere yet; the others are left for later.</param>
    private void Sysctls(bool early)
    {
        _plan.Container(Block.Network, "Kernel parameters of the container's own namespaces.");
        foreach (NameValue sysctl in _spec.Linux.Sysctl)
        {
            string path = "/proc/sys/" + sysctl.Name.Replace('.', '/');
            (Operand Tree, string Relative)? nowhere = _early ? InTreeOfOurs(path) : null;
            if (early != nowhere is not null)
            {
                continue;
            }
            (Operand from, string relative) = nowhere ?? (_root, path[1..]);
            Result fd = Open(from, relative, OpenFlags.O_WRONLY, trusted: true);
            int length = System.Text.Encoding.UTF8.GetByteCount(sysctl.Value);
            _p.Call(SyscallNumber.write, fd, _p.Text(sysctl.Value), length);
            _p.Call(SyscallNumber.close, fd);
        }
    }

    private void Hostname()
    {
        if (_spec.Hostname is { } name)
        {
            _plan.Container(Block.Namespaces, "The uts namespace has a host name of its own.");
            _p.Call(SyscallNumber.sethostname, _p.Text(name), System.Text.Encoding.UTF8.GetByteCount(name));
        }
        if (_spec.Domainname is { } domain)
        {
            _plan.Container(Block.Namespaces, "The uts namespace has a domain name of its own.");
            _p.Call(SyscallNumber.setdomainname, _p.Text(domain), System.Text.Encoding.UTF8.GetByteCount(domain));
        }
    }

    /// <summary>Masked and read-only paths. What is written over is looked up without following links below a /proc that was mounted here, and /dev/null must be the real one (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881).</summary>
    /// <param name="early">Only those in a /proc and /sys that are nowhere yet; the others are left for later.</param>
    private void HiddenPaths(bool early)
    {
        _plan.Container(Block.ProcAndDev, "Parts of /proc that would change the host's kernel are made read-only.");
        foreach (string path in _spec.Linux.ReadonlyPaths)
        {
            if (PlaceOf(path, early) is (Operand from, string relative))
            {
                MakeReadOnly(from, relative);
            }
        }
        _plan.Container(
            Block.ProcAndDev,
            "Parts of /proc and /sys that tell or allow too much are hidden under /dev/null or an empty directory."
        );
        (Result Nothing, Result? Empty)? covers = null;
        foreach (string path in _spec.Linux.MaskedPaths)
        {
            if (PlaceOf(path, early) is (Operand from, string relative))
            {
                covers ??= (OpenNullDevice(), _in.MountsOnDetached ? EmptyDirectory() : null);
                Mask(from, relative, covers.Value.Nothing, covers.Value.Empty);
            }
        }
    }

    /// <summary>Where a path is to be hidden, if now is the time.</summary>
    private (Operand From, string Relative)? PlaceOf(string path, bool early)
    {
        (Operand, string)? nowhere = _early && _in.MountsOnDetached ? InTreeOfOurs(path) : null;
        return early ? nowhere
            : nowhere is null ? (_root, path.Trim('/'))
            : null;
    }

    /// <summary>A path in a /proc or /sys that this process has made and that is nowhere yet, if nothing else is going to be mounted there.</summary>
    private (Operand Tree, string Relative)? InTreeOfOurs(string path)
    {
        for (int i = 0; i < _spec.Mounts.Count; i++)
        {
            MountSpec own = _spec.Mounts[i];
            if (own.Type is "proc" or "sysfs" && _made[i] && IsBelow(path, own.Destination))
            {
                for (int j = 0; j < _spec.Mounts.Count; j++)
                {
                    string other = _spec.Mounts[j].Destination;
                    if (j != i && (other == path || IsBelow(path, other) || IsBelow(other, path)))
                    {
                        return null;
                    }
                }
                return (_trees[i], path[(own.Destination.Length + 1)..]);
            }
        }
        return null;
    }

    private static bool IsBelow(string path, string directory) =>
        directory.Length > 1
        && path.Length > directory.Length
        && path[directory.Length] == '/'
        && path.StartsWith(directory, StringComparison.Ordinal);

    private Result OpenNullDevice()
    {
        Result nothing = _p.Call(SyscallNumber.openat, AtCwd, _p.Text("/dev/null"), OpenFlags.O_PATH | OpenFlags.O_CLOEXEC);
        RequireNullDevice(nothing);
        return nothing;
    }

    private void MakeReadOnly(Operand from, string relative)
    {
        Result target = Open(from, relative, OpenFlags.O_PATH, trusted: true);
        _p.Tolerate(Errno.ENOENT);
        int missing = _p.Count - 1;
        Result tree = _p.Call(
            SyscallNumber.open_tree,
            target,
            _p.Text(""),
            (int)(MountApi.OPEN_TREE_CLONE | MountApi.OPEN_TREE_CLOEXEC | MountApi.AT_EMPTY_PATH | MountApi.AT_RECURSIVE)
        );
        SetAttributes(
            tree,
            new MountAttributes
            {
                Set = MountApi.MOUNT_ATTR_RDONLY | MountApi.MOUNT_ATTR_NOSUID | MountApi.MOUNT_ATTR_NODEV | MountApi.MOUNT_ATTR_NOEXEC,
            },
            recursive: true
        );
        Attach(tree, target);
        _p.Call(SyscallNumber.close, tree);
        _p.Call(SyscallNumber.close, target);
        _p.SkipToHere(missing);
    }

    /// <summary>A file goes under /dev/null, a directory, on which that cannot be mounted, under an empty read-only one; what this kernel does not have is left out.</summary>
    /// <remarks>All share one empty directory; where a tree that is nowhere cannot be cloned, there is none, and each gets its own.</remarks>
    private void Mask(Operand from, string relative, Result nothing, Result? empty)
    {
        Result target = Open(from, relative, OpenFlags.O_PATH, trusted: true);
        _p.Tolerate(Errno.ENOENT);
        int missing = _p.Count - 1;
        Attach(CloneOf(nothing), target);
        _p.Tolerate(Errno.EINVAL, skip: 1).Tolerate(Errno.ENOTDIR, skip: 1);
        int done = _p.Jump();
        Attach(empty is { } shared ? CloneOf(shared) : EmptyDirectory(), target);
        _p.SkipToHere(missing);
        _p.SkipToHere(done);
    }

    private Result CloneOf(Result tree) =>
        _p.Call(
            SyscallNumber.open_tree,
            tree,
            _p.Text(""),
            (int)(MountApi.OPEN_TREE_CLONE | MountApi.OPEN_TREE_CLOEXEC | MountApi.AT_EMPTY_PATH)
        );

    private Result EmptyDirectory() =>
        NewFileSystem(
            _p,
            "tmpfs",
            ["size=0k"],
            [],
            MountApi.MOUNT_ATTR_RDONLY | MountApi.MOUNT_ATTR_NOSUID | MountApi.MOUNT_ATTR_NODEV | MountApi.MOUNT_ATTR_NOEXEC
        );

    /// <summary>A mount whose target is a link of the image may have covered /proc: what is written and hidden below it then would not be the kernel's (CVE-2025-52881).</summary>
    private void RequireProcfs()
    {
        const int PROC_SUPER_MAGIC = 0x9FA0; // struct statfs begins with f_type, statfs(2)
        if (!MountsOn("/proc", "proc"))
        {
            return;
        }
        _plan.Container(
            Block.ProcAndDev,
            "Before anything below /proc is written to or hidden: it must still be procfs, which no mount has covered."
        );
        Result proc = Open("proc", OpenFlags.O_PATH, trusted: true);
        nint answer = _p.Memory(256);
        _p.Call(SyscallNumber.fstatfs, proc, answer);
        _p.Annotate(answer, "/proc to be procfs");
        _p.Require(answer, -1, PROC_SUPER_MAGIC, Errno.EXDEV);
        _p.Call(SyscallNumber.close, proc);
    }

    private bool MountsOn(string destination, string type)
    {
        foreach (MountSpec mount in _spec.Mounts)
        {
            if (mount.Destination == destination && mount.Type == type)
            {
                return true;
            }
        }
        return false;
    }

    private void RequireNullDevice(Result fd)
    {
        const int StatxType = 1;
        const int TypeOffset = 0x1C; // stx_mode, 16 bits
        const int RdevOffset = 0x80; // stx_rdev_major, stx_rdev_minor
        nint stat = _p.Memory(256);
        _p.Call(SyscallNumber.statx, fd, _p.Text(""), (int)MountApi.AT_EMPTY_PATH, StatxType, stat);
        _p.Require(stat + TypeOffset, 0xF000, (nint)S_IFCHR, Errno.ENODEV);
        _p.Require(stat + RdevOffset, -1, unchecked((nint)((3L << 32) | 1)), Errno.ENODEV); // 1:3
    }
}
