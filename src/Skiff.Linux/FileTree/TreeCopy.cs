using System.Text;

namespace Skiff.Linux.FileTree;

/// <summary>Copies the content of a directory with owners, modes, times, links, devices and extended attributes, as <c>cp -a</c> does; symbolic links are never followed.</summary>
/// <remarks>
/// A file grows under a hidden name and is renamed when it is whole, so a copy that was cut off can be done again over what is there:
/// whatever has its own name is complete and is left as it is.
/// </remarks>
public sealed class TreeCopy
{
    private const uint S_IFMT = 0xF000;
    private const uint S_IFDIR = 0x4000;
    private const uint S_IFREG = 0x8000;
    private const uint S_IFLNK = 0xA000;
    private const int MaxDepth = 1000;
    private readonly Dictionary<(ulong Mount, ulong Inode), (int Directory, byte[] Name)> _links = [];
    private readonly byte[] _growing = [.. ".skiff-copy-"u8, .. Encoding.ASCII.GetBytes(RandomBytes.Hex(8)), 0];
    private readonly bool _again;

    private TreeCopy(bool again) => _again = again;

    /// <summary>Copies everything below <paramref name="from"/> into <paramref name="to"/>, and then the attributes of the directory itself.</summary>
    /// <param name="from">Descriptor of the source directory.</param>
    /// <param name="to">Descriptor of the target directory, which is usually empty.</param>
    /// <param name="again">True when a copy was cut off before: the hidden files that it left are removed.</param>
    /// <exception cref="LinuxException">A file could not be copied; what was copied before stays.</exception>
    public static void Copy(int from, int to, bool again = false)
    {
        TreeCopy copy = new(again);
        try
        {
            copy.CopyDirectory(from, to, 0);
        }
        finally
        {
            foreach ((int directory, _) in copy._links.Values)
            {
                At.Close(directory);
            }
        }
    }

    private void CopyDirectory(int from, int to, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new LinuxException("copy", "a directory nested too deeply", Errno.ELOOP);
        }
        if (_again)
        {
            foreach (byte[] name in Names(to))
            {
                if (name.AsSpan().StartsWith(_growing.AsSpan(0, 12)))
                {
                    Check(At.Unlink(to, name), "unlink", name);
                }
            }
        }
        foreach (byte[] name in Names(from))
        {
            CopyEntry(from, to, name, depth);
        }
        Check(At.Stat(from, out StatxBuffer stat), "statx", "."u8);
        Check(At.ChangeOwner(to, stat.Uid, stat.Gid), "fchown", "."u8);
        Check(At.ChangeMode(to, stat.Mode & 0xFFFu), "fchmod", "."u8);
        CopyXattrs(from, "."u8, to, "."u8);
        _ = At.SetTimes(to, Time(stat.AccessTime), Time(stat.ModifyTime));
    }

    private static List<byte[]> Names(int directory)
    {
        List<byte[]> names = [];
        Check(At.Open(directory, ".\0"u8, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int list), "open", "."u8);
        try
        {
            NameReader reader = new(list, new byte[32 << 10]);
            while (reader.Next())
            {
                names.Add(reader.Name.ToArray());
            }
        }
        finally
        {
            At.Close(list);
        }
        return names;
    }

    private void CopyEntry(int from, int to, byte[] name, int depth)
    {
        Check(At.Stat(from, name, out StatxBuffer stat), "statx", name);
        if ((stat.Mode & S_IFMT) == S_IFDIR)
        {
            Check(At.MakeDirectory(to, name, 0x1C0), "mkdir", name, Errno.EEXIST);
            int source = Open(from, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            int target = Open(to, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            CopyDirectory(source, target, depth + 1);
            At.Close(source);
            At.Close(target);
            return;
        }
        if (stat.Links > 1)
        {
            if (_links.TryGetValue((stat.MountId, stat.Inode), out (int Directory, byte[] Name) first))
            {
                Check(At.Link(first.Directory, first.Name, to, name), "link", name, Errno.EEXIST);
                return;
            }
            _links[(stat.MountId, stat.Inode)] = (At.Duplicate(to), name);
        }
        if (At.Stat(to, name, out _) != 0)
        {
            Grow(from, to, name, stat);
        }
    }

    private void Grow(int from, int to, byte[] name, StatxBuffer stat)
    {
        switch (stat.Mode & S_IFMT)
        {
            case S_IFREG:
                CopyFile(from, name, to, stat);
                break;
            case S_IFLNK:
                byte[] text = new byte[4096];
                int length = At.ReadLink(from, name, text);
                Check(length < 0 ? -length : At.MakeSymlink(text.AsSpan(0, length), to, _growing), "symlink", name);
                break;
            default:
                Check(At.MakeNode(to, _growing, stat.Mode, stat.RdevMajor, stat.RdevMinor), "mknod", name);
                break;
        }
        Check(At.ChangeOwner(to, _growing, stat.Uid, stat.Gid), "chown", name);
        if ((stat.Mode & S_IFMT) != S_IFLNK)
        {
            Check(At.ChangeMode(to, _growing, stat.Mode & 0xFFFu), "chmod", name);
        }
        CopyXattrs(from, name, to, _growing);
        _ = At.SetTimes(to, _growing, Time(stat.AccessTime), Time(stat.ModifyTime));
        int errno = At.Rename(to, _growing, to, name, noReplace: true);
        if (errno != 0)
        {
            _ = At.Unlink(to, _growing);
            Check(errno, "rename", name, Errno.EEXIST); // somebody else made it meanwhile
        }
    }

    private void CopyFile(int from, byte[] name, int to, StatxBuffer stat)
    {
        int source = Open(from, name, OpenFlags.O_RDONLY);
        Check(At.Open(to, _growing, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, 0x180, out int target), "open", name);
        try
        {
            byte[] buffer = new byte[128 << 10];
            long left = (long)stat.Size;
            int n;
            while (left > 0 && (n = At.Read(source, buffer)) > 0)
            {
                Check(At.Write(target, buffer.AsSpan(0, n)), "write", name);
                left -= n;
            }
        }
        finally
        {
            At.Close(source);
            At.Close(target);
        }
    }

    private static void CopyXattrs(int from, ReadOnlySpan<byte> source, int to, ReadOnlySpan<byte> target)
    {
        foreach (byte[] attribute in Xattrs.List(from, source))
        {
            if (!attribute.AsSpan().StartsWith("trusted.overlay."u8) && Xattrs.Get(from, source, attribute) is { } value)
            {
                int errno = Xattrs.Set(to, target, attribute, value);
                Check(errno == Errno.EOPNOTSUPP ? 0 : errno, "setxattr", source);
            }
        }
    }

    private static int Open(int directory, ReadOnlySpan<byte> name, int flags)
    {
        Check(At.Open(directory, name, flags, 0, out int fd), "open", name);
        return fd;
    }

    private static TimeSpec Time(StatxTimestamp time) => new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };

    private static void Check(int errno, string operation, ReadOnlySpan<byte> name, int fine = 0)
    {
        if (errno != 0 && errno != fine)
        {
            throw new LinuxException(operation, Encoding.UTF8.GetString(name.TrimEnd((byte)0)), errno);
        }
    }
}
