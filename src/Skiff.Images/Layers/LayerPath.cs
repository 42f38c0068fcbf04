namespace Skiff.Images.Layers;

/// <summary>A cleaned path inside a layer: components without <c>.</c>, <c>..</c> and empty ones, joined by slashes, relative to the root. The root is empty.</summary>
/// <remarks>Cleaning is lexical and stops at the root, so no name leads out (image-spec layer.md; LAY-10).</remarks>
internal static class LayerPath
{
    /// <summary>PATH_MAX without the final zero.</summary>
    internal const int MaxLength = 4095;

    /// <summary>Cleans <paramref name="name"/>; false if the result is longer than the kernel takes.</summary>
    internal static bool TryClean(ReadOnlySpan<byte> name, Span<byte> target, out int length)
    {
        length = 0;
        while (!name.IsEmpty)
        {
            int slash = name.IndexOf((byte)'/');
            ReadOnlySpan<byte> component = slash < 0 ? name : name[..slash];
            name = slash < 0 ? default : name[(slash + 1)..];
            if (component.IsEmpty || component.SequenceEqual("."u8))
            {
                continue;
            }
            if (component.SequenceEqual(".."u8))
            {
                length = Math.Max(target[..length].LastIndexOf((byte)'/'), 0);
                continue;
            }
            if (length + 1 + component.Length > MaxLength)
            {
                return false;
            }
            if (length > 0)
            {
                target[length++] = (byte)'/';
            }
            component.CopyTo(target[length..]);
            length += component.Length;
        }
        return true;
    }

    /// <summary>The cleaned path as an own array, for the slow paths.</summary>
    internal static byte[]? Clean(ReadOnlySpan<byte> name)
    {
        byte[] buffer = new byte[MaxLength + 1];
        return TryClean(name, buffer, out int length) ? buffer[..length] : null;
    }

    /// <summary>The directory part; empty for a name in the root.</summary>
    internal static ReadOnlySpan<byte> Parent(ReadOnlySpan<byte> path) => path[..Math.Max(path.LastIndexOf((byte)'/'), 0)];

    /// <summary>The last component.</summary>
    internal static ReadOnlySpan<byte> Base(ReadOnlySpan<byte> path) => path[(path.LastIndexOf((byte)'/') + 1)..];

    /// <summary>Joins two parts with a slash where both are not empty.</summary>
    internal static byte[] Join(ReadOnlySpan<byte> parent, ReadOnlySpan<byte> rest) =>
        parent.IsEmpty ? rest.ToArray()
        : rest.IsEmpty ? parent.ToArray()
        : [.. parent, (byte)'/', .. rest];

    /// <summary>With a final zero, and <c>.</c> for the root, as system calls take it.</summary>
    internal static byte[] ForKernel(ReadOnlySpan<byte> path) => path.IsEmpty ? [(byte)'.', 0] : [.. path, 0];

    /// <summary>True for the directory itself and what is below it.</summary>
    internal static bool IsWithin(ReadOnlySpan<byte> path, ReadOnlySpan<byte> directory) =>
        directory.IsEmpty || (path.StartsWith(directory) && (path.Length == directory.Length || path[directory.Length] == '/'));
}
