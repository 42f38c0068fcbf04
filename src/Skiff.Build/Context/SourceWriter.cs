using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Context;

/// <summary>Writes what a <see cref="SourceReader"/> has read into a directory. A directory that exists keeps its attributes, everything else is replaced.</summary>
/// <param name="owner">The owner of everything; null to keep each one's.</param>
/// <param name="mode">The mode of a file or directory by its own; null to keep it.</param>
/// <param name="cancel">Ends it.</param>
internal sealed class SourceWriter((uint Uid, uint Gid)? owner, Func<uint, bool, uint>? mode, CancellationToken cancel)
{
    private readonly Dictionary<(uint Major, uint Minor, ulong Inode), byte[]> _links = [];
    private int _top;

    /// <summary>Writes what is in a directory into another.</summary>
    /// <param name="node">What was read.</param>
    /// <param name="source">The directory, O_PATH.</param>
    /// <param name="target">Where, open for reading.</param>
    internal void Content(SourceNode node, int source, int target)
    {
        _links.Clear();
        _top = target;
        Children(node, source, target, []);
    }

    /// <summary>Writes a file or tree under a name.</summary>
    /// <param name="node">What was read.</param>
    /// <param name="source">The file or directory itself, O_PATH.</param>
    /// <param name="target">The directory it goes to.</param>
    /// <param name="name">Its name there, zero-terminated.</param>
    internal void Entry(SourceNode node, int source, int target, byte[] name)
    {
        _links.Clear();
        _top = target;
        One(node, source, target, name, name[..^1]);
    }

    /// <summary>Gives a directory that was made for the copy the attributes of the one that is copied.</summary>
    private void Attributes(SourceNode node, int source, int target)
    {
        (uint uid, uint gid) = owner ?? node.Owner;
        Check(At.ChangeOwner(target, uid, gid), "chown", []);
        Check(At.ChangeMode(target, Mode(node)), "chmod", []);
        Extended(Xattrs.List(source, ".\0"u8), name => Xattrs.Get(source, ".\0"u8, name), target);
        _ = At.SetTimes(target, Time(node.Stat.AccessTime), Time(node.Stat.ModifyTime));
    }

    private void Children(SourceNode node, int source, int target, byte[] path)
    {
        foreach (SourceNode child in node.Children)
        {
            cancel.ThrowIfCancellationRequested();
            byte[] own = path.Length == 0 ? child.Name[..^1] : [.. path, (byte)'/', .. child.Name.AsSpan(0, child.Name.Length - 1)];
            Check(At.Open(source, child.Name, OpenFlags.O_PATH, 0, out int fd), "open", own);
            try
            {
                Check(At.Stat(fd, out StatxBuffer stat), "statx", own);
                if (stat.Inode != child.Stat.Inode || (stat.Mode & At.S_IFMT) != child.Type)
                {
                    throw new SkiffException($"{CString.Decode(own)} was changed while the build read it: build again");
                }
                One(child, fd, target, child.Name, own);
            }
            finally
            {
                At.Close(fd);
            }
        }
    }

    private void One(SourceNode node, int source, int target, byte[] name, byte[] path)
    {
        (uint uid, uint gid) = owner ?? node.Owner;
        if (node.IsDirectory)
        {
            Check(NewEntry.Directory(target, name, merge: true, out int made, out bool existed), "mkdir", path);
            try
            {
                Children(node, source, made, path);
                if (!existed)
                {
                    Attributes(node, source, made);
                }
            }
            finally
            {
                At.Close(made);
            }
            return;
        }
        (uint, uint, ulong) key = (node.Stat.DevMajor, node.Stat.DevMinor, node.Stat.Inode);
        if (node.Stat.Links > 1 && !_links.TryAdd(key, path) && Linked(_links[key], target, name))
        {
            return;
        }
        switch (node.Type)
        {
            case At.S_IFREG:
                File(node, source, target, name, path);
                break;
            case At.S_IFLNK:
                Check(NewEntry.Symlink(node.Link, target, name, replace: true), "symlink", path);
                Check(At.ChangeOwner(target, name, uid, gid), "chown", path);
                _ = At.SetTimes(target, name, Time(node.Stat.AccessTime), Time(node.Stat.ModifyTime));
                break;
            default:
                Check(
                    NewEntry.Node(
                        target,
                        name,
                        replace: true,
                        node.Type | Mode(node),
                        (node.Stat.RdevMajor, node.Stat.RdevMinor),
                        (uid, gid)
                    ),
                    "mknod",
                    path
                );
                _ = At.SetTimes(target, name, Time(node.Stat.AccessTime), Time(node.Stat.ModifyTime));
                break;
        }
    }

    private void File(SourceNode node, int source, int target, byte[] name, byte[] path)
    {
        Check(At.Reopen(source, OpenFlags.O_RDONLY, out int input), "open", path);
        int output = -1;
        try
        {
            Check(NewEntry.File(target, name, replace: true, out output, out _), "create", path);
            if (node.Stat.Size > 0)
            {
                Check(FileContent.Copy(input, output, (long)node.Stat.Size), "copy", path);
            }
            (uint uid, uint gid) = owner ?? node.Owner;
            if ((uid, gid) != (0, 0))
            {
                Check(At.ChangeOwner(output, uid, gid), "chown", path);
            }
            Check(At.ChangeMode(output, Mode(node)), "chmod", path);
            Extended(Xattrs.List(input), name => Xattrs.Get(input, name), output);
            _ = At.SetTimes(output, Time(node.Stat.AccessTime), Time(node.Stat.ModifyTime));
        }
        finally
        {
            At.Close(input);
            if (output >= 0)
            {
                At.Close(output);
            }
        }
    }

    private static void Extended(IReadOnlyList<byte[]> names, Func<byte[], byte[]?> get, int target)
    {
        foreach (byte[] name in names)
        {
            if (XattrChoice.Archive.Takes(name) && get(name) is { } value)
            {
                _ = Xattrs.Set(target, name, value); // a file system without attributes is no reason to fail
            }
        }
    }

    private bool Linked(byte[] first, int target, byte[] name)
    {
        int slash = first.AsSpan().LastIndexOf((byte)'/');
        int directory = _top;
        if (
            slash >= 0
            && At.OpenBeneath(_top, [.. first.AsSpan(0, slash), 0], OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out directory) != 0
        )
        {
            return false;
        }
        int errno = NewEntry.Link(directory, [.. first.AsSpan(slash + 1), 0], target, name, replace: true);
        if (slash >= 0)
        {
            At.Close(directory);
        }
        return errno == 0;
    }

    private uint Mode(SourceNode node) => mode is null ? node.Mode : mode(node.Mode, node.IsDirectory);

    private static TimeSpec Time(StatxTimestamp time) => new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };

    private static void Check(int errno, string call, byte[] path)
    {
        if (errno != 0)
        {
            throw errno switch
            {
                Errno.EISDIR => new SkiffException($"cannot copy to /{CString.Decode(path)}: a directory is there"),
                Errno.ENOTDIR => new SkiffException($"cannot copy to directory /{CString.Decode(path)}: it is a file, not a directory"),
                _ => new LinuxException(call, "/" + CString.Decode(path), errno),
            };
        }
    }
}
