using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Rootless;

/// <summary>Directories in which nobody but the user may write: locks and records in them are believed.</summary>
internal static class UserDirectory
{
    /// <summary>Whether a path is a directory of the user's, no link, that nobody else may write to.</summary>
    internal static bool IsOwn(string path, uint uid) =>
        At.Stat(Files.AtCwd, CString.Encode(path), out StatxBuffer stat) == 0
        && (stat.Mode & At.S_IFMT) == At.S_IFDIR
        && stat.Uid == uid
        && (stat.Mode & 0x12) == 0;

    /// <summary>Makes a directory, and those above it that are missing, with mode 0700.</summary>
    /// <exception cref="SkiffException">It cannot be made, or it is somebody else's: in /tmp anybody could have made it.</exception>
    internal static void Ensure(string path, uint uid)
    {
        Make(path);
        if (!IsOwn(path, uid))
        {
            throw new SkiffException(
                $"{path} is not a directory of yours that nobody else can write to: remove it, or name another with --runroot",
                125
            );
        }
    }

    private static void Make(string path)
    {
        int errno = Files.TryMakeDirectory(path, 0x1C0);
        if (errno == Errno.ENOENT && Path.GetDirectoryName(path) is { Length: > 1 } parent)
        {
            Make(parent);
            errno = Files.TryMakeDirectory(path, 0x1C0);
        }
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new SkiffException($"the directory {path} cannot be made: {Errno.Describe(errno)}", 125);
        }
    }
}
