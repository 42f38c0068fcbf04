using Skiff.Engine.Launch;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Transfer;

/// <summary>Where one end of a copy is: the host, or a container's root, which then bounds every lookup.</summary>
/// <param name="root">The container's root; null for the host.</param>
/// <param name="owner">Whose files they are, for messages: <c>container web</c>, or null for the host.</param>
internal sealed class CopySide(SafeFd? root, string? owner)
{
    private const int MaxLinks = 40;

    /// <summary>Opens an absolute path; null with the errno.</summary>
    internal SafeFd? TryOpen(string path, int flags, out int errno) =>
        root is null ? Files.TryOpen(path, flags, out errno) : LayeredFiles.OpenIn(root.Value, path, flags, out errno);

    /// <summary>Opens what is to be copied (O_PATH). A link is copied as a link, unless it is written as a directory or <paramref name="follow"/> says otherwise.</summary>
    internal SafeFd OpenSource(CopyPath path, bool follow, out FileKind kind)
    {
        SafeFd fd =
            TryOpen(path.Path, OpenFlags.O_PATH | (follow || path.IsDirectory ? 0 : OpenFlags.O_NOFOLLOW), out int errno)
            ?? throw (errno is Errno.ENOENT or Errno.ENOTDIR ? Missing(path.Path) : new LinuxException("open", path.Path, errno));
        kind = KindOf(fd);
        return fd;
    }

    /// <summary>Finds the destination: a directory with links followed, or the directory that it is in, or would be, with its name there.</summary>
    /// <exception cref="SkiffException">The directory that it would be in does not exist.</exception>
    internal CopyTarget FindTarget(CopyPath path)
    {
        SafeFd? directory = TryOpen(path.Path, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out int errno);
        if (directory is not null)
        {
            return new CopyTarget(FileKind.Directory, directory, path);
        }
        for (int links = 0; ; links++)
        {
            using SafeFd? itself = TryOpen(path.Path, OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW, out errno);
            if (itself is not null && IsLink(itself, out string target))
            {
                // what a link leads to is overwritten, or made if it is not there yet, as cp(1) and docker do
                path =
                    links < MaxLinks
                        ? CopyPath.Parse(target, path.Parent) with
                        {
                            IsDirectory = path.IsDirectory,
                            ContentOnly = path.ContentOnly,
                        }
                        : throw new LinuxException("open", path.Path, Errno.ELOOP);
                continue;
            }
            if (itself is null && errno is not (Errno.ENOENT or Errno.ENOTDIR))
            {
                throw new LinuxException("open", path.Path, errno);
            }
            if (root is null && itself is not null && Files.IsSpecial(path.Path))
            {
                throw new SkiffException($"invalid output path: \"{path.Path}\" must be a directory or a regular file");
            }
            SafeFd parent =
                TryOpen(path.Parent, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out errno)
                ?? throw (errno is Errno.ENOENT or Errno.ENOTDIR ? Missing(path.Parent) : new LinuxException("open", path.Parent, errno));
            return new CopyTarget(itself is null ? FileKind.Missing : FileKind.File, parent, path);
        }
    }

    private static FileKind KindOf(SafeFd fd) =>
        At.Stat(fd.Value, out StatxBuffer stat) == 0 && (stat.Mode & At.S_IFMT) == At.S_IFDIR ? FileKind.Directory : FileKind.File;

    private static bool IsLink(SafeFd fd, out string target)
    {
        target = "";
        byte[] text = new byte[4096];
        if (
            At.Stat(fd.Value, out StatxBuffer stat) != 0
            || (stat.Mode & At.S_IFMT) != At.S_IFLNK
            || At.ReadLink(fd.Value, "\0"u8, text) is not (int length and > 0)
        )
        {
            return false;
        }
        target = CString.Decode(text.AsSpan(0, length));
        return true;
    }

    private SkiffException Missing(string path) =>
        new(owner is null ? $"{path}: no such file or directory" : $"Could not find the file {path} in {owner}");
}
