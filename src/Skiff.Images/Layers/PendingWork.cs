using System.Buffers.Binary;
using System.Text;
using Skiff.Linux;

namespace Skiff.Images.Layers;

/// <summary>What remains to be done on an unpacked tree once the layers below it are known.</summary>
/// <remarks>It is kept in a file beside the tree, because another process may have to do it.</remarks>
internal sealed class PendingWork
{
    private static ReadOnlySpan<byte> Magic => "skiff-pending-1\n"u8;

    /// <summary>Directories without an entry, parents first: they look like the one below.</summary>
    internal List<byte[]> Implied { get; private init; } = [];

    /// <summary>Hardlinks to files that this layer does not have: the new name and the target.</summary>
    internal List<(byte[] Path, byte[] Target)> Links { get; private init; } = [];

    /// <summary>Whiteouts made.</summary>
    internal List<byte[]> Whiteouts { get; private init; } = [];

    /// <summary>Opaque directories; an empty path is the root.</summary>
    internal List<byte[]> Opaque { get; private init; } = [];

    /// <summary>Writes it to a file, with the identity of the running system: without a sync, a tree is whole only until the power goes.</summary>
    internal void Save(string path, string bootId)
    {
        MemoryStream stream = new();
        stream.Write(Magic);
        Put(stream, Encoding.ASCII.GetBytes(bootId));
        PutAll(stream, Implied);
        PutAll(stream, Whiteouts);
        PutAll(stream, Opaque);
        PutAll(stream, Links.ConvertAll(l => l.Path));
        PutAll(stream, Links.ConvertAll(l => l.Target));
        Put(stream, Magic);
        Files.Replace(path, stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <summary>Reads the file; null if it is missing, cut, or of another boot.</summary>
    internal static PendingWork? Load(string path, string bootId)
    {
        byte[]? bytes = Files.TryReadAll(path, out _, int.MaxValue);
        if (bytes is null || !bytes.AsSpan().StartsWith(Magic))
        {
            return null;
        }
        ReadOnlySpan<byte> rest = bytes.AsSpan(Magic.Length);
        if (
            Take(ref rest) is not byte[] boot
            || Encoding.ASCII.GetString(boot) != bootId
            || TakeAll(ref rest) is not { } implied
            || TakeAll(ref rest) is not { } whiteouts
            || TakeAll(ref rest) is not { } opaque
            || TakeAll(ref rest) is not { } paths
            || TakeAll(ref rest) is not { } targets
            || paths.Count != targets.Count
            || Take(ref rest) is not byte[] end
            || !end.AsSpan().SequenceEqual(Magic)
        )
        {
            return null;
        }
        PendingWork work = new()
        {
            Implied = implied,
            Whiteouts = whiteouts,
            Opaque = opaque,
        };
        for (int i = 0; i < paths.Count; i++)
        {
            work.Links.Add((paths[i], targets[i]));
        }
        return work;
    }

    private static void Put(Stream stream, ReadOnlySpan<byte> bytes)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        stream.Write(length);
        stream.Write(bytes);
    }

    private static void PutAll(Stream stream, List<byte[]> items)
    {
        Span<byte> count = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(count, items.Count);
        stream.Write(count);
        foreach (byte[] item in items)
        {
            Put(stream, item);
        }
    }

    private static byte[]? Take(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 4 || BinaryPrimitives.ReadInt32LittleEndian(rest) is var length && (length < 0 || length > rest.Length - 4))
        {
            return null;
        }
        byte[] bytes = rest.Slice(4, length).ToArray();
        rest = rest[(4 + length)..];
        return bytes;
    }

    private static List<byte[]>? TakeAll(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 4 || BinaryPrimitives.ReadInt32LittleEndian(rest) is var count && count < 0)
        {
            return null;
        }
        rest = rest[4..];
        List<byte[]> items = [];
        for (int i = 0; i < count; i++)
        {
            if (Take(ref rest) is not byte[] item)
            {
                return null;
            }
            items.Add(item);
        }
        return items;
    }
}
