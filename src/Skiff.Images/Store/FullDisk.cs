using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Store;

/// <summary>A file system without space, in words.</summary>
public static class FullDisk
{
    /// <summary>True for the errors of a file system that is full: also without inodes, and over a quota. .NET's own file errors carry the errno as HResult.</summary>
    public static bool IsMeant(Exception e) =>
        (e as LinuxException)?.Errno is Errno.ENOSPC or Errno.EDQUOT || (e is IOException && e.HResult is Errno.ENOSPC or Errno.EDQUOT);

    /// <summary>What to do about it.</summary>
    /// <param name="path">A directory on that file system.</param>
    public static string Advice(string path) =>
        (At.FreeInodes(path) == 0 ? "it has space but no inode left for a further file (df -i): " : "")
        + "remove images with `skiff image prune -a`, or put --root on a larger file system";
}
