using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Layers;

/// <summary>Does to an unpacked tree what needs the layers below it.</summary>
/// <remarks>
/// Layers are unpacked in any order (LAY-05) and finished bottom first: directories without an entry take the attributes of the one below; such a directory that
/// is a symbolic link below moves to where the link leads (a layer with <c>bin/x</c> on a base with <c>/bin -> usr/bin</c> must not hide /bin);
/// hardlinks into lower layers copy the target up; whiteouts that hide nothing are dropped, because overlayfs shows them in directories that are not merged.
/// </remarks>
internal sealed partial class LayerFinisher(SafeFd root, string rootName, PendingWork work, LowerStack lower)
{
    private readonly List<(byte[] From, byte[] To)> _moved = [];
    private readonly HashSet<string> _made = [];
    private readonly HashSet<string> _opaque = [.. work.Opaque.Where(p => p.Length > 0).Select(Convert.ToHexString)];

    /// <summary>Does it all; throws <see cref="SkiffException"/> for a hardlink to nothing and <see cref="LinuxException"/> for what the file system refuses.</summary>
    internal void Run()
    {
        foreach (byte[] path in work.Implied)
        {
            FinishImplied(Current(path));
        }
        foreach ((byte[] path, byte[] target) in work.Links)
        {
            FinishLink(Current(path), target);
        }
        foreach (byte[] path in work.Whiteouts)
        {
            FinishWhiteout(Current(path));
        }
        if (work.Opaque.Exists(p => p.Length == 0))
        {
            HideRoot();
        }
    }

    private void FinishImplied(byte[] path)
    {
        if (IsHidden(LayerPath.Parent(path)) || lower.Find(path) is not LowerFile below)
        {
            return;
        }
        if (below.Type == At.S_IFDIR)
        {
            Edit(
                path,
                (directory, name) =>
                    Check(
                        At.Stat(directory, name, out StatxBuffer stat) == 0 && (stat.Mode & At.S_IFMT) == At.S_IFDIR
                            ? CopyUp.Attributes(below, directory, name)
                            : 0,
                        "copy attributes to",
                        path
                    )
            );
        }
        else if (below.Type == At.S_IFLNK && !IsHidden(path))
        {
            Relocate(path);
        }
    }

    private void FinishLink(byte[] path, byte[] target)
    {
        // a name that needs no link to be followed comes first: a link on the way may have come after the hardlink
        byte[] real =
            lower.Find(target) is not null ? target
            : ResolveDirectory(LayerPath.Parent(target)) is byte[] parent ? LayerPath.Join(parent, LayerPath.Base(target))
            : target;
        bool linked = false;
        Edit(
            path,
            (directory, name) =>
            {
                if (At.Stat(directory, name, out StatxBuffer there) == 0)
                {
                    if (!LayerUnpacker.IsWhiteout(there))
                    {
                        linked = true; // a later entry took the name
                        return;
                    }
                    Check(At.Unlink(directory, name), "unlink", path);
                }
                linked = LinkTo(real, directory, name, path);
            }
        );
        if (!linked)
        {
            throw new SkiffException(
                $"the layer has a hardlink {Display(path)} to {Display(target)}, which is neither in it nor in a layer below: the image is broken, its publisher must build it again"
            );
        }
    }

    private bool LinkTo(byte[] target, int directory, byte[] name, byte[] path)
    {
        LowerFile? below = lower.Find(target) is LowerFile found && found.Type != At.S_IFDIR ? found : null;
        // when the archive had the link, its target's name was free: what has the name now came later, unless it was made here
        bool early = below is not null && !IsHidden(target) && !_made.Contains(Convert.ToHexString(target));
        int errno = early ? Errno.ENOENT : LinkHere(target, directory, name);
        if (errno is Errno.ENOENT or Errno.ENOTDIR && below is LowerFile file)
        {
            errno = LinkBelow(file, target, directory, name);
        }
        if (errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
        {
            return false;
        }
        Check(errno, "link", path);
        _made.Add(Convert.ToHexString(path));
        return true;
    }

    private int LinkBelow(LowerFile below, byte[] target, int directory, byte[] name)
    {
        if (IsHidden(target) || IsTaken(target))
        {
            return CopyUp.File(below, directory, name); // this layer has taken the old name away: the file lives on under the new one
        }
        MakeParents(LayerPath.Parent(target).ToArray());
        Edit(target, (parent, own) => Check(CopyUp.File(below, parent, own), "copy up", target));
        _made.Add(Convert.ToHexString(target));
        return LinkHere(target, directory, name);
    }

    /// <summary>True if this layer has something of its own at a path, or something that is no directory on the way to it.</summary>
    private bool IsTaken(ReadOnlySpan<byte> path)
    {
        for (int end = path.Length; end > 0; end = Math.Max(path[..end].LastIndexOf((byte)'/'), 0))
        {
            if (OpenParent(path[..end], out int parent) == 0)
            {
                int errno = At.Stat(parent, LayerPath.ForKernel(LayerPath.Base(path[..end])), out StatxBuffer stat);
                At.Close(parent);
                if (errno == 0)
                {
                    return end == path.Length || (stat.Mode & At.S_IFMT) != At.S_IFDIR;
                }
            }
        }
        return false;
    }

    private int LinkHere(byte[] target, int directory, byte[] name)
    {
        int errno = OpenParent(target, out int parent);
        if (errno == 0)
        {
            byte[] own = LayerPath.ForKernel(LayerPath.Base(target));
            errno = At.Stat(parent, own, out StatxBuffer stat);
            errno = errno == 0 && LayerUnpacker.IsWhiteout(stat) ? Errno.ENOENT : errno;
            errno = errno != 0 ? errno : At.Link(parent, own, directory, name);
            At.Close(parent);
        }
        return errno;
    }

    private void FinishWhiteout(byte[] path)
    {
        if (!IsHidden(path) && lower.Find(path) is not null)
        {
            return;
        }
        Edit(
            path,
            (directory, name) =>
            {
                if (At.Stat(directory, name, out StatxBuffer stat) == 0 && LayerUnpacker.IsWhiteout(stat))
                {
                    Check(At.Unlink(directory, name), "unlink", path);
                }
            }
        );
    }

    /// <summary>overlayfs does not look at an opaque mark of a layer's root: every name below gets a whiteout, every directory a mark of its own.</summary>
    private void HideRoot()
    {
        foreach (byte[] name in lower.Names([]))
        {
            byte[] path = name[..^1];
            Edit(
                path,
                (directory, own) =>
                {
                    int errno = At.MakeNode(directory, own, At.S_IFCHR);
                    if (errno == Errno.EEXIST)
                    {
                        errno = At.Stat(directory, own, out StatxBuffer stat);
                        if (errno == 0 && (stat.Mode & At.S_IFMT) == At.S_IFDIR)
                        {
                            errno = Xattrs.Set(directory, own, "trusted.overlay.opaque\0"u8, "y"u8);
                            errno = errno == Errno.EPERM ? Xattrs.Set(directory, own, "user.overlay.opaque\0"u8, "y"u8) : errno;
                        }
                    }
                    Check(errno, "hide", path);
                }
            );
        }
    }

    /// <summary>True if a directory on the way is opaque in this layer, so that what lies below cannot be seen.</summary>
    private bool IsHidden(ReadOnlySpan<byte> path)
    {
        for (int i = path.LastIndexOf((byte)'/'); i > 0 && _opaque.Count > 0; i = path[..i].LastIndexOf((byte)'/'))
        {
            if (_opaque.Contains(Convert.ToHexString(path[..i])))
            {
                return true;
            }
        }
        return work.Opaque.Count > _opaque.Count || (_opaque.Count > 0 && _opaque.Contains(Convert.ToHexString(path)));
    }

    private void Check(int errno, string call, ReadOnlySpan<byte> path)
    {
        if (errno != 0)
        {
            throw new LinuxException(call, Display(path), errno);
        }
    }

    private string Display(ReadOnlySpan<byte> path) => $"{rootName}/{Printable.Of(CString.Decode(path))}";
}
