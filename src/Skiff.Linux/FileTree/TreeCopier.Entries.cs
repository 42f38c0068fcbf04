using System.Text;

namespace Skiff.Linux.FileTree;

/// <content>Files, links, devices, and their attributes.</content>
public sealed partial class TreeCopier
{
    private const uint SetIds = 0xC00; // setuid and setgid

    /// <summary>Gives a directory the attributes of another, as the rules have it.</summary>
    public void Attributes(int from, int to)
    {
        Check(At.Stat(from, out StatxBuffer stat), "statx", []);
        (uint uid, uint gid) = Owner(stat);
        Check(At.ChangeOwner(to, uid, gid), "chown", []);
        Check(At.ChangeMode(to, Mode(stat)), "chmod", []);
        foreach (byte[] attribute in Xattrs.List(from, ".\0"u8))
        {
            if (rules.Xattrs.Takes(attribute) && Xattrs.Get(from, ".\0"u8, attribute) is { } value)
            {
                CheckXattr(Xattrs.Set(to, attribute, value), []);
            }
        }
        _ = At.SetTimes(to, Time(stat.AccessTime), Time(stat.ModifyTime));
    }

    private void File(int source, int to, byte[] newName, in StatxBuffer stat, byte[] path)
    {
        Check(At.Reopen(source, OpenFlags.O_RDONLY, out int input), "open", path);
        int output = -1;
        try
        {
            Check(NewEntry.File(to, newName, rules.Replace, out output, out bool kept), "create", path);
            long size = (long)stat.Size;
            long done = 0;
            Check(
                FileContent.Copy(input, output, size, rules.Progress is { } progress ? piece => progress(Bytes + (done += piece)) : null),
                "copy",
                path
            );
            Count(size + (-size & (TarBlock - 1)));
            if (kept)
            {
                return;
            }
            (uint uid, uint gid) = Owner(stat);
            Check(At.ChangeOwner(output, uid, gid), "chown", path);
            Check(At.ChangeMode(output, Mode(stat)), "chmod", path);
            foreach (byte[] attribute in Xattrs.List(input))
            {
                if (rules.Xattrs.Takes(attribute) && Xattrs.Get(input, attribute) is { } value)
                {
                    CheckXattr(Xattrs.Set(output, attribute, value), path);
                }
            }
            _ = At.SetTimes(output, Time(stat.AccessTime), Time(stat.ModifyTime));
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

    private void Symlink(int source, int from, byte[] name, int to, byte[] newName, in StatxBuffer stat, byte[] path)
    {
        byte[] target = new byte[4097];
        int length = At.ReadLink(source, "\0"u8, target.AsSpan(0, 4096));
        Check(length < 0 ? -length : NewEntry.Symlink(target.AsSpan(0, length + 1), to, newName, rules.Replace), "symlink", path);
        (uint uid, uint gid) = Owner(stat);
        Check(At.ChangeOwner(to, newName, uid, gid), "chown", path);
        if (name.Length > 1)
        {
            CopyXattrsOfName(from, name, to, newName, path);
        }
        _ = At.SetTimes(to, newName, Time(stat.AccessTime), Time(stat.ModifyTime));
    }

    private void Node(int from, byte[] name, int to, byte[] newName, in StatxBuffer stat, byte[] path)
    {
        uint type = stat.Mode & At.S_IFMT;
        string? why =
            type == At.S_IFSOCK && rules.Remark is not null ? "a socket cannot be copied"
            : type is At.S_IFCHR or At.S_IFBLK && !rules.Devices ? "devices are not copied out of a container"
            : null;
        if (why is not null)
        {
            rules.Remark?.Invoke($"{Encoding.UTF8.GetString(path)}: left out, {why}");
            return;
        }
        Check(NewEntry.Node(to, newName, rules.Replace, type | Mode(stat), (stat.RdevMajor, stat.RdevMinor), Owner(stat)), "mknod", path);
        if (name.Length > 1)
        {
            CopyXattrsOfName(from, name, to, newName, path);
        }
        _ = At.SetTimes(to, newName, Time(stat.AccessTime), Time(stat.ModifyTime));
    }

    private void CopyXattrsOfName(int from, byte[] name, int to, byte[] newName, byte[] path)
    {
        foreach (byte[] attribute in Xattrs.List(from, name))
        {
            if (rules.Xattrs.Takes(attribute) && Xattrs.Get(from, name, attribute) is { } value)
            {
                CheckXattr(Xattrs.Set(to, newName, attribute, value), path);
            }
        }
    }

    /// <summary>A file system without attributes, or one that takes none on this kind of file, is no error.</summary>
    private static void CheckXattr(int errno, byte[] path) => Check(errno is Errno.EOPNOTSUPP or Errno.EPERM ? 0 : errno, "setxattr", path);

    private (uint Uid, uint Gid) Owner(in StatxBuffer stat) => rules.Owner?.Invoke((stat.Uid, stat.Gid)) ?? (stat.Uid, stat.Gid);

    private uint Mode(in StatxBuffer stat) =>
        stat.Mode & (rules.DropSetIds && Owner(stat) != (stat.Uid, stat.Gid) ? 0xFFF & ~SetIds : 0xFFF);

    private static TimeSpec Time(StatxTimestamp time) => new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };
}
