using Skiff.Build.Context;
using Skiff.Engine.Launch;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Steps;

/// <summary>The destination of a copy in the files of a stage. Every lookup has the stage's root as its root: a link there leads where it leads in a container.</summary>
/// <param name="root">The root.</param>
/// <param name="owner">The owner of directories that are made.</param>
internal sealed class CopyTarget(SafeFd root, (uint Uid, uint Gid) owner)
{
    private const int MaxLinks = 40;

    /// <summary>Opens a directory, making it and those above it where they are missing.</summary>
    /// <param name="path">Absolute path.</param>
    internal SafeFd Directory(string path)
    {
        if (Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out int errno) is { } there)
        {
            return there;
        }
        if (errno != Errno.ENOENT)
        {
            throw errno == Errno.ENOTDIR
                ? new SkiffException($"cannot copy to {path}: not a directory")
                : new LinuxException("open", path, errno);
        }
        Make(path, 0);
        return Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out errno) ?? throw new LinuxException("open", path, errno);
    }

    /// <summary>True if a directory is at the path, links followed.</summary>
    internal bool IsDirectory(string path)
    {
        using SafeFd? there = Open(path, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out _);
        return there is not null;
    }

    /// <summary>The directory and the name of a file: where a link at its place leads, if there is one.</summary>
    internal (SafeFd Directory, byte[] Name) File(string path)
    {
        for (int links = 0; ; links++)
        {
            using SafeFd? itself = Open(path, OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW, out _);
            if (itself is not null && Link(itself) is { } target)
            {
                path = links < MaxLinks ? Resolve(path, target) : throw new LinuxException("open", path, Errno.ELOOP);
                continue;
            }
            string name = System.IO.Path.GetFileName(path);
            return (Directory(Parent(path)), CString.Encode(name));
        }
    }

    private void Make(string path, int links)
    {
        if (links > MaxLinks)
        {
            throw new LinuxException("mkdir", path, Errno.ELOOP);
        }
        string parent = Parent(path);
        SafeFd? above = Open(parent, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out int errno);
        if (above is null)
        {
            if (errno != Errno.ENOENT)
            {
                throw new LinuxException("mkdir", path, errno);
            }
            Make(parent, links + 1);
            above = Open(parent, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out errno) ?? throw new LinuxException("open", parent, errno);
        }
        using (above)
        {
            byte[] name = CString.Encode(System.IO.Path.GetFileName(path));
            errno = At.MakeDirectory(above.Value, name, 0x1ED);
            if (errno == Errno.EEXIST)
            {
                using SafeFd? itself = Open(path, OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW, out _);
                if (itself is not null && Link(itself) is { } target)
                {
                    Make(Resolve(path, target), links + 1);
                    return;
                }
            }
            if (errno != 0)
            {
                throw new LinuxException("mkdir", path, errno);
            }
            if (At.Open(above.Value, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int fd) == 0)
            {
                _ = At.ChangeOwner(fd, owner.Uid, owner.Gid);
                _ = At.ChangeMode(fd, 0x1ED);
                At.Close(fd);
            }
        }
    }

    private SafeFd? Open(string path, int flags, out int errno) =>
        LayeredFiles.OpenIn(root.Value, "./" + path.TrimStart('/'), flags, out errno);

    private static string? Link(SafeFd fd)
    {
        byte[] text = new byte[4096];
        return
            At.Stat(fd.Value, out StatxBuffer stat) == 0
            && (stat.Mode & At.S_IFMT) == At.S_IFLNK
            && At.ReadLink(fd.Value, "\0"u8, text) is int length and > 0
            ? CString.Decode(text.AsSpan(0, length))
            : null;
    }

    private static string Resolve(string path, string target) =>
        "/" + PathPattern.Clean(target[0] == '/' ? target : $"{Parent(path)}/{target}");

    private static string Parent(string path) => path.LastIndexOf('/') is int slash and > 0 ? path[..slash] : "/";
}
