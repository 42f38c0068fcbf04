using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Containers;

/// <summary>Removal of a directory tree that a container wrote: never follows a link, never trusts a name.</summary>
public static class DirectoryTree
{
    /// <summary>Removes the tree; a missing one is fine. Throws <see cref="SkiffException"/> naming the first thing that could not be removed, after removing the rest.</summary>
    public static void Remove(string path)
    {
        RemovalFailure? failure = Tree.RemoveAll(path);
        if (failure is null)
        {
            return;
        }
        string why = failure.Errno switch
        {
            Errno.EPERM => "it is immutable or append-only: chattr -ia removes the mark",
            Errno.EBUSY => "something is mounted on it: umount it first",
            Errno.EROFS => "the file system is read-only",
            int errno => Errno.Describe(errno),
        };
        throw new SkiffException($"cannot remove {failure.Path}: {why}");
    }
}
