using System.Buffers.Binary;
using System.Text;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Containers;

/// <summary>When the directory of a container changed last; zero when it is gone.</summary>
internal readonly record struct ListingKey(ulong Inode, long Seconds, uint Nanoseconds)
{
    /// <summary>As it is now.</summary>
    public static ListingKey Of(SafeFd containers, string id)
    {
        Span<byte> name = stackalloc byte[65];
        name[Encoding.ASCII.GetBytes(id, name)] = 0;
        return At.Stat(containers.Value, name, out StatxBuffer stat) == 0
            ? new ListingKey(stat.Inode, stat.ChangeTime.Seconds, stat.ChangeTime.Nanoseconds)
            : default;
    }

    /// <summary>True when the change is not in the last moments, nor in the future of a clock that was set back.</summary>
    public bool IsOlderThan(TimeSpan age) =>
        Inode != 0
        && DateTimeOffset.UnixEpoch.AddSeconds(Seconds).AddMicroseconds(Nanoseconds / 1000) + age < TimeProvider.System.GetUtcNow();
}

/// <summary>One container in the file: length, id, key, whether it is active, the process that proves it, record and state.</summary>
internal readonly struct ListingEntry(ReadOnlyMemory<byte> bytes)
{
    internal const int IdAt = 4;
    internal const int InodeAt = IdAt + 64;
    internal const int SecondsAt = InodeAt + 8;
    internal const int NanosecondsAt = SecondsAt + 8;
    internal const int ActiveAt = NanosecondsAt + 4;
    internal const int PidAt = ActiveAt + 4;
    internal const int PidInodeAt = PidAt + 4;
    internal const int ContentAt = PidInodeAt + 8;

    internal ReadOnlyMemory<byte> Bytes => bytes;

    internal ListingKey Key =>
        new(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span[InodeAt..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes.Span[SecondsAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[NanosecondsAt..])
        );

    internal bool IsActive => bytes.Span[ActiveAt] != 0;

    internal int Pid => BinaryPrimitives.ReadInt32LittleEndian(bytes.Span[PidAt..]);

    internal ulong PidInode => BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span[PidInodeAt..]);

    /// <summary>Record and state; null when they cannot be read.</summary>
    internal (ContainerRecord Record, ContainerState State)? TryRead(string id) => ListingText.TryRead(bytes.Span[ContentAt..], id);
}

/// <summary>What the last listing kept, valid in one boot.</summary>
internal sealed class ListingFile
{
    /// <summary>Changes with the format of the entries.</summary>
    internal static ReadOnlySpan<byte> Magic => "skiff listing 2\n"u8;

    private readonly byte[] _bytes;
    private readonly Dictionary<ulong, (int Start, int Length)> _entries = [];

    private ListingFile(byte[] bytes) => _bytes = bytes;

    /// <summary>How many containers it has.</summary>
    public int Count => _entries.Count;

    /// <summary>Reads it; null when there is none of this format and boot.</summary>
    public static ListingFile? Load(string path, string bootId)
    {
        byte[] buffer = new byte[65536];
        int length = Files.TryReadRegular(path, ref buffer, out _);
        int at = Magic.Length + bootId.Length;
        if (length < at || !buffer.AsSpan().StartsWith(Magic) || !Ascii.Equals(buffer.AsSpan(Magic.Length, bootId.Length), bootId))
        {
            return null;
        }
        ListingFile file = new(buffer);
        while (at < length)
        {
            int size = length - at < ListingEntry.ContentAt ? -1 : BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(at));
            if (size < ListingEntry.ContentAt || size > length - at)
            {
                return null;
            }
            _ = file._entries.TryAdd(BinaryPrimitives.ReadUInt64LittleEndian(buffer.AsSpan(at + ListingEntry.IdAt)), (at, size));
            at += size;
        }
        return file;
    }

    /// <summary>The entry of a container that has not changed; null when it is to be read anew.</summary>
    public ListingEntry? Find(string id, ListingKey key)
    {
        Span<byte> name = stackalloc byte[64];
        _ = Encoding.ASCII.GetBytes(id, name);
        if (!_entries.TryGetValue(BinaryPrimitives.ReadUInt64LittleEndian(name), out (int Start, int Length) place))
        {
            return null;
        }
        ListingEntry entry = new(_bytes.AsMemory(place.Start, place.Length));
        return entry.Bytes.Span.Slice(ListingEntry.IdAt, 64).SequenceEqual(name) && entry.Key == key ? entry : null;
    }
}
