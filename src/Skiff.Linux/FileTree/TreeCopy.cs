using System.Text;

namespace Skiff.Linux.FileTree;

/// <summary>Copies the content of a directory with owners, modes, times, links, devices and extended attributes, as <c>cp -a</c> does; symbolic links are never followed.</summary>
public static class TreeCopy
{
    private const uint S_IFMT = 0xF000;
    private const uint S_IFDIR = 0x4000;
    private const uint S_IFREG = 0x8000;
    private const uint S_IFLNK = 0xA000;
    private const int MaxDepth = 1000;

    /// <summary>Copies everything below <paramref name="from"/> into <paramref name="to"/>, and then the attributes of the directory itself.</summary>
    /// <param name="from">Descriptor of the source directory.</param>
    /// <param name="to">Descriptor of the target directory, which is usually empty.</param>
    /// <exception cref="LinuxException">A file could not be copied; what was copied before stays.</exception>
    public static void Copy(int from, int to)
    {
        Dictionary<(ulong Mount, ulong Inode), (int Directory, byte[] Name)> links = [];
        try
        {
            CopyDirectory(from, to, links, 0);
        }
        finally
        {
            foreach ((int directory, _) in links.Values)
            {
                At.Close(directory);
            }
        }
    }

    private static void CopyDirectory(
        int from,
        int to,
        Dictionary<(ulong Mount, ulong Inode), (int Directory, byte[] Name)> links,
        int depth
    )
    {
        if (depth > MaxDepth)
        {
            throw new LinuxException("copy", "a directory nested too deeply", Errno.ELOOP);
        }
        List<byte[]> names = [];
        Check(At.Open(from, "."u8, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int list), "open", "."u8);
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
        foreach (byte[] name in names)
        {
            CopyEntry(from, to, name, links, depth);
        }
        Check(At.Stat(from, out StatxBuffer stat), "statx", "."u8);
        Check(At.ChangeOwner(to, stat.Uid, stat.Gid), "fchown", "."u8);
        Check(At.ChangeMode(to, stat.Mode & 0xFFFu), "fchmod", "."u8);
        CopyXattrs(from, to, "."u8);
        _ = At.SetTimes(to, Time(stat.AccessTime), Time(stat.ModifyTime));
    }

    private static void CopyEntry(
        int from,
        int to,
        byte[] name,
        Dictionary<(ulong Mount, ulong Inode), (int Directory, byte[] Name)> links,
        int depth
    )
    {
        Check(At.Stat(from, name, out StatxBuffer stat), "statx", name);
        if (stat.Links > 1 && (stat.Mode & S_IFMT) != S_IFDIR)
        {
            if (links.TryGetValue((stat.MountId, stat.Inode), out (int Directory, byte[] Name) first))
            {
                Check(At.Link(first.Directory, first.Name, to, name), "link", name);
                return;
            }
            links[(stat.MountId, stat.Inode)] = (At.Duplicate(to), name);
        }
        switch (stat.Mode & S_IFMT)
        {
            case S_IFDIR:
                Check(At.MakeDirectory(to, name, 0x1C0), "mkdir", name, Errno.EEXIST);
                int source = Open(from, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
                int target = Open(to, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
                CopyDirectory(source, target, links, depth + 1);
                At.Close(source);
                At.Close(target);
                return;
            case S_IFREG:
                CopyFile(from, to, name, stat);
                break;
            case S_IFLNK:
                byte[] text = new byte[4096];
                int length = At.ReadLink(from, name, text);
                Check(length < 0 ? -length : At.MakeSymlink(text.AsSpan(0, length), to, name), "symlink", name);
                break;
            default:
                Check(At.MakeNode(to, name, stat.Mode, stat.RdevMajor, stat.RdevMinor), "mknod", name);
                break;
        }
        Check(At.ChangeOwner(to, name, stat.Uid, stat.Gid), "chown", name);
        if ((stat.Mode & S_IFMT) != S_IFLNK)
        {
            Check(At.ChangeMode(to, name, stat.Mode & 0xFFFu), "chmod", name);
        }
        CopyXattrs(from, to, name);
        _ = At.SetTimes(to, name, Time(stat.AccessTime), Time(stat.ModifyTime));
    }

    private static void CopyFile(int from, int to, byte[] name, StatxBuffer stat)
    {
        int source = Open(from, name, OpenFlags.O_RDONLY | OpenFlags.O_NOFOLLOW);
        Check(At.Open(to, name, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, 0x180, out int target), "open", name);
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

    private static void CopyXattrs(int from, int to, ReadOnlySpan<byte> name)
    {
        foreach (byte[] attribute in Xattrs.List(from, name))
        {
            if (!attribute.AsSpan().StartsWith("trusted.overlay."u8) && Xattrs.Get(from, name, attribute) is { } value)
            {
                int errno = Xattrs.Set(to, name, attribute, value);
                Check(errno == Errno.EOPNOTSUPP ? 0 : errno, "setxattr", name);
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
            throw new LinuxException(operation, Encoding.UTF8.GetString(name), errno);
        }
    }
}
