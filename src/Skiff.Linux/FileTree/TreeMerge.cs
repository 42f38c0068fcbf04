using System.Text;

namespace Skiff.Linux.FileTree;

/// <summary>Moves what is in one directory into another of the same file system by renames: directories of the same name become one, of everything else the moved one wins.</summary>
/// <remarks>It can be cut off anywhere and done again: what is still in the first directory has not been moved.</remarks>
public static class TreeMerge
{
    /// <summary>Moves everything; afterwards <paramref name="from"/> is empty and <paramref name="to"/> has its owner, mode, times and attributes.</summary>
    /// <exception cref="LinuxException">Something could not be moved.</exception>
    public static void Move(int from, int to)
    {
        Check(At.Stat(from, out StatxBuffer stat), "statx", ".\0"u8); // before the moving, which changes its time
        Check(At.Open(from, ".\0"u8, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int list), "open", ".\0"u8);
        List<byte[]> names = [];
        NameReader reader = new(list, new byte[32 << 10]);
        while (reader.Next())
        {
            names.Add(reader.Name.ToArray());
        }
        At.Close(list);
        foreach (byte[] name in names)
        {
            Entry(from, to, name);
        }
        Check(At.ChangeOwner(to, stat.Uid, stat.Gid), "fchown", ".\0"u8);
        Check(At.ChangeMode(to, stat.Mode & 0xFFFu), "fchmod", ".\0"u8);
        foreach (byte[] attribute in Xattrs.List(from, ".\0"u8))
        {
            if (Xattrs.Get(from, ".\0"u8, attribute) is { } value)
            {
                Check(Xattrs.Set(to, ".\0"u8, attribute, value), "setxattr", ".\0"u8);
            }
        }
        _ = At.SetTimes(to, Time(stat.ModifyTime), Time(stat.ModifyTime));
    }

    private static void Entry(int from, int to, byte[] name)
    {
        int errno = At.Rename(from, name, to, name, noReplace: true);
        if (errno == 0)
        {
            return;
        }
        Check(errno == Errno.EEXIST ? 0 : errno, "rename", name);
        Check(At.Stat(from, name, out StatxBuffer moved), "statx", name);
        Check(At.Stat(to, name, out StatxBuffer there), "statx", name);
        bool directory = (moved.Mode & At.S_IFMT) == At.S_IFDIR;
        bool both = directory && (there.Mode & At.S_IFMT) == At.S_IFDIR;
        if (!both)
        {
            if (directory || (there.Mode & At.S_IFMT) == At.S_IFDIR)
            {
                Check(Tree.TryRemove(to, name), "remove", name);
            }
            Check(At.Rename(from, name, to, name), "rename", name);
            return;
        }
        Check(At.Open(from, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int source), "open", name);
        Check(At.Open(to, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int target), "open", name);
        Move(source, target);
        At.Close(source);
        At.Close(target);
        Check(At.Unlink(from, name, directory: true), "rmdir", name);
    }

    private static TimeSpec Time(StatxTimestamp time) => new() { Seconds = time.Seconds, Nanoseconds = time.Nanoseconds };

    private static void Check(int errno, string operation, ReadOnlySpan<byte> name)
    {
        if (errno != 0)
        {
            throw new LinuxException(operation, Encoding.UTF8.GetString(name.TrimEnd((byte)0)), errno);
        }
    }
}
