namespace Skiff.Linux.FileTree;

/// <summary>Changes the owner of a whole tree, never following a link: the mount option <c>:U</c>.</summary>
public static class TreeOwner
{
    /// <summary>Changes the directory and everything below it.</summary>
    /// <exception cref="LinuxException">An entry could not be changed.</exception>
    public static void Change(int directory, uint uid, uint gid)
    {
        int errno = At.ChangeOwner(directory, uid, gid);
        if (errno != 0)
        {
            throw new LinuxException("fchown", "directory", errno);
        }
        _ = At.Open(directory, "."u8, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int list);
        List<(byte[] Name, bool Directory)> entries = [];
        NameReader reader = new(list, new byte[32 << 10]);
        while (reader.Next())
        {
            entries.Add((reader.Name.ToArray(), reader.IsDirectory));
        }
        At.Close(list);
        foreach ((byte[] name, bool isDirectory) in entries)
        {
            if (
                isDirectory
                && At.Open(directory, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW, 0, out int child) == 0
            )
            {
                Change(child, uid, gid);
                At.Close(child);
            }
            else
            {
                _ = At.ChangeOwner(directory, name, uid, gid);
            }
        }
    }
}
