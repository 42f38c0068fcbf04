using System.Text;
using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Archives;

/// <summary>Writes a directory tree as a tar archive: owners, modes, times to the nanosecond, hardlinks, devices and extended attributes; no link is followed.</summary>
public sealed class TreeArchive
{
    private const int MaxDepth = 1000;
    private readonly TarWriter _tar;
    private readonly CancellationToken _cancel;
    private readonly Dictionary<(ulong Mount, ulong Inode), byte[]> _links = [];
    private readonly byte[] _buffer = new byte[256 << 10];

    private TreeArchive(Stream target, CancellationToken cancel)
    {
        _tar = new TarWriter(target);
        _cancel = cancel;
    }

    /// <summary>Writes the directory itself as <c>./</c> and all that is below it, names sorted, and the end mark. Sockets are left out: tar has none.</summary>
    /// <param name="root">The directory, open for reading.</param>
    /// <param name="target">Where to; stays the caller's.</param>
    /// <param name="cancel">Ends it between two files.</param>
    /// <exception cref="LinuxException">Something cannot be read.</exception>
    public static void Write(SafeFd root, Stream target, CancellationToken cancel)
    {
        TreeArchive archive = new(target, cancel);
        archive.Directory(root.Value, [], 0);
        archive._tar.Finish();
    }

    private void Directory(int fd, byte[] path, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new LinuxException("read", Display(path), Errno.ELOOP);
        }
        Check(At.Stat(fd, out StatxBuffer stat), "statx", path);
        _tar.Write(Record(TarEntryType.Directory, path.Length == 0 ? [.. "./"u8] : [.. path, (byte)'/'], stat, Attributes(fd, ".\0"u8)));
        foreach (byte[] name in Names(fd, path))
        {
            _cancel.ThrowIfCancellationRequested();
            byte[] child = path.Length == 0 ? name[..^1] : [.. path, (byte)'/', .. name.AsSpan(0, name.Length - 1)];
            Entry(fd, name, child, depth);
        }
    }

    private static List<byte[]> Names(int fd, byte[] path)
    {
        List<byte[]> names = [];
        Check(At.Open(fd, ".\0"u8, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int list), "open", path);
        NameReader reader = new(list, new byte[32 << 10]);
        while (reader.Next())
        {
            names.Add(reader.Name.ToArray());
        }
        At.Close(list);
        Check(reader.Error, "getdents64", path);
        names.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
        return names;
    }

    private void Entry(int directory, byte[] name, byte[] path, int depth)
    {
        int errno = At.Stat(directory, name, out StatxBuffer stat);
        if (errno == Errno.ENOENT)
        {
            return; // removed since the directory was read
        }
        Check(errno, "statx", path);
        uint type = stat.Mode & At.S_IFMT;
        if (type == At.S_IFDIR)
        {
            Check(At.Open(directory, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int child), "open", path);
            Directory(child, path, depth + 1);
            At.Close(child);
            return;
        }
        if (stat.Links > 1 && !_links.TryAdd((stat.MountId, stat.Inode), path))
        {
            _tar.Write(Record(TarEntryType.HardLink, path, stat, []) with { LinkName = _links[(stat.MountId, stat.Inode)] });
            return;
        }
        IReadOnlyList<TarXattr> attributes = Attributes(directory, name);
        switch (type)
        {
            case At.S_IFREG:
                RegularFile(directory, name, path, attributes);
                break;
            case At.S_IFLNK:
                byte[] text = new byte[4096];
                int length = At.ReadLink(directory, name, text);
                Check(Math.Max(-length, 0), "readlink", path);
                _tar.Write(Record(TarEntryType.Symlink, path, stat, attributes) with { LinkName = text.AsMemory(0, length) });
                break;
            case At.S_IFCHR or At.S_IFBLK or At.S_IFIFO:
                TarEntryType kind =
                    type == At.S_IFCHR ? TarEntryType.CharacterDevice
                    : type == At.S_IFBLK ? TarEntryType.BlockDevice
                    : TarEntryType.Fifo;
                _tar.Write(Record(kind, path, stat, attributes));
                break;
        }
    }

    private void RegularFile(int directory, byte[] name, byte[] path, IReadOnlyList<TarXattr> attributes)
    {
        int errno = At.Open(directory, name, OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK, 0, out int fd);
        if (errno == Errno.ENOENT)
        {
            return;
        }
        Check(errno, "open", path);
        try
        {
            Check(At.Stat(fd, out StatxBuffer stat), "statx", path);
            _tar.Write(Record(TarEntryType.File, path, stat, attributes) with { Size = (long)stat.Size });
            for (long left = (long)stat.Size; left > 0; )
            {
                int n = At.Read(fd, _buffer.AsSpan(0, (int)Math.Min(left, _buffer.Length)));
                Check(Math.Max(-n, 0), "read", path);
                if (n == 0)
                {
                    // It shrank while it was read: the size is written already, so the rest is zeros, as tar(1) does.
                    n = (int)Math.Min(left, _buffer.Length);
                    _buffer.AsSpan(0, n).Clear();
                }
                _tar.WriteData(_buffer.AsSpan(0, n));
                left -= n;
            }
        }
        finally
        {
            At.Close(fd);
        }
    }

    private static TarRecord Record(TarEntryType type, byte[] name, in StatxBuffer stat, IReadOnlyList<TarXattr> attributes) =>
        new(type, name)
        {
            Mode = stat.Mode & 0xFFFu,
            Uid = stat.Uid,
            Gid = stat.Gid,
            ModificationTime = new TimeSpec { Seconds = stat.ModifyTime.Seconds, Nanoseconds = stat.ModifyTime.Nanoseconds },
            DeviceMajor = stat.RdevMajor,
            DeviceMinor = stat.RdevMinor,
            Xattrs = attributes,
        };

    /// <summary>All but overlayfs' own and the labels of the host's security modules, which mean nothing elsewhere.</summary>
    private static List<TarXattr> Attributes(int directory, ReadOnlySpan<byte> name)
    {
        List<TarXattr> found = [];
        foreach (byte[] attribute in Xattrs.List(directory, name))
        {
            ReadOnlySpan<byte> text = attribute.AsSpan(0, attribute.Length - 1);
            bool foreign =
                text.StartsWith("trusted.overlay."u8)
                || text.StartsWith("user.overlay."u8)
                || (text.StartsWith("security."u8) && !text.SequenceEqual("security.capability"u8));
            if (!foreign && Xattrs.Get(directory, name, attribute) is { } value)
            {
                found.Add(new TarXattr(text.ToArray(), value));
            }
        }
        return found;
    }

    private static void Check(int errno, string call, byte[] path)
    {
        if (errno != 0)
        {
            throw new LinuxException(call, Display(path), errno);
        }
    }

    private static string Display(byte[] path) => path.Length == 0 ? "." : Encoding.UTF8.GetString(path);
}
