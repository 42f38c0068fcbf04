using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Layers;

/// <summary>Copies one file, or a directory's attributes, from one layer into another, as overlayfs does on the first write.</summary>
internal static class CopyUp
{
    /// <summary>Copies a file that is no directory with owner, mode, attributes and times.</summary>
    /// <returns>0 or the errno.</returns>
    internal static int File(in LowerFile from, int toDirectory, ReadOnlySpan<byte> name)
    {
        int errno = from.Type switch
        {
            At.S_IFREG => Content(from, toDirectory, name),
            At.S_IFLNK => Symlink(from, toDirectory, name),
            At.S_IFDIR => Errno.EISDIR,
            _ => At.MakeNode(toDirectory, name, from.Type | 0x180, from.Stat.RdevMajor, from.Stat.RdevMinor),
        };
        return errno != 0 ? errno : Attributes(from, toDirectory, name);
    }

    /// <summary>Copies owner, mode, extended attributes and times.</summary>
    internal static int Attributes(in LowerFile from, int directory, ReadOnlySpan<byte> name)
    {
        int errno = At.IsRoot ? At.ChangeOwner(directory, name, from.Stat.Uid, from.Stat.Gid) : 0;
        if (errno == 0 && from.Type != At.S_IFLNK)
        {
            errno = At.ChangeMode(directory, name, from.Stat.Mode & 0xFFFu);
        }
        if (errno != 0)
        {
            return errno;
        }
        foreach (byte[] xattr in Xattrs.List(from.Layer.Value, from.Path))
        {
            if (xattr.AsSpan().IndexOf(".overlay."u8) < 0 && Xattrs.Get(from.Layer.Value, from.Path, xattr) is byte[] value)
            {
                errno = Xattrs.Set(directory, name, xattr, value);
                if (errno is not (0 or Errno.EOPNOTSUPP or Errno.EPERM))
                {
                    return errno;
                }
            }
        }
        TimeSpec time = new() { Seconds = from.Stat.ModifyTime.Seconds, Nanoseconds = from.Stat.ModifyTime.Nanoseconds };
        return At.SetTimes(directory, name, time, time);
    }

    private static int Content(in LowerFile from, int directory, ReadOnlySpan<byte> name)
    {
        int errno = At.OpenBeneath(from.Layer.Value, from.Path, OpenFlags.O_RDONLY, out int source);
        if (errno != 0)
        {
            return errno;
        }
        errno = At.Open(directory, name, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, 0x180, out int target);
        if (errno == 0)
        {
            errno = FileContent.Copy(source, target, (long)from.Stat.Size);
            At.Close(target);
        }
        At.Close(source);
        return errno;
    }

    private static int Symlink(in LowerFile from, int directory, ReadOnlySpan<byte> name)
    {
        byte[] target = new byte[LayerPath.MaxLength + 1];
        int length = At.ReadLink(from.Layer.Value, from.Path, target.AsSpan(0, LayerPath.MaxLength));
        return length < 0 ? -length : At.MakeSymlink(target.AsSpan(0, length + 1), directory, name);
    }
}
