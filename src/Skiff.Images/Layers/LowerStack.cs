using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Images.Layers;

/// <summary>The finished layers below one, seen as overlayfs would merge them.</summary>
internal sealed class LowerStack : IDisposable
{
    private readonly List<SafeFd> _layers = []; // top first

    /// <summary>Opens the layers.</summary>
    /// <param name="directories">Their directories, bottom first.</param>
    internal LowerStack(IReadOnlyList<string> directories)
    {
        for (int i = directories.Count - 1; i >= 0; i--)
        {
            _layers.Add(Files.Open(directories[i], OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY));
        }
    }

    internal bool IsEmpty => _layers.Count == 0;

    public void Dispose() => _layers.ForEach(l => l.Dispose());

    /// <summary>Finds what a container would see at a cleaned path without links on the way; null if nothing.</summary>
    /// <remarks>Each component is looked up in every layer that still takes part, so no link is ever followed: a prefix is known to be a directory there.</remarks>
    internal LowerFile? Find(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty)
        {
            return _layers.Count == 0 || At.Stat(_layers[0].Value, out StatxBuffer root) != 0 ? null : new LowerFile(_layers[0], [], root);
        }
        LowerFile? found = null;
        _ = Walk(path, ref found);
        return found;
    }

    /// <summary>The names in a merged directory, without whiteouts; empty if there is no such directory.</summary>
    /// <param name="path">Cleaned path; empty for the root.</param>
    internal List<byte[]> Names(ReadOnlySpan<byte> path)
    {
        LowerFile? found = null;
        List<SafeFd> layers = path.IsEmpty ? _layers : Walk(path, ref found);
        byte[] own = LayerPath.ForKernel(path);
        HashSet<string> seen = [];
        List<byte[]> names = [];
        foreach (SafeFd layer in layers)
        {
            if (At.OpenBeneath(layer.Value, own, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, out int fd) != 0)
            {
                continue;
            }
            NameReader reader = new(fd, new byte[16 << 10]);
            while (reader.Next())
            {
                byte[] name = reader.Name.ToArray();
                if (seen.Add(Convert.ToHexString(name)) && At.Stat(fd, name, out StatxBuffer stat) == 0 && !LayerUnpacker.IsWhiteout(stat))
                {
                    names.Add(name);
                }
            }
            At.Close(fd);
        }
        return names;
    }

    /// <summary>The layers that take part in the directory at a path, top first; <paramref name="found"/> is the topmost file there, of whatever type.</summary>
    private List<SafeFd> Walk(ReadOnlySpan<byte> path, ref LowerFile? found)
    {
        List<SafeFd> current = _layers;
        int end = 0;
        while (true)
        {
            int slash = path[end..].IndexOf((byte)'/');
            end = slash < 0 ? path.Length : end + slash;
            byte[] prefix = LayerPath.ForKernel(path[..end]);
            List<SafeFd> next = [];
            foreach (SafeFd layer in current)
            {
                if (At.Stat(layer.Value, prefix, out StatxBuffer stat) != 0)
                {
                    continue;
                }
                if (LayerUnpacker.IsWhiteout(stat))
                {
                    break;
                }
                if (end == path.Length && next.Count == 0)
                {
                    found = new LowerFile(layer, prefix, stat);
                }
                if ((stat.Mode & At.S_IFMT) != At.S_IFDIR)
                {
                    break;
                }
                next.Add(layer);
                if (IsOpaque(layer.Value, prefix))
                {
                    break;
                }
            }
            if (next.Count == 0 || end == path.Length)
            {
                return next;
            }
            current = next;
            end++;
        }
    }

    internal static bool IsOpaque(int dirfd, ReadOnlySpan<byte> name) =>
        (Xattrs.Get(dirfd, name, "trusted.overlay.opaque\0"u8) ?? Xattrs.Get(dirfd, name, "user.overlay.opaque\0"u8)) is [(byte)'y'];
}

/// <summary>A file of a layer below.</summary>
/// <param name="Layer">The root of the layer that has it.</param>
/// <param name="Path">The path there, zero-terminated; empty for the root.</param>
/// <param name="Stat">What it is.</param>
internal readonly record struct LowerFile(SafeFd Layer, byte[] Path, StatxBuffer Stat)
{
    internal uint Type => Stat.Mode & At.S_IFMT;
}
