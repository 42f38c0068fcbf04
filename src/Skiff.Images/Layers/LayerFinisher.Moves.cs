using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Layers;

/// <content>Directories that turn out to lie behind a symbolic link of a lower layer.</content>
internal sealed partial class LayerFinisher
{
    private delegate void Editor(int directory, byte[] name);

    /// <summary>Moves what is in an implied directory to where the link of the same name leads (containerd and docker unpack onto the merged tree and follow it there).</summary>
    private void Relocate(byte[] path)
    {
        if (ResolveDirectory(path) is not byte[] target || LayerPath.IsWithin(target, path))
        {
            return; // a loop: the directory of this layer hides the link, as overlayfs has it
        }
        MakeParents(target);
        Move(path, target);
        _moved.Add((path, target));
    }

    private void Move(byte[] from, byte[] to)
    {
        if (OpenDirectory(from, OpenFlags.O_RDONLY, out int source) != 0)
        {
            return;
        }
        Check(OpenDirectory(to, OpenFlags.O_RDONLY, out int target), "open", to);
        int stat = At.Stat(target, out StatxBuffer before);
        try
        {
            List<byte[]> names = [];
            NameReader reader = new(source, new byte[8 << 10]);
            while (reader.Next())
            {
                names.Add(reader.Name.ToArray());
            }
            foreach (byte[] name in names)
            {
                int errno = At.Rename(source, name, target, name, noReplace: true);
                if (errno == Errno.EEXIST && IsDirectory(source, name) && IsDirectory(target, name))
                {
                    Move(LayerPath.Join(from, name.AsSpan(0, name.Length - 1)), LayerPath.Join(to, name.AsSpan(0, name.Length - 1)));
                    continue;
                }
                if (errno == Errno.EEXIST)
                {
                    Check(Tree.TryRemove(target, name), "remove", to);
                    errno = At.Rename(source, name, target, name);
                }
                Check(errno, "rename", from);
            }
            if (stat == 0)
            {
                RestoreTimes(target, before);
            }
        }
        finally
        {
            At.Close(source);
            At.Close(target);
        }
        Edit(from, (directory, name) => Check(At.Unlink(directory, name, directory: true), "rmdir", from));
    }

    private static bool IsDirectory(int directory, byte[] name) =>
        At.Stat(directory, name, out StatxBuffer stat) == 0 && (stat.Mode & At.S_IFMT) == At.S_IFDIR;

    /// <summary>Where a path of the archive is now.</summary>
    private byte[] Current(byte[] path)
    {
        foreach ((byte[] from, byte[] to) in _moved)
        {
            if (LayerPath.IsWithin(path, from))
            {
                path = LayerPath.Join(to, path.AsSpan(Math.Min(from.Length + 1, path.Length)));
            }
        }
        return path;
    }

    /// <summary>A directory's path with the links of the merged tree followed inside the root; null for a loop.</summary>
    private byte[]? ResolveDirectory(ReadOnlySpan<byte> path)
    {
        byte[]? resolved = LinkResolver.Follow(
            path,
            (candidate, buffer) =>
            {
                byte[] own = LayerPath.ForKernel(candidate);
                if (OpenParent(candidate, out int parent) == 0)
                {
                    byte[] name = LayerPath.ForKernel(LayerPath.Base(candidate));
                    bool here = At.Stat(parent, name, out StatxBuffer stat) == 0;
                    uint type = stat.Mode & At.S_IFMT;
                    int length = here && type == At.S_IFLNK ? At.ReadLink(parent, name, buffer) : 0;
                    At.Close(parent);
                    // an implied directory of this layer does not hide a link below: it is what is being moved
                    if (here && (type != At.S_IFDIR || !IsImplied(candidate)))
                    {
                        return length;
                    }
                }
                return IsHidden(candidate) || lower.Find(candidate) is not LowerFile below ? -1
                    : below.Type == At.S_IFLNK ? At.ReadLink(below.Layer.Value, own, buffer)
                    : 0;
            },
            allowMissing: true
        );
        return resolved;
    }

    private bool IsImplied(ReadOnlySpan<byte> path)
    {
        foreach (byte[] implied in work.Implied)
        {
            if (path.SequenceEqual(implied))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Makes a directory and its parents in this layer, each with the attributes of the one below it or 0755 root:root.</summary>
    private void MakeParents(byte[] path)
    {
        for (int end = 0; end < path.Length; )
        {
            int slash = path.AsSpan(end).IndexOf((byte)'/');
            end = slash < 0 ? path.Length : end + slash;
            byte[] prefix = path[..end++];
            Edit(
                prefix,
                (directory, name) =>
                {
                    int errno = At.MakeDirectory(directory, name, 0x1ED);
                    if (errno == 0)
                    {
                        errno =
                            !IsHidden(prefix) && lower.Find(prefix) is LowerFile { Type: At.S_IFDIR } below
                                ? CopyUp.Attributes(below, directory, name)
                                : At.ChangeMode(directory, name, 0x1ED);
                    }
                    Check(errno == Errno.EEXIST ? 0 : errno, "mkdir", prefix);
                }
            );
        }
    }

    /// <summary>Changes one name and leaves the times of its directory as they were. A parent that is gone is no error.</summary>
    private void Edit(byte[] path, Editor edit)
    {
        if (path.Length == 0)
        {
            edit(root.Value, [(byte)'.', 0]);
            return;
        }
        if (OpenParent(path, out int parent, OpenFlags.O_RDONLY) != 0)
        {
            return;
        }
        try
        {
            int errno = At.Stat(parent, out StatxBuffer before);
            edit(parent, LayerPath.ForKernel(LayerPath.Base(path)));
            if (errno == 0)
            {
                RestoreTimes(parent, before);
            }
        }
        finally
        {
            At.Close(parent);
        }
    }

    private static void RestoreTimes(int fd, in StatxBuffer before)
    {
        TimeSpec time = new() { Seconds = before.ModifyTime.Seconds, Nanoseconds = before.ModifyTime.Nanoseconds };
        _ = At.SetTimes(fd, time, time);
    }

    private int OpenParent(ReadOnlySpan<byte> path, out int fd, int flags = OpenFlags.O_PATH) =>
        OpenDirectory(LayerPath.Parent(path), flags, out fd);

    private int OpenDirectory(ReadOnlySpan<byte> path, int flags, out int fd) =>
        At.OpenBeneath(root.Value, LayerPath.ForKernel(path), flags | OpenFlags.O_DIRECTORY, out fd);
}
