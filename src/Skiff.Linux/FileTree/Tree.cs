using System.Runtime.CompilerServices;
using System.Text;

namespace Skiff.Linux.FileTree;

/// <summary>Whole directories.</summary>
public static class Tree
{
    /// <summary>Removes a file or a tree, never following a link; a missing one is fine. Throws <see cref="LinuxException"/> for what cannot be removed.</summary>
    /// <param name="path">Path in the engine's store.</param>
    public static void Remove(string path)
    {
        if (RemoveAll(path) is { } failure)
        {
            throw new LinuxException("remove", failure.Path, failure.Errno);
        }
    }

    /// <summary>Removes a file or a tree as far as possible; null when all is gone, else the first failure. A missing one is fine.</summary>
    public static RemovalFailure? RemoveAll(string path)
    {
        TreeRemover remover = new(path);
        remover.Remove(Files.AtCwd, CString.Encode(path));
        return remover.Failure;
    }

    /// <summary>Removes the file or tree <paramref name="name"/> below a directory; 0 or the errno, a missing one is fine.</summary>
    public static int TryRemove(int dirfd, ReadOnlySpan<byte> name)
    {
        TreeRemover remover = new("");
        remover.Remove(dirfd, name);
        return remover.Failure?.Errno ?? 0;
    }

    /// <summary>All names in a directory of the engine's own store as text; empty when it does not exist.</summary>
    [SkipLocalsInit]
    public static IReadOnlyList<string> Names(string path)
    {
        List<string> names = [];
        using SafeFd? fd = Files.TryOpen(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out int errno);
        if (fd is null)
        {
            return errno == Errno.ENOENT ? names : throw new LinuxException("open", path, errno);
        }
        NameReader reader = new(fd.Value, stackalloc byte[8192]);
        while (reader.Next())
        {
            names.Add(Encoding.UTF8.GetString(reader.Name[..^1]));
        }
        return reader.Error == 0 ? names : throw new LinuxException("getdents64", path, reader.Error);
    }
}
