namespace Skiff.Linux.FileTree;

/// <summary>Whole directory trees.</summary>
public static class Tree
{
    /// <summary>Removes a file or a tree, never following a link; a missing one is fine. Throws <see cref="LinuxException"/> for what cannot be removed.</summary>
    /// <param name="path">Path in the engine's store.</param>
    public static void Remove(string path)
    {
        int errno = TryRemove(Files.AtCwd, CString.Encode(path));
        if (errno != 0)
        {
            throw new LinuxException("remove", path, errno);
        }
    }

    /// <summary>Removes the file or tree <paramref name="name"/> below a directory; 0 or the errno, a missing one is fine.</summary>
    /// <remarks>One descriptor and a 4 KiB buffer per level, so that a path of any depth is removed component by component.</remarks>
    public static int TryRemove(int dirfd, ReadOnlySpan<byte> name)
    {
        int errno = At.Unlink(dirfd, name);
        if (errno is 0 or Errno.ENOENT)
        {
            return 0;
        }
        if (errno is not (Errno.EISDIR or Errno.EPERM or Errno.EACCES))
        {
            return errno;
        }
        errno = At.Unlink(dirfd, name, directory: true);
        if (errno is 0 or Errno.ENOENT)
        {
            return 0;
        }
        if (errno is not (Errno.ENOTEMPTY or Errno.EEXIST))
        {
            return errno;
        }
        errno = Empty(dirfd, name);
        return errno != 0 ? errno : At.Unlink(dirfd, name, directory: true);
    }

    private static int Empty(int dirfd, ReadOnlySpan<byte> name)
    {
        int flags = OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY;
        int errno = At.Open(dirfd, name, flags, 0, out int fd);
        if (errno == Errno.EACCES && At.ChangeMode(dirfd, name, 0x1C0) == 0)
        {
            // a directory 0555 of an image, removed by an ordinary user
            errno = At.Open(dirfd, name, flags, 0, out fd);
        }
        if (errno != 0)
        {
            return errno;
        }
        try
        {
            errno = EmptyOnce(fd);
            if (errno == Errno.EACCES && At.ChangeMode(fd, 0x1C0) == 0)
            {
                errno = EmptyOnce(fd);
            }
            return errno;
        }
        finally
        {
            At.Close(fd);
        }
    }

    private static int EmptyOnce(int fd)
    {
        NameReader reader = new(fd, new byte[4096]);
        while (reader.Next())
        {
            int errno = reader.IsDirectory ? TryRemove(fd, reader.Name) : At.Unlink(fd, reader.Name);
            if (errno is not (0 or Errno.ENOENT))
            {
                return errno;
            }
        }
        return reader.Error;
    }
}
