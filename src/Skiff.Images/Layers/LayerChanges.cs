using System.Text;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Layers;

/// <summary>What a container changed: its writable layer, overlayfs' upper directory, compared with the layers below (Documentation/filesystems/overlayfs.rst).</summary>
/// <remarks>
/// The empty files and directories that the engine made to mount on are no change of the container's, nor is a directory of which nothing but its time changed when they were made in it.
/// Renamed directories and files without data (<c>redirect_dir</c>, <c>metacopy</c>) do not occur: the engine mounts without them.
/// </remarks>
public sealed class LayerChanges
{
    private readonly List<LayerChange> _list = [];
    private readonly HashSet<string> _leftOut = [];
    private readonly IReadOnlySet<string> _mountPoints;
    private readonly LowerStack _lower;

    private LayerChanges(LowerStack lower, IReadOnlySet<string> mountPoints)
    {
        _lower = lower;
        _mountPoints = mountPoints;
    }

    /// <summary>The changes, each directory before what is in it.</summary>
    public IReadOnlyList<LayerChange> List => _list;

    /// <summary>Compares.</summary>
    /// <param name="upper">The writable layer's directory.</param>
    /// <param name="lower">The layers' directories, bottom first.</param>
    /// <param name="mountPoints">Paths without leading slash that the engine may have made to mount on.</param>
    public static LayerChanges Read(string upper, IReadOnlyList<string> lower, IReadOnlySet<string> mountPoints)
    {
        using LowerStack below = new(lower);
        LayerChanges changes = new(below, mountPoints);
        using SafeFd root = Files.Open(upper, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        _ = changes.Directory(root.Value, [], hidden: false);
        return changes;
    }

    /// <summary>True for an entry of the writable layer that is not a change of the container's.</summary>
    /// <param name="path">Its path without leading slash.</param>
    public bool IsLeftOut(ReadOnlySpan<byte> path) => _leftOut.Contains(Encoding.Latin1.GetString(path));

    /// <summary>Compares a directory's content; true if everything in it was left out, and there was something.</summary>
    private bool Directory(int fd, byte[] path, bool hidden)
    {
        List<byte[]> names = [];
        NameReader reader = new(fd, new byte[16 << 10]);
        while (reader.Next())
        {
            names.Add(reader.Name.ToArray());
        }
        names.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
        int left = 0;
        foreach (byte[] name in names)
        {
            left += Entry(fd, name, LayerPath.Join(path, name.AsSpan(0, name.Length - 1)), hidden) ? 1 : 0;
        }
        return left > 0 && left == names.Count;
    }

    /// <summary>True if the entry was left out.</summary>
    private bool Entry(int directory, byte[] name, byte[] path, bool hidden)
    {
        if (At.Stat(directory, name, out StatxBuffer stat) != 0)
        {
            return false; // gone meanwhile
        }
        LowerFile? below = hidden ? null : _lower.Find(path);
        if (LayerUnpacker.IsWhiteout(stat))
        {
            if (below is not null)
            {
                _list.Add(new LayerChange('D', path));
            }
            return false;
        }
        if ((stat.Mode & At.S_IFMT) == At.S_IFDIR)
        {
            return SubDirectory(directory, name, path, stat, below, hidden);
        }
        bool placeholder = (stat.Mode & At.S_IFMT) == At.S_IFREG && stat.Size == 0 && below is null or { Type: At.S_IFLNK };
        if (placeholder && IsMountPoint(path))
        {
            return LeaveOut(path);
        }
        _list.Add(new LayerChange(below is null ? 'A' : 'C', path));
        return false;
    }

    private bool SubDirectory(int directory, byte[] name, byte[] path, in StatxBuffer stat, LowerFile? below, bool hidden)
    {
        if (At.Open(directory, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int fd) != 0)
        {
            return false;
        }
        int place = _list.Count;
        bool opaque = LowerStack.IsOpaque(directory, name);
        bool onlyLeftOut = Directory(fd, path, hidden || below is not { Type: At.S_IFDIR });
        bool empty = IsEmpty(fd);
        At.Close(fd);
        if (below is { Type: At.S_IFDIR } && opaque)
        {
            Replaced(path, place);
        }
        char kind = 'C';
        if (below is null)
        {
            if (onlyLeftOut || (empty && IsMountPoint(path)))
            {
                return LeaveOut(path);
            }
            kind = 'A';
        }
        else if (below is { Type: At.S_IFDIR, Stat: var old } && _list.Count == place && !opaque)
        {
            bool same = old.Mode == stat.Mode && old.Uid == stat.Uid && old.Gid == stat.Gid;
            bool sameTime = old.ModifyTime.Seconds == stat.ModifyTime.Seconds && old.ModifyTime.Nanoseconds == stat.ModifyTime.Nanoseconds;
            if (same && onlyLeftOut)
            {
                return LeaveOut(path);
            }
            if (same && sameTime)
            {
                return false;
            }
        }
        _list.Insert(place, new LayerChange(kind, path));
        return false;
    }

    /// <summary>A directory that took another's place: what that one had and it has not is deleted; what both have is changed.</summary>
    private void Replaced(byte[] path, int place)
    {
        HashSet<string> present = [];
        for (int i = place; i < _list.Count; i++)
        {
            present.Add(Encoding.Latin1.GetString(_list[i].Path));
        }
        foreach (byte[] name in _lower.Names(path))
        {
            byte[] own = LayerPath.Join(path, name.AsSpan(0, name.Length - 1));
            if (!present.Contains(Encoding.Latin1.GetString(own)))
            {
                _list.Add(new LayerChange('D', own));
            }
        }
        _list.Sort(place, _list.Count - place, Comparer<LayerChange>.Create(static (a, b) => Compare(a.Path, b.Path)));
    }

    /// <summary>The order of a walk: what is in a directory comes before names that only begin like it.</summary>
    private static int Compare(byte[] a, byte[] b)
    {
        int common = a.AsSpan().CommonPrefixLength(b);
        return common == a.Length || common == b.Length ? a.Length - b.Length
            : a[common] == '/' ? -1
            : b[common] == '/' ? 1
            : a[common] - b[common];
    }

    private static bool IsEmpty(int fd)
    {
        if (At.Open(fd, ".\0"u8, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int again) != 0)
        {
            return false;
        }
        NameReader reader = new(again, new byte[4096]);
        bool empty = !reader.Next();
        At.Close(again);
        return empty;
    }

    private bool IsMountPoint(byte[] path) => _mountPoints.Contains(Encoding.UTF8.GetString(path));

    private bool LeaveOut(byte[] path)
    {
        _leftOut.Add(Encoding.Latin1.GetString(path));
        return true;
    }
}
