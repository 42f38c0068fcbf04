using System.Runtime.CompilerServices;

namespace Skiff.Linux.FileTree;

/// <summary>rm -r by directory descriptors: unlinkat and openat(O_NOFOLLOW) only, so that no link of the tree leads outside of it. What can be removed is removed; the first failure is kept.</summary>
/// <param name="path">The path of the tree, for messages.</param>
internal sealed class TreeRemover(string path)
{
    // Below this depth a directory is moved up to the top before it is emptied: a container can nest far deeper than descriptors or stack allow.
    private const int MaximumDepth = 64;

    private int _top = -1;

    /// <summary>The first thing that could not be removed.</summary>
    internal RemovalFailure? Failure { get; private set; }

    /// <summary>Removes a file or a tree; a missing one is fine.</summary>
    internal void Remove(int directory, ReadOnlySpan<byte> name) => _ = Entry(directory, name, isDirectory: false, parent: null, 0);

    private bool Entry(int directory, ReadOnlySpan<byte> name, bool isDirectory, string? parent, int depth)
    {
        int errno = isDirectory ? Errno.EISDIR : At.Unlink(directory, name);
        if (errno == Errno.EISDIR)
        {
            errno = At.Unlink(directory, name, directory: true);
            if (errno is Errno.ENOTEMPTY or Errno.EEXIST or Errno.EACCES)
            {
                return Descend(directory, name, PathOf(parent, name), depth);
            }
        }
        if (errno is not (0 or Errno.ENOENT))
        {
            Fail(PathOf(parent, name), errno);
        }
        return errno == 0;
    }

    private bool Descend(int directory, ReadOnlySpan<byte> name, string own, int depth)
    {
        if (depth >= MaximumDepth && At.Rename(directory, name, _top, CString.Encode($".removing-{RandomBytes.Hex(8)}")) == 0)
        {
            return true;
        }
        int flags = OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY;
        int errno = At.Open(directory, name, flags, 0, out int fd);
        if (errno == Errno.EACCES && At.ChangeMode(directory, name, 0x1C0) == 0)
        {
            errno = At.Open(directory, name, flags, 0, out fd); // a directory without rights of an image, removed by an ordinary user
        }
        if (errno == 0)
        {
            _top = depth == 0 ? fd : _top;
            if (RawCall.Invoke(SyscallNumber.geteuid) != 0)
            {
                _ = At.ChangeMode(fd, 0x1C0); // without root, a directory that the container made read-only cannot be emptied
            }
            errno = Empty(directory, name, fd, own, depth);
            At.Close(fd);
        }
        if (errno is not (0 or Errno.ENOENT))
        {
            Fail(own, errno);
        }
        return errno == 0;
    }

    /// <summary>Empties and removes an open directory; 0 or the errno of the last rmdir(2). A pass may miss names while others disappear or are moved in; it is repeated until one finds nothing that it can remove.</summary>
    private int Empty(int directory, ReadOnlySpan<byte> name, int fd, string own, int depth)
    {
        RemovalFailure? before = Failure;
        while (true)
        {
            Failure = before;
            bool progress = Pass(fd, own, depth);
            int errno = At.Unlink(directory, name, directory: true);
            if (errno == 0)
            {
                Failure = before;
            }
            if (!progress || errno is not (Errno.ENOTEMPTY or Errno.EEXIST))
            {
                return errno;
            }
            _ = Libc.lseek(fd, 0, 0);
        }
    }

    [SkipLocalsInit]
    private bool Pass(int fd, string own, int depth)
    {
        bool progress = false;
        NameReader reader = new(fd, stackalloc byte[4096]);
        while (reader.Next())
        {
            progress |= Entry(fd, reader.Name, reader.IsDirectory, own, depth + 1);
        }
        if (reader.Error != 0)
        {
            Fail(own, reader.Error);
        }
        return progress;
    }

    private string PathOf(string? parent, ReadOnlySpan<byte> name) => parent is null ? path : $"{parent}/{CString.Decode(name[..^1])}";

    private void Fail(string where, int errno) => Failure ??= new RemovalFailure(where, errno);
}
