using System.Globalization;
using System.Runtime.InteropServices;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Mounts;
using Skiff.Linux.Spawning;

namespace Skiff.Engine.Plan;

/// <content>Secrets: files in memory of the container's own. The kernel copies them there; no program, plan or trace holds a byte of them.</content>
public sealed partial class LaunchPlanner
{
    internal const string SecretsAt = "Secrets are shown, read-only, on ";
    private const string InDirectory = "d";
    private readonly List<Operand> _secrets = [];

    /// <summary>The container's own root will cover the directory that they are in.</summary>
    private void OpenSecrets()
    {
        if (_in.Secrets.Count == 0)
        {
            return;
        }
        _plan.Container(Block.Filesystem, "The container's secrets are opened while there is a way to them.");
        foreach (SecretToShow secret in _in.Secrets)
        {
            _secrets.Add(
                secret.Descriptor is { } inherited
                    ? inherited
                    : _p.Name(
                        _p.Call(SyscallNumber.openat, AtCwd, _p.Text(secret.Path), OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC),
                        "secret"
                    )
            );
        }
    }

    private void Secrets()
    {
        if (_in.Secrets.Count == 0)
        {
            return;
        }
        _plan.Container(
            Block.Filesystem,
            "The kernel copies them into memory of the container's own, which is not swapped where that can be had (Linux 6.4): nothing of them is written to a disk."
        );
        Result memory = SecretMemory();
        Result mask = _p.Call(SyscallNumber.umask, 0);
        HashSet<string> directories = new(StringComparer.Ordinal);
        for (int i = 0; i < _in.Secrets.Count; i++)
        {
            Fill(memory, i, directories);
        }
        _p.Call(SyscallNumber.umask, mask);
        // Only what is mounted somewhere can be cloned before Linux 6.15: for a moment it is mounted over the root, where nothing is looked up meanwhile.
        Attach(memory, _root);
        List<(Result Tree, string Target, bool IsDirectory)> trees = [];
        if (directories.Count > 0)
        {
            trees.Add((SecretTree(memory, InDirectory), SecretUse.Directory, true));
        }
        for (int i = 0; i < _in.Secrets.Count; i++)
        {
            if (_in.Secrets[i].Use.InDirectory is null)
            {
                trees.Add((SecretTree(memory, NameOf(i)), _in.Secrets[i].Use.Target, false));
            }
        }
        _p.Call(SyscallNumber.fchdir, memory);
        _p.Call(SyscallNumber.umount2, _p.Text("."), (int)MountApi.MNT_DETACH);
        _p.Call(SyscallNumber.fchdir, _root);
        foreach ((Result tree, string target, bool isDirectory) in trees)
        {
            _plan.Container(Block.Filesystem, $"{SecretsAt}{target}.");
            Attach(tree, Target(target, isDirectory));
        }
    }

    private Result SecretMemory()
    {
        long page = Environment.SystemPageSize;
        long size = page;
        foreach (SecretToShow secret in _in.Secrets)
        {
            size += (secret.Length + page - 1) / page * page;
        }
        Result context = _p.Call(SyscallNumber.fsopen, _p.Text("tmpfs"), (int)MountApi.FSOPEN_CLOEXEC);
        foreach (
            (string name, string value) in (ReadOnlySpan<(string, string)>)
                [("source", "secrets"), ("mode", "755"), ("size", size.ToString(CultureInfo.InvariantCulture))]
        )
        {
            _p.Call(SyscallNumber.fsconfig, context, (int)MountApi.FSCONFIG_SET_STRING, _p.Text(name), _p.Text(value), 0);
        }
        _p.Call(SyscallNumber.fsconfig, context, (int)MountApi.FSCONFIG_SET_FLAG, _p.Text("noswap"), 0, 0);
        _p.Tolerate(Errno.EINVAL); // an older kernel, or a user namespace
        _p.Call(SyscallNumber.fsconfig, context, (int)MountApi.FSCONFIG_CMD_CREATE, 0, 0, 0);
        Result memory = _p.Name(_p.Call(SyscallNumber.fsmount, context, (int)MountApi.FSMOUNT_CLOEXEC, (nint)SecretAttributes), "secrets");
        _p.Call(SyscallNumber.close, context);
        return memory;
    }

    private static ulong SecretAttributes => MountApi.MOUNT_ATTR_NOSUID | MountApi.MOUNT_ATTR_NODEV | MountApi.MOUNT_ATTR_NOEXEC;

    /// <summary>Files of one directory are below it, so that it is shown as one mount; those that go elsewhere have a number.</summary>
    private void Fill(Result memory, int index, HashSet<string> directories)
    {
        SecretToShow secret = _in.Secrets[index];
        string path = NameOf(index);
        for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (directories.Add(path[..slash]))
            {
                _p.Call(SyscallNumber.mkdirat, memory, _p.Text(path[..slash]), 0x1ED);
            }
        }
        Result file = _p.Name(
            _p.Call(
                SyscallNumber.openat,
                memory,
                _p.Text(path),
                OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_CLOEXEC,
                0x180
            ),
            "file"
        );
        Span<long> offset = [secret.Offset];
        nint place = _p.Bytes(MemoryMarshal.AsBytes(offset));
        _p.Call(SyscallNumber.sendfile, file, _secrets[index], place, secret.Length);
        _p.AtLeast(secret.Length);
        if ((secret.Use.Uid, secret.Use.Gid) != (0u, 0u))
        {
            _p.Call(SyscallNumber.fchown, file, (nint)secret.Use.Uid, (nint)secret.Use.Gid);
        }
        _p.Call(SyscallNumber.fchmod, file, (nint)secret.Use.Mode);
        _p.Call(SyscallNumber.close, file);
        _p.Call(SyscallNumber.close, _secrets[index]);
    }

    private string NameOf(int index) =>
        _in.Secrets[index].Use.InDirectory is { } path ? $"{InDirectory}/{path}" : index.ToString(CultureInfo.InvariantCulture);

    private Result SecretTree(Result memory, string name)
    {
        Result tree = _p.Call(SyscallNumber.open_tree, memory, _p.Text(name), (int)(MountApi.OPEN_TREE_CLONE | MountApi.OPEN_TREE_CLOEXEC));
        SetAttributes(
            tree,
            new MountAttributes { Set = MountApi.MOUNT_ATTR_RDONLY | SecretAttributes, Propagation = MountApi.MS_PRIVATE },
            recursive: false
        );
        return tree;
    }
}
