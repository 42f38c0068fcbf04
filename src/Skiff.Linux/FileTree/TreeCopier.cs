using System.Text;

namespace Skiff.Linux.FileTree;

/// <summary>Copies files and trees between directories that are given by descriptor, either of which strangers may be changing at the same moment.</summary>
/// <remarks>
/// Every step is one component below a descriptor that is not followed if it is a link. What is read or changed is opened first, looked at, and then used by its descriptor,
/// so that a name which changes its meaning on the way is an error, or leads to another file of the same tree, and never out of it.
/// </remarks>
public sealed partial class TreeCopier(CopyRules rules)
{
    private const int MaxDepth = 1000;
    private const int TarBlock = 512;

    private readonly Dictionary<(uint Major, uint Minor, ulong Inode), byte[]> _links = [];
    private int _top;
    private (uint Major, uint Minor, ulong Inode)? _made;

    /// <summary>The size that a tar of everything copied so far would have, without its end mark: what docker shows.</summary>
    public long Bytes { get; private set; }

    /// <summary>Copies everything in a directory into another; the attributes of the target itself stay.</summary>
    /// <exception cref="LinuxException">Something could not be copied; what was copied before stays.</exception>
    public void Content(int from, int to)
    {
        _top = to;
        _links.Clear();
        Made(to);
        Directory(from, to, [], 0);
    }

    /// <summary>Copies one file or tree.</summary>
    /// <param name="from">The directory it is in.</param>
    /// <param name="name">Its name, zero-terminated.</param>
    /// <param name="to">The directory it goes to.</param>
    /// <param name="newName">Its name there, zero-terminated.</param>
    /// <exception cref="LinuxException">Something could not be copied; what was copied before stays.</exception>
    public void Entry(int from, ReadOnlySpan<byte> name, int to, ReadOnlySpan<byte> newName)
    {
        _top = to;
        _links.Clear();
        byte[] path = newName[..^1].ToArray();
        Check(At.Open(from, name, OpenFlags.O_PATH, 0, out int source), "open", path);
        try
        {
            Opened(source, from, name.ToArray(), to, newName.ToArray(), path, 0);
        }
        finally
        {
            At.Close(source);
        }
    }

    /// <summary>Copies what an O_PATH descriptor stands for: a file or tree that was resolved before.</summary>
    /// <param name="source">The file or directory.</param>
    /// <param name="to">The directory it goes to.</param>
    /// <param name="newName">Its name there, zero-terminated.</param>
    /// <exception cref="LinuxException">Something could not be copied; what was copied before stays.</exception>
    public void Opened(int source, int to, ReadOnlySpan<byte> newName)
    {
        _top = to;
        _links.Clear();
        Opened(source, source, [0], to, newName.ToArray(), newName[..^1].ToArray(), 0);
    }

    private void Directory(int from, int to, byte[] path, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new LinuxException("copy", "a directory nested too deeply", Errno.ELOOP);
        }
        if (rules.Again)
        {
            RemoveRemains(to, path);
        }
        foreach (byte[] name in Names(from, path))
        {
            byte[] own = path.Length == 0 ? name[..^1] : [.. path, (byte)'/', .. name.AsSpan(0, name.Length - 1)];
            if (rules.LeaveOut?.Invoke(own) == true)
            {
                continue;
            }
            int errno = At.Open(from, name, OpenFlags.O_PATH, 0, out int source);
            if (errno == Errno.ENOENT)
            {
                continue; // removed while we were on the way
            }
            Check(errno, "open", own);
            try
            {
                Opened(source, from, name, to, name, own, depth);
            }
            finally
            {
                At.Close(source);
            }
        }
    }

    private static List<byte[]> Names(int directory, byte[] path)
    {
        Check(At.Open(directory, ".\0"u8, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int list), "open", path);
        try
        {
            List<byte[]> names = [];
            NameReader reader = new(list, new byte[32 << 10]);
            while (reader.Next())
            {
                names.Add(reader.Name.ToArray());
            }
            Check(reader.Error, "read", path);
            return names;
        }
        finally
        {
            At.Close(list);
        }
    }

    private void Opened(int source, int from, byte[] name, int to, byte[] newName, byte[] path, int depth)
    {
        Check(At.Stat(source, out StatxBuffer stat), "statx", path);
        uint type = stat.Mode & At.S_IFMT;
        Count(TarBlock);
        if (type != At.S_IFDIR && stat.Links > 1 && IsLinked(stat, to, newName, path))
        {
            return;
        }
        bool grows = rules.Grows && type != At.S_IFDIR;
        if (grows && At.Stat(to, newName, out _) == 0)
        {
            return; // whole, and perhaps changed since
        }
        byte[] place = grows ? _growing : newName;
        switch (type)
        {
            case At.S_IFDIR when _made == (stat.DevMajor, stat.DevMinor, stat.Inode):
                rules.Remark?.Invoke($"{Encoding.UTF8.GetString(path)}: left out, it is the copy itself");
                break;
            case At.S_IFDIR:
                Check(NewEntry.Directory(to, newName, rules.Replace || rules.Grows, out int made, out _), "mkdir", path);
                try
                {
                    if (depth == 0 && _made is null)
                    {
                        Made(made);
                    }
                    Directory(source, made, path, depth + 1);
                    Attributes(source, made);
                }
                finally
                {
                    At.Close(made);
                }
                break;
            case At.S_IFREG:
                File(source, to, place, stat, path);
                break;
            case At.S_IFLNK:
                Symlink(source, from, name, to, place, stat, path);
                break;
            default:
                Node(from, name, to, place, stat, path);
                break;
        }
        if (grows)
        {
            Appear(to, newName, path);
        }
    }

    /// <summary>A directory that is bound into the container may be copied into itself, or into what is in it: the copy is not copied again.</summary>
    private void Made(int directory) =>
        _made = At.Stat(directory, out StatxBuffer stat) == 0 ? (stat.DevMajor, stat.DevMinor, stat.Inode) : null;

    /// <summary>A further name of a file that was copied before, if it was.</summary>
    private bool IsLinked(in StatxBuffer stat, int to, byte[] newName, byte[] path)
    {
        (uint, uint, ulong) key = (stat.DevMajor, stat.DevMinor, stat.Inode);
        if (!_links.TryGetValue(key, out byte[]? first))
        {
            _links[key] = path;
            return false;
        }
        int slash = first.AsSpan().LastIndexOf((byte)'/');
        int directory = _top;
        if (
            slash >= 0
            && At.OpenBeneath(_top, [.. first.AsSpan(0, slash), 0], OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out directory) != 0
        )
        {
            return false; // moved away meanwhile: a copy of its own will do
        }
        int errno = NewEntry.Link(directory, [.. first.AsSpan(slash + 1), 0], to, newName, rules.Replace);
        if (slash >= 0)
        {
            At.Close(directory);
        }
        return errno == 0;
    }

    private void Count(long bytes)
    {
        Bytes += bytes;
        rules.Progress?.Invoke(Bytes);
    }

    private static void Check(int errno, string call, byte[] path)
    {
        if (errno != 0)
        {
            throw new LinuxException(call, path.Length == 0 ? "the directory" : Encoding.UTF8.GetString(path), errno);
        }
    }
}
