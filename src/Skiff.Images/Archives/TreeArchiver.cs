using System.Text;
using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Archives;

/// <summary>Writes files and trees, given by descriptor, into a tar archive: names sorted, hardlinks, extended attributes, nanoseconds; links are never followed.</summary>
/// <remarks>
/// A tree that changes meanwhile is written as far as it can be: a file that has become shorter is filled with zeros, as its size stands in its header.
/// Holes become zeros: image-spec layer.md wants no sparse entries, and few readers know them.
/// </remarks>
/// <param name="writer">Where the entries go.</param>
/// <param name="layer">Write overlayfs' marks as a layer has them: <c>.wh.</c> files and <c>.wh..wh..opq</c> (image-spec layer.md, "Whiteouts").</param>
/// <param name="remark">Takes a sentence for what is left out.</param>
/// <param name="cancel">Ends it.</param>
public sealed class TreeArchiver(TarWriter writer, bool layer, Action<string>? remark, CancellationToken cancel)
{
    private readonly Dictionary<(uint Major, uint Minor, ulong Inode), byte[]> _links = [];
    private readonly byte[] _buffer = new byte[256 << 10];

    /// <summary>The owner that is written, by the owner of the file; null for the same.</summary>
    public Func<(uint Uid, uint Gid), (uint Uid, uint Gid)>? Owner { get; init; }

    /// <summary>The bytes of all files so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Writes what is in a directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="prefix">What stands before each name: empty, or a path with a slash at its end.</param>
    public void Content(int directory, byte[] prefix)
    {
        if (layer && LowerStack.IsOpaque(directory, ".\0"u8))
        {
            writer.Write(new TarRecord(TarEntryType.File, (byte[])[.. prefix, .. ".wh..wh..opq"u8]));
        }
        foreach (byte[] name in Names(directory))
        {
            cancel.ThrowIfCancellationRequested();
            if (At.Open(directory, name, OpenFlags.O_PATH, 0, out int fd) == 0)
            {
                try
                {
                    Opened(fd, directory, name, [.. prefix, .. name.AsSpan(0, name.Length - 1)]);
                }
                finally
                {
                    At.Close(fd);
                }
            }
        }
    }

    /// <summary>Writes what an O_PATH descriptor stands for, with all that is in it.</summary>
    /// <param name="fd">The file or directory.</param>
    /// <param name="path">Its name in the archive, without a slash at its end; empty for the root, which becomes <c>./</c>.</param>
    public void Entry(int fd, byte[] path) => Opened(fd, -1, [], path);

    /// <summary>Writes the entry of a directory alone.</summary>
    public void Directory(int fd, byte[] path)
    {
        Check(At.Stat(fd, out StatxBuffer stat), "statx", path);
        writer.Write(
            Record(TarEntryType.Directory, path.Length == 0 ? "./"u8.ToArray() : [.. path, (byte)'/'], stat) with
            {
                Xattrs = Attributes(Xattrs.List(fd, ".\0"u8), name => Xattrs.Get(fd, ".\0"u8, name)),
            }
        );
    }

    private void Opened(int fd, int directory, byte[] name, byte[] path)
    {
        Check(At.Stat(fd, out StatxBuffer stat), "statx", path);
        switch (stat.Mode & At.S_IFMT)
        {
            case At.S_IFDIR:
                Directory(fd, path);
                Content(fd, path.Length == 0 ? [] : [.. path, (byte)'/']);
                return;
            case At.S_IFSOCK:
                remark?.Invoke($"{Text(path)}: left out, an archive cannot hold a socket");
                return;
            case At.S_IFCHR when layer && LayerUnpacker.IsWhiteout(stat):
                writer.Write(
                    new TarRecord(
                        TarEntryType.File,
                        (byte[])[.. path.AsSpan(0, path.AsSpan().LastIndexOf((byte)'/') + 1), .. ".wh."u8, .. LayerPath.Base(path)]
                    )
                );
                return;
        }
        if (layer && LayerPath.Base(path).StartsWith(".wh."u8))
        {
            throw new SkiffException(
                $"/{Text(path)} cannot be in an image: names that begin with .wh. mean deleted files there (OCI image-spec); rename it"
            );
        }
        if (stat.Links > 1 && !_links.TryAdd((stat.DevMajor, stat.DevMinor, stat.Inode), path))
        {
            writer.Write(Record(TarEntryType.HardLink, path, stat) with { LinkName = _links[(stat.DevMajor, stat.DevMinor, stat.Inode)] });
            return;
        }
        IReadOnlyList<TarXattr> xattrs =
            name.Length > 0 ? Attributes(Xattrs.List(directory, name), attribute => Xattrs.Get(directory, name, attribute)) : [];
        switch (stat.Mode & At.S_IFMT)
        {
            case At.S_IFREG:
                File(fd, path, stat, xattrs);
                break;
            case At.S_IFLNK:
                byte[] target = new byte[4096];
                int length = At.ReadLink(fd, "\0"u8, target);
                Check(length < 0 ? -length : 0, "readlink", path);
                writer.Write(Record(TarEntryType.Symlink, path, stat) with { LinkName = target.AsMemory(0, length), Xattrs = xattrs });
                break;
            case At.S_IFIFO:
                writer.Write(Record(TarEntryType.Fifo, path, stat) with { Xattrs = xattrs });
                break;
            default:
                TarEntryType type = (stat.Mode & At.S_IFMT) == At.S_IFCHR ? TarEntryType.CharacterDevice : TarEntryType.BlockDevice;
                writer.Write(Record(type, path, stat) with { DeviceMajor = stat.RdevMajor, DeviceMinor = stat.RdevMinor, Xattrs = xattrs });
                break;
        }
    }

    private void File(int fd, byte[] path, in StatxBuffer stat, IReadOnlyList<TarXattr> xattrs)
    {
        Check(At.Reopen(fd, OpenFlags.O_RDONLY, out int source), "open", path);
        try
        {
            long left = (long)stat.Size;
            Bytes += left;
            writer.Write(
                Record(TarEntryType.File, path, stat) with
                {
                    Size = left,
                    Xattrs = xattrs.Count > 0 ? xattrs : Attributes(Xattrs.List(source), name => Xattrs.Get(source, name)),
                }
            );
            while (left > 0)
            {
                cancel.ThrowIfCancellationRequested();
                Span<byte> piece = _buffer.AsSpan(0, (int)Math.Min(_buffer.Length, left));
                int count = At.Read(source, piece);
                Check(count < 0 ? -count : 0, "read", path);
                if (count == 0)
                {
                    piece.Clear(); // it has become shorter
                    count = piece.Length;
                }
                writer.WriteData(piece[..count]);
                left -= count;
            }
        }
        finally
        {
            At.Close(source);
        }
    }

    private TarRecord Record(TarEntryType type, byte[] path, in StatxBuffer stat)
    {
        (uint uid, uint gid) = Owner?.Invoke((stat.Uid, stat.Gid)) ?? (stat.Uid, stat.Gid);
        return new TarRecord(type, path)
        {
            Mode = stat.Mode & 0xFFFu,
            Uid = uid,
            Gid = gid,
            ModificationTime = new TimeSpec { Seconds = stat.ModifyTime.Seconds, Nanoseconds = stat.ModifyTime.Nanoseconds },
        };
    }

    private static List<TarXattr> Attributes(IReadOnlyList<byte[]> names, Func<byte[], byte[]?> get)
    {
        List<TarXattr> kept = [];
        foreach (byte[] name in names)
        {
            if (XattrChoice.Layer.Takes(name) && name.AsSpan().IndexOf(".overlay."u8) < 0 && get(name) is { } value)
            {
                kept.Add(new TarXattr(name.AsMemory(0, name.Length - 1), value));
            }
        }
        return kept;
    }

    private static List<byte[]> Names(int directory)
    {
        List<byte[]> names = [];
        if (At.Open(directory, ".\0"u8, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int list) != 0)
        {
            return names;
        }
        NameReader reader = new(list, new byte[32 << 10]);
        while (reader.Next())
        {
            names.Add(reader.Name.ToArray());
        }
        At.Close(list);
        names.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
        return names;
    }

    private static string Text(byte[] path) => Printable.Of(Encoding.UTF8.GetString(path));

    private static void Check(int errno, string call, byte[] path)
    {
        if (errno != 0)
        {
            throw new LinuxException(call, "/" + Text(path), errno);
        }
    }
}
