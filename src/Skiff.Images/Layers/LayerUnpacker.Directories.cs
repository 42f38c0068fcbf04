using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Layers;

/// <content>Directories: made open for the engine, and given their attributes when everything is in them (LAY-14).</content>
public sealed partial class LayerUnpacker
{
    private byte[] _opaqueName = [.. "trusted.overlay.opaque\0"u8];

    private void MakeDirectory(int parent, ReadOnlySpan<byte> name, TarEntry entry)
    {
        // set bits and default ACLs would be inherited by what is made inside, so those come last
        bool final = _privileged && (entry.Mode & (SpecialBits | _umask)) == 0 && (entry.Uid | entry.Gid) == 0;
        uint mode = final ? entry.Mode : 0x1C0;
        bool hid = false;
        int errno = At.MakeDirectory(parent, name, mode);
        bool existing = errno == Errno.EEXIST && At.Stat(parent, name, out StatxBuffer stat) == 0 && (stat.Mode & At.S_IFMT) == At.S_IFDIR;
        if (errno == Errno.EEXIST && !existing)
        {
            hid = MakeRoom(parent, name, entry);
            errno = At.MakeDirectory(parent, name, mode);
        }
        if (!existing)
        {
            Check(errno, "mkdir", entry);
        }
        ref DirectoryRecord record = ref _directories.Get(RealPath(name));
        SetDirectory(ref record, entry);
        record.ModeIsSet = final && !existing;
        record.Opaque = existing ? record.Opaque : hid;
    }

    private static void SetDirectory(ref DirectoryRecord record, TarEntry entry)
    {
        record.Implied = false;
        record.Mode = entry.Mode;
        record.Uid = entry.Uid;
        record.Gid = entry.Gid;
        record.Time = entry.ModificationTime;
        record.Xattrs = entry.XattrList.Count == 0 ? null : [.. entry.XattrList];
        record.ModeIsSet = false;
    }

    /// <summary>Sets all directories' attributes, children before parents, and collects the work that needs the layers below.</summary>
    private PendingWork FinishDirectories()
    {
        ForgetParent();
        foreach (
            byte[] name in _plain
                ? []
                : (byte[][])
                    [
                        [.. ".wh..wh.plnk\0"u8],
                        [.. ".wh..wh.aufs\0"u8],
                        [.. ".wh..wh.orph\0"u8],
                    ]
        )
        {
            _ = Tree.TryRemove(_root.Value, name);
        }
        PendingWork work = new();
        for (int i = _directories.Count - 1; i >= 0; i--)
        {
            FinishDirectory(i, work);
        }
        work.Implied.Reverse();
        work.Links.AddRange(_links);
        work.Whiteouts.AddRange(_whiteouts);
        return work;
    }

    private void FinishDirectory(int index, PendingWork work)
    {
        ref DirectoryRecord record = ref _directories[index];
        ReadOnlySpan<byte> path = _directories.Path(index);
        int errno = At.OpenBeneath(_root.Value, LayerPath.ForKernel(path), OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out int fd);
        if (errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
        {
            return; // a later entry took its place
        }
        CheckDirectory(errno, "openat2", path);
        try
        {
            if (record.Implied)
            {
                work.Implied.Add(path.ToArray());
            }
            if (record.Opaque)
            {
                work.Opaque.Add(path.ToArray());
                SetOpaque(fd, path);
            }
            if (_privileged && (record.Uid | record.Gid) != 0)
            {
                SetOwner(fd, record, path);
            }
            if (!record.ModeIsSet)
            {
                CheckDirectory(At.ChangeMode(fd, record.Mode), "chmod", path);
            }
            SetXattrs(fd, record.Xattrs, path);
            CheckDirectory(At.SetTimes(fd, record.Time, record.Time), "utimensat", path);
        }
        finally
        {
            At.Close(fd);
        }
    }

    private void SetOwner(int fd, in DirectoryRecord record, ReadOnlySpan<byte> path)
    {
        int errno = At.ChangeOwner(fd, record.Uid, record.Gid);
        if (errno != 0)
        {
            TarEntry entry = new() { Type = TarEntryType.Directory };
            entry.SetName(default, path);
            Owner(errno, entry);
        }
    }

    private void SetXattrs(int fd, TarXattr[]? xattrs, ReadOnlySpan<byte> path)
    {
        if (xattrs is null)
        {
            return;
        }
        TarEntry entry = new() { Type = TarEntryType.Directory };
        entry.SetName(default, path);
        foreach (TarXattr xattr in xattrs)
        {
            if (IsKept(xattr, entry))
            {
                Xattr(Xattrs.Set(fd, LayerPath.ForKernel(xattr.Name.Span), xattr.Value.Span), xattr, entry);
            }
        }
    }

    /// <summary>In a user namespace overlayfs reads <c>user.overlay.*</c> (mount option userxattr, kernel 5.11).</summary>
    private void SetOpaque(int fd, ReadOnlySpan<byte> path)
    {
        int errno = Xattrs.Set(fd, _opaqueName, "y"u8);
        if (errno == Errno.EPERM)
        {
            _opaqueName = [.. "user.overlay.opaque\0"u8];
            errno = Xattrs.Set(fd, _opaqueName, "y"u8);
        }
        CheckDirectory(errno, "setxattr overlay.opaque on", path);
    }

    private void CheckDirectory(int errno, string call, ReadOnlySpan<byte> path)
    {
        if (errno != 0)
        {
            throw new LinuxException(call, Display(path), errno);
        }
    }
}
