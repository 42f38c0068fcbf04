using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Layers;

/// <content>Files, links and devices.</content>
public sealed partial class LayerUnpacker
{
    private const uint SpecialBits = 0xE00; // setuid, setgid, sticky

    private void MakeFile(int parent, ReadOnlySpan<byte> name, TarReader reader)
    {
        TarEntry entry = reader.Entry;
        bool chown = _privileged && (entry.Uid | entry.Gid) != 0;
        // chown(2) clears setuid and the umask clears bits: only then a chmod is due
        bool chmod = (entry.Mode & (SpecialBits | _umask)) != 0 || (chown && (entry.Mode & 0x49) != 0);
        uint mode = chmod ? 0x180 : entry.Mode;
        int flags = OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL;
        int errno = At.Open(parent, name, flags, mode, out int fd);
        if (errno == Errno.EEXIST)
        {
            _ = MakeRoom(parent, name, entry);
            errno = At.Open(parent, name, flags, mode, out fd);
        }
        Check(errno, "open", entry);
        try
        {
            while (reader.ReadData(out long position, out ReadOnlySpan<byte> data))
            {
                Check(entry.IsSparse ? At.WriteAt(fd, data, position) : At.Write(fd, data), "write", entry);
            }
            if (entry.IsSparse)
            {
                Check(At.Truncate(fd, entry.Size), "truncate", entry);
            }
            if (chown)
            {
                Owner(At.ChangeOwner(fd, entry.Uid, entry.Gid), entry);
            }
            if (chmod)
            {
                Check(At.ChangeMode(fd, entry.Mode), "chmod", entry);
            }
            // after chown, which drops capabilities (LAY-16)
            foreach (TarXattr xattr in entry.XattrList)
            {
                if (IsKept(xattr, entry))
                {
                    Xattr(Xattrs.Set(fd, LayerPath.ForKernel(xattr.Name.Span), xattr.Value.Span), xattr, entry);
                }
            }
            Check(At.SetTimes(fd, entry.ModificationTime, entry.ModificationTime), "utimensat", entry);
        }
        finally
        {
            At.Close(fd);
        }
    }

    private void MakeSymlink(int parent, ReadOnlySpan<byte> name, TarEntry entry)
    {
        if (entry.LinkName.IsEmpty || entry.LinkName.Length > LayerPath.MaxLength)
        {
            throw new TarException($"the symbolic link {entry.DisplayName} has a target of {entry.LinkName.Length} bytes", entry.Offset);
        }
        byte[] target = LayerPath.ForKernel(entry.LinkName); // kept as it is, wherever it points (LAY-12)
        int errno = At.MakeSymlink(target, parent, name);
        if (errno == Errno.EEXIST)
        {
            _ = MakeRoom(parent, name, entry);
            errno = At.MakeSymlink(target, parent, name);
        }
        Check(errno, "symlink", entry);
        SetAttributes(parent, name, entry, chmod: false);
    }

    private void MakeNode(int parent, ReadOnlySpan<byte> name, TarEntry entry)
    {
        bool device = entry.Type != TarEntryType.Fifo;
        if (entry.Type == TarEntryType.CharacterDevice && (entry.DeviceMajor | entry.DeviceMinor) == 0 && !_plain)
        {
            // overlayfs would take it for a whiteout, so it is one
            MakeWhiteout(parent, name, entry);
            return;
        }
        if (device && !_privileged)
        {
            Note(entry, "left out, only root can make devices");
            return;
        }
        uint type = entry.Type switch
        {
            TarEntryType.CharacterDevice => At.S_IFCHR,
            TarEntryType.BlockDevice => At.S_IFBLK,
            _ => At.S_IFIFO,
        };
        int errno = At.MakeNode(parent, name, type | 0x180, entry.DeviceMajor, entry.DeviceMinor);
        if (errno == Errno.EEXIST)
        {
            _ = MakeRoom(parent, name, entry);
            errno = At.MakeNode(parent, name, type | 0x180, entry.DeviceMajor, entry.DeviceMinor);
        }
        if (errno == Errno.EPERM && device)
        {
            Note(entry, "left out, devices cannot be made in this user namespace");
            return;
        }
        Check(errno, "mknod", entry);
        SetAttributes(parent, name, entry, chmod: true);
    }

    /// <summary>A hardlink to a file of this layer, or a note for later: the target may be in a layer below (LAY-06).</summary>
    private void MakeLink(int parent, ReadOnlySpan<byte> name, TarEntry entry)
    {
        if (!LayerPath.TryClean(entry.LinkName, _target, out int length) || length == 0)
        {
            throw new TarException($"the hardlink {entry.DisplayName} has no valid target", entry.Offset);
        }
        _target[length] = 0;
        ReadOnlySpan<byte> target = _target.AsSpan(0, length);
        if (target.SequenceEqual(_path.AsSpan(0, _length)))
        {
            return; // to itself
        }
        int errno = Link(target, parent, name);
        if (errno == Errno.EEXIST)
        {
            _ = MakeRoom(parent, name, entry);
            errno = Link(target, parent, name);
        }
        if (errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
        {
            _ = MakeRoom(parent, name, entry);
            _links.Add((RealPath(name).ToArray(), target.ToArray()));
            return;
        }
        Check(errno, $"link {Printable.Of(CString.Decode(target))} to", entry);
        foreach (TarXattr xattr in entry.XattrList)
        {
            if (IsKept(xattr, entry))
            {
                Xattr(Xattrs.Set(parent, name, LayerPath.ForKernel(xattr.Name.Span), xattr.Value.Span), xattr, entry);
            }
        }
    }

    private int Link(ReadOnlySpan<byte> target, int parent, ReadOnlySpan<byte> name)
    {
        int slash = target.LastIndexOf((byte)'/');
        if (slash < 0)
        {
            return At.Link(_root.Value, _target.AsSpan(0, target.Length + 1), parent, name);
        }
        int errno;
        int fd;
        if (_parentIsKey && target[..slash].SequenceEqual(ParentPath))
        {
            return At.Link(parent, _target.AsSpan(slash + 1, target.Length - slash), parent, name);
        }
        _target[slash] = 0;
        errno = At.OpenBeneath(_root.Value, _target.AsSpan(0, slash + 1), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out fd);
        _target[slash] = (byte)'/';
        if (errno == Errno.ELOOP && FollowLinks(target[..slash]) is byte[] real)
        {
            errno = At.OpenBeneath(_root.Value, LayerPath.ForKernel(real), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out fd);
        }
        if (errno != 0)
        {
            return errno;
        }
        errno = At.Link(fd, _target.AsSpan(slash + 1, target.Length - slash), parent, name);
        At.Close(fd);
        return errno;
    }

    /// <summary>The directory that a path with links of this layer leads to, inside the root; null if it is not here.</summary>
    private byte[]? FollowLinks(ReadOnlySpan<byte> path) =>
        LinkResolver.Follow(
            path,
            (candidate, buffer) =>
            {
                byte[] parent = LayerPath.ForKernel(LayerPath.Parent(candidate));
                if (At.OpenBeneath(_root.Value, parent, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out int fd) != 0)
                {
                    return -1;
                }
                int length = At.ReadLink(fd, LayerPath.ForKernel(LayerPath.Base(candidate)), buffer);
                At.Close(fd);
                return length == -Errno.EINVAL ? 0 : length; // EINVAL: no link
            }
        );
}
