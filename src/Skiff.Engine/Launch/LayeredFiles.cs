using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Launch;

/// <summary>Reads single files of an image straight from its layers, as overlayfs would show them, before anything is mounted: /etc/passwd and /etc/group.</summary>
internal static class LayeredFiles
{
    private const int MaxBytes = 4 << 20;

    /// <summary>The file's bytes; null where the image has none. Links are followed inside the layer that holds the file.</summary>
    /// <param name="directories">Layer directories, absolute, bottom first.</param>
    /// <param name="path">Absolute path in the image.</param>
    internal static byte[]? Read(IReadOnlyList<string> directories, string path)
    {
        for (int i = directories.Count - 1; i >= 0; i--)
        {
            using SafeFd? layer = Files.TryOpen(directories[i], OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, out _);
            if (layer is null)
            {
                continue;
            }
            using SafeFd? file = OpenIn(layer.Value, path, OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK, out int errno);
            if (file is not null)
            {
                return At.Stat(file.Value, out StatxBuffer stat) == 0 && (stat.Mode & 0xF000) == 0x8000 && stat.Size <= MaxBytes
                    ? ReadAll(file, (int)stat.Size, path)
                    : null;
            }
            if (errno != Errno.ENOENT)
            {
                return null; // a whiteout (a device 0:0 answers ENXIO), or something that is no file
            }
        }
        return null;
    }

    /// <summary>Opens a path below a root that bounds it, links included.</summary>
    internal static SafeFd? OpenIn(int root, string path, int flags, out int errno)
    {
        errno = At.OpenIn(root, CString.Encode(path.TrimStart('/')), flags, out int fd);
        return errno != 0 ? null : new SafeFd(fd);
    }

    private static byte[] ReadAll(SafeFd file, int size, string path)
    {
        byte[] bytes = new byte[size];
        int length = 0;
        while (length < size && Files.Read(file, bytes.AsSpan(length), path) is int n and > 0)
        {
            length += n;
        }
        return length == size ? bytes : bytes[..length];
    }
}
