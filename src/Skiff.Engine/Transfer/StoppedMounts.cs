using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using Skiff.Linux.Mounts;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Transfer;

/// <summary>The mounts of a container that does not run, made in a mount namespace of ours: what has content without the container, that is volumes, binds and overlays, but no file system in memory.</summary>
internal sealed class StoppedMounts : IDisposable
{
    private readonly RuntimeSpec _spec;
    private readonly List<SafeFd?> _binds = [];

    /// <summary>Clones the mount trees of what is bound, while the way to them is open: the root is mounted over the container's own directory, where the files of its /etc are.</summary>
    /// <remarks>The generated files of /etc live in the run directory and may be gone; a volume or bind that is gone is an error.</remarks>
    internal StoppedMounts(RuntimeSpec spec, ContainerRecord record)
    {
        _spec = spec;
        foreach (MountSpec mount in spec.Mounts)
        {
            if (mount.IsBind)
            {
                if (!Files.Exists(mount.Source!) && !record.Mounts.Any(m => m.Destination == mount.Destination))
                {
                    _binds.Add(null);
                    continue;
                }
                MountOptions options = MountOptions.Parse(mount.Options);
                SafeFd tree = Clone(mount.Source!, options.RecursiveBind, $"the mount on {mount.Destination}");
                _binds.Add(tree);
                MountAttributes attributes = new()
                {
                    Set = options.ReadOnly ? MountApi.MOUNT_ATTR_RDONLY : 0,
                    Propagation = MountApi.MS_PRIVATE,
                };
                MountTree.SetAttributes(tree, mount.Destination, attributes, options.RecursiveBind);
            }
        }
    }

    /// <summary>Mounts on a root what the spec says; mount points are made where they are missing.</summary>
    /// <param name="root">The root, in this thread's mount namespace.</param>
    /// <param name="readOnlyRoot">Make the root itself read-only afterwards.</param>
    internal void Attach(SafeFd root, bool readOnlyRoot)
    {
        int bind = 0;
        foreach (MountSpec mount in _spec.Mounts)
        {
            if (mount.IsBind)
            {
                if (_binds[bind++] is { } tree)
                {
                    using SafeFd target = Target(root, mount.Destination, IsDirectory(tree));
                    MountTree.Attach(tree, target, mount.Destination);
                }
            }
            else if (mount.Type == "overlay")
            {
                using SafeFd target = Target(root, mount.Destination, directory: true);
                RootView.Mount(
                    "overlay",
                    $"/proc/thread-self/fd/{target.Value}",
                    readOnly: false,
                    string.Join(',', ((IEnumerable<string>)[.. mount.Options.AsSpan()]).Where(static o => o is not ("ro" or "rw")))
                );
            }
        }
        if (readOnlyRoot)
        {
            MountTree.SetAttributes(root, "/", new MountAttributes { Set = MountApi.MOUNT_ATTR_RDONLY }, recursive: false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _binds.ForEach(static b => b?.Dispose());

    /// <summary>Mounts a directory of the host on a place.</summary>
    internal static void Bind(string source, string place)
    {
        using SafeFd tree = Clone(source, recursive: false, "the root file system");
        MountTree.Attach(tree, place);
    }

    private static SafeFd Clone(string source, bool recursive, string what)
    {
        try
        {
            return MountTree.Clone(source, recursive);
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            throw new SkiffException($"{what} cannot be seen: its source {source} is not there any more", 1, e);
        }
    }

    private static SafeFd Target(SafeFd root, string path, bool directory)
    {
        SafeFd? found = LayeredFiles.OpenIn(root.Value, path, OpenFlags.O_PATH, out int errno);
        if (found is not null)
        {
            return found;
        }
        if (errno == Errno.ENOENT && path.LastIndexOf('/') is int slash and >= 0)
        {
            using SafeFd parent = Target(root, path[..slash], directory: true);
            byte[] name = CString.Encode(path[(slash + 1)..]);
            errno = directory ? At.MakeDirectory(parent.Value, name, 0x1ED) : At.MakeNode(parent.Value, name, At.S_IFREG | 0x1A4);
            found = errno is 0 or Errno.EEXIST ? LayeredFiles.OpenIn(root.Value, path, OpenFlags.O_PATH, out errno) : null;
        }
        return found ?? throw new LinuxException("open", $"the mount point {path}", errno);
    }

    private static bool IsDirectory(SafeFd fd) => At.Stat(fd.Value, out StatxBuffer stat) == 0 && (stat.Mode & At.S_IFMT) == At.S_IFDIR;
}
