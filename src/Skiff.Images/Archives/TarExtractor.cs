using System.Text;
using Skiff.Images.Layers;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Archives;

/// <summary>Unpacks a tar archive into a directory of a root that strangers may be changing: what exists gives way, directories are merged.</summary>
/// <remarks>Parents are opened with the root as root (openat2, RESOLVE_IN_ROOT), so that links of it lead where they lead inside; the entry itself is one component that is never followed.</remarks>
/// <param name="root">The root.</param>
/// <param name="directory">The directory that the archive goes to: a path in the root, without slashes at its ends; empty for the root itself.</param>
/// <param name="remark">Takes a sentence for what is left out.</param>
/// <param name="cancel">Ends it.</param>
public sealed class TarExtractor(int root, byte[] directory, Action<string>? remark, CancellationToken cancel)
{
    private readonly List<(byte[] Path, TimeSpec Time)> _times = [];

    /// <summary>The owner that a file gets, by the archive's; null for the same.</summary>
    public Func<(uint Uid, uint Gid), (uint Uid, uint Gid)>? Owner { get; init; }

    /// <summary>Unpacks an archive, gzip, zstd or plain.</summary>
    /// <returns>The size of the plain archive in bytes.</returns>
    /// <exception cref="SkiffException">The archive is damaged, or a directory and a file meet.</exception>
    public long Extract(Stream source)
    {
        try
        {
            using Stream plain = Decompress.Open(source, null);
            TarReader reader = new(plain);
            while (reader.Next())
            {
                cancel.ThrowIfCancellationRequested();
                Entry(reader);
            }
            reader.Drain();
            // children changed the times of their directories
            for (int i = _times.Count - 1; i >= 0; i--)
            {
                if (At.OpenIn(root, LayerPath.ForKernel(_times[i].Path), OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out int fd) == 0)
                {
                    _ = At.SetTimes(fd, _times[i].Time, _times[i].Time);
                    At.Close(fd);
                }
            }
            return reader.Position;
        }
        catch (Exception e) when (e is TarException or InvalidDataException)
        {
            throw new SkiffException($"the archive cannot be read: {e.Message}", 1, e);
        }
    }

    private void Entry(TarReader reader)
    {
        TarEntry entry = reader.Entry;
        byte[] path = LayerPath.Clean(entry.Name) ?? throw new TarException("a name is too long", entry.Offset);
        if (path.Length == 0)
        {
            return; // the directory itself, which stays as it is
        }
        path = LayerPath.Join(directory, path);
        int parent = Parent(LayerPath.Parent(path), entry);
        try
        {
            byte[] name = LayerPath.ForKernel(LayerPath.Base(path));
            switch (entry.Type)
            {
                case TarEntryType.Directory:
                    Directory(parent, name, path, entry);
                    break;
                case TarEntryType.File:
                    File(parent, name, reader);
                    break;
                case TarEntryType.Symlink:
                    Check(NewEntry.Symlink(LayerPath.ForKernel(entry.LinkName), parent, name, replace: true), "symlink", entry);
                    Check(At.ChangeOwner(parent, name, OwnerOf(entry).Uid, OwnerOf(entry).Gid), "chown", entry);
                    _ = At.SetTimes(parent, name, entry.ModificationTime, entry.ModificationTime);
                    break;
                case TarEntryType.HardLink:
                    Link(parent, name, entry);
                    break;
                case TarEntryType.CharacterDevice or TarEntryType.BlockDevice or TarEntryType.Fifo:
                    Node(parent, name, entry);
                    break;
                default:
                    remark?.Invoke($"{entry.DisplayName}: left out, its type '{(char)Math.Max(entry.TypeFlag, (byte)32)}' is not known");
                    break;
            }
        }
        finally
        {
            At.Close(parent);
        }
    }

    /// <summary>Opens the directory of an entry; what is missing of it is made, as tar(1) does.</summary>
    private int Parent(ReadOnlySpan<byte> path, TarEntry entry)
    {
        int errno = At.OpenIn(root, LayerPath.ForKernel(path), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out int fd);
        if (errno == Errno.ENOENT && !path.IsEmpty)
        {
            int above = Parent(LayerPath.Parent(path), entry);
            errno = At.MakeDirectory(above, LayerPath.ForKernel(LayerPath.Base(path)), 0x1ED);
            At.Close(above);
            errno = errno is 0 or Errno.EEXIST
                ? At.OpenIn(root, LayerPath.ForKernel(path), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out fd)
                : errno;
        }
        Check(errno, "open the directory of", entry);
        return fd;
    }

    private void Directory(int parent, byte[] name, byte[] path, TarEntry entry)
    {
        Check(NewEntry.Directory(parent, name, merge: true, out int fd, out _), "mkdir", entry);
        Check(At.ChangeOwner(fd, OwnerOf(entry).Uid, OwnerOf(entry).Gid), "chown", entry);
        Check(At.ChangeMode(fd, entry.Mode), "chmod", entry);
        Attributes(fd, entry);
        At.Close(fd);
        _times.Add((path, entry.ModificationTime));
    }

    private void File(int parent, byte[] name, TarReader reader)
    {
        TarEntry entry = reader.Entry;
        Check(NewEntry.File(parent, name, replace: true, out int fd, out bool kept), "create", entry);
        try
        {
            while (reader.ReadData(out long position, out ReadOnlySpan<byte> data))
            {
                Check(entry.IsSparse ? At.WriteAt(fd, data, position) : At.Write(fd, data), "write", entry);
            }
            Check(entry.IsSparse ? At.Truncate(fd, entry.Size) : 0, "truncate", entry);
            if (!kept)
            {
                Check(At.ChangeOwner(fd, OwnerOf(entry).Uid, OwnerOf(entry).Gid), "chown", entry);
                Check(At.ChangeMode(fd, entry.Mode), "chmod", entry);
                Attributes(fd, entry);
                _ = At.SetTimes(fd, entry.ModificationTime, entry.ModificationTime);
            }
        }
        finally
        {
            At.Close(fd);
        }
    }

    private void Link(int parent, byte[] name, TarEntry entry)
    {
        byte[] target = LayerPath.Join(
            directory,
            LayerPath.Clean(entry.LinkName) ?? throw new TarException("a name is too long", entry.Offset)
        );
        Check(
            At.OpenIn(root, LayerPath.ForKernel(LayerPath.Parent(target)), OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out int from),
            "link",
            entry
        );
        int errno = NewEntry.Link(from, LayerPath.ForKernel(LayerPath.Base(target)), parent, name, replace: true);
        At.Close(from);
        Check(errno, "link", entry);
    }

    private void Node(int parent, byte[] name, TarEntry entry)
    {
        uint type = entry.Type switch
        {
            TarEntryType.CharacterDevice => At.S_IFCHR,
            TarEntryType.BlockDevice => At.S_IFBLK,
            _ => At.S_IFIFO,
        };
        Check(
            NewEntry.Node(parent, name, replace: true, type | entry.Mode, (entry.DeviceMajor, entry.DeviceMinor), OwnerOf(entry)),
            "mknod",
            entry
        );
        _ = At.SetTimes(parent, name, entry.ModificationTime, entry.ModificationTime);
    }

    private (uint Uid, uint Gid) OwnerOf(TarEntry entry) => Owner?.Invoke((entry.Uid, entry.Gid)) ?? (entry.Uid, entry.Gid);

    private static void Attributes(int fd, TarEntry entry)
    {
        foreach (TarXattr xattr in entry.Xattrs)
        {
            if (XattrChoice.Archive.Takes(xattr.Name.Span))
            {
                int errno = Xattrs.Set(fd, LayerPath.ForKernel(xattr.Name.Span), xattr.Value.Span);
                Check(errno is Errno.EOPNOTSUPP or Errno.EPERM ? 0 : errno, "setxattr", entry);
            }
        }
    }

    private static void Check(int errno, string call, TarEntry entry)
    {
        if (errno != 0)
        {
            throw new LinuxException(call, Encoding.UTF8.GetString(entry.Name), errno);
        }
    }
}
