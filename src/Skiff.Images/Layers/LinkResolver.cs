namespace Skiff.Images.Layers;

/// <summary>Follows symbolic links by reading them, inside a root that is not the process's: <c>..</c> and absolute targets stop at the root.</summary>
internal static class LinkResolver
{
    private const int MaxLinks = 40; // MAXSYMLINKS of the kernel

    /// <summary>Reads the link at a path that has none before its last component: the target's length, 0 if it is no link, negative if it is missing.</summary>
    internal delegate int ReadLink(ReadOnlySpan<byte> path, Span<byte> buffer);

    /// <summary>The path without links; null if a component is missing or there are more than forty links.</summary>
    internal static byte[]? Follow(ReadOnlySpan<byte> path, ReadLink read, bool allowMissing = false)
    {
        byte[] rest = path.ToArray();
        byte[] done = [];
        byte[] buffer = new byte[LayerPath.MaxLength];
        int links = 0;
        bool missing = false;
        while (rest.Length > 0)
        {
            int slash = rest.AsSpan().IndexOf((byte)'/');
            byte[] component = slash < 0 ? rest : rest[..slash];
            rest = slash < 0 ? [] : rest[(slash + 1)..];
            if (component.Length == 0 || component.AsSpan().SequenceEqual("."u8))
            {
                continue;
            }
            if (component.AsSpan().SequenceEqual(".."u8))
            {
                done = LayerPath.Parent(done).ToArray();
                missing = false;
                continue;
            }
            byte[] next = LayerPath.Join(done, component);
            int length = missing ? -1 : read(next, buffer);
            if (length < 0)
            {
                if (!allowMissing)
                {
                    return null;
                }
                missing = true;
            }
            if (length <= 0)
            {
                done = next;
                continue;
            }
            if (++links > MaxLinks)
            {
                return null;
            }
            bool absolute = buffer[0] == '/';
            rest = LayerPath.Join(buffer.AsSpan(0, length), rest);
            done = absolute ? [] : done;
        }
        return done;
    }
}
