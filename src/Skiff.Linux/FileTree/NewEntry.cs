namespace Skiff.Linux.FileTree;

/// <summary>Makes entries in directories that strangers may be changing at the same moment: no link is followed, nothing but regular files is opened for writing, and a mount point is never taken away.</summary>
/// <remarks>Names are one component, zero-terminated. 0 is success, otherwise the errno: EISDIR for a directory where something else is due, ENOTDIR for the other way round.</remarks>
public static class NewEntry
{
    /// <summary>An empty regular file, open for writing, mode 0600 until the caller changes it.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="name">Its name.</param>
    /// <param name="replace">Take the place of what is there.</param>
    /// <param name="fd">The file.</param>
    /// <param name="kept">True if an existing file was emptied instead, because something is mounted on it; its owner and mode are not the caller's to change.</param>
    public static int File(int directory, ReadOnlySpan<byte> name, bool replace, out int fd, out bool kept)
    {
        const int New = OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL;
        kept = false;
        int errno = At.Open(directory, name, New, 0x180, out fd);
        if (errno != Errno.EEXIST || !replace)
        {
            return errno;
        }
        errno = MakeRoom(directory, name);
        if (errno == Errno.EBUSY)
        {
            kept = true;
            return Rewrite(directory, name, out fd);
        }
        return errno != 0 ? errno : At.Open(directory, name, New, 0x180, out fd);
    }

    /// <summary>A directory, open for reading; with <paramref name="merge"/> an existing one will do.</summary>
    public static int Directory(int directory, ReadOnlySpan<byte> name, bool merge, out int fd, out bool existed)
    {
        int errno = At.MakeDirectory(directory, name, 0x1C0);
        existed = errno == Errno.EEXIST;
        if (errno != 0 && !(existed && merge))
        {
            fd = -1;
            return errno;
        }
        errno = At.Open(directory, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out fd);
        return errno == Errno.ELOOP ? Errno.ENOTDIR : errno;
    }

    /// <summary>A symbolic link.</summary>
    public static int Symlink(ReadOnlySpan<byte> target, int directory, ReadOnlySpan<byte> name, bool replace)
    {
        int errno = At.MakeSymlink(target, directory, name);
        if (errno != Errno.EEXIST || !replace)
        {
            return errno;
        }
        errno = MakeRoom(directory, name);
        return errno != 0 ? errno : At.MakeSymlink(target, directory, name);
    }

    /// <summary>A second name of a file.</summary>
    public static int Link(int oldDirectory, ReadOnlySpan<byte> oldName, int directory, ReadOnlySpan<byte> name, bool replace)
    {
        int errno = At.Link(oldDirectory, oldName, directory, name);
        if (errno != Errno.EEXIST || !replace)
        {
            return errno;
        }
        errno = MakeRoom(directory, name);
        return errno != 0 ? errno : At.Link(oldDirectory, oldName, directory, name);
    }

    /// <summary>A FIFO or device with owner and mode.</summary>
    public static int Node(
        int directory,
        ReadOnlySpan<byte> name,
        bool replace,
        uint mode,
        (uint Major, uint Minor) device,
        (uint Uid, uint Gid) owner
    )
    {
        int errno = At.MakeNode(directory, name, mode & At.S_IFMT, device.Major, device.Minor);
        if (errno == Errno.EEXIST && replace)
        {
            errno = MakeRoom(directory, name);
            errno = errno != 0 ? errno : At.MakeNode(directory, name, mode & At.S_IFMT, device.Major, device.Minor);
        }
        errno = errno != 0 ? errno : At.ChangeOwner(directory, name, owner.Uid, owner.Gid);
        if (errno != 0 || (mode & 0xFFF) == 0)
        {
            return errno;
        }
        // chmod(2) follows links, and the name may be one by now: what is changed is what was looked at
        errno = At.Open(directory, name, OpenFlags.O_PATH, 0, out int fd);
        if (errno == 0)
        {
            errno = At.Stat(fd, out StatxBuffer stat);
            errno =
                errno != 0 ? errno
                : (stat.Mode & At.S_IFMT) == (mode & At.S_IFMT) ? At.ChangeModeOf(fd, mode & 0xFFF)
                : 0;
            At.Close(fd);
        }
        return errno;
    }

    /// <summary>Removes a name that is no directory. EBUSY for a mount point: the kernel would let us unlink one that is so only in the container's mount namespace, and take the mount away (mount_namespaces(7)).</summary>
    private static int MakeRoom(int directory, ReadOnlySpan<byte> name)
    {
        int errno = At.Open(directory, name, OpenFlags.O_PATH, 0, out int fd);
        if (errno != 0)
        {
            return errno == Errno.ENOENT ? 0 : errno;
        }
        errno = At.Stat(fd, out StatxBuffer there);
        errno =
            errno != 0 ? errno
            : At.Stat(directory, out StatxBuffer own) is var failed and not 0 ? failed
            : there.MountId != own.MountId ? Errno.EBUSY
            : 0;
        At.Close(fd);
        errno = errno != 0 ? errno : At.Unlink(directory, name);
        return errno == Errno.ENOENT ? 0 : errno;
    }

    private static int Rewrite(int directory, ReadOnlySpan<byte> name, out int fd)
    {
        fd = -1;
        int errno = At.Open(directory, name, OpenFlags.O_PATH, 0, out int path);
        if (errno != 0)
        {
            return errno;
        }
        errno = At.Stat(path, out StatxBuffer stat);
        errno =
            errno != 0
                ? errno
                : (stat.Mode & At.S_IFMT) switch
                {
                    At.S_IFREG => At.Reopen(path, OpenFlags.O_WRONLY | OpenFlags.O_TRUNC, out fd),
                    At.S_IFDIR => Errno.EISDIR,
                    _ => Errno.EBUSY,
                };
        At.Close(path);
        return errno;
    }
}
