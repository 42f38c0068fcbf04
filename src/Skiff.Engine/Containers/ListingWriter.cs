using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Skiff.Linux;

namespace Skiff.Engine.Containers;

/// <summary>Collects the entries of the next <see cref="ListingFile"/>.</summary>
internal sealed class ListingWriter
{
    private readonly List<ReadOnlyMemory<byte>> _entries = [];

    /// <summary>How many there are.</summary>
    public int Count => _entries.Count;

    /// <summary>Keeps an entry as it is.</summary>
    public void Copy(in ListingEntry entry) => _entries.Add(entry.Bytes);

    /// <summary>Adds what was read anew.</summary>
    public void Add(ListingKey key, bool active, int pid, ulong pidInode, ContainerRecord record, ContainerState state)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        buffer.Advance(ListingEntry.ContentAt);
        ListingText.Write(buffer, record, state);
        byte[] entry = buffer.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(entry, entry.Length);
        _ = Encoding.ASCII.GetBytes(record.Id, entry.AsSpan(ListingEntry.IdAt));
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(ListingEntry.InodeAt), key.Inode);
        BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(ListingEntry.SecondsAt), key.Seconds);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(ListingEntry.NanosecondsAt), key.Nanoseconds);
        entry[ListingEntry.ActiveAt] = (byte)(active ? 1 : 0);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(ListingEntry.PidAt), pid);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(ListingEntry.PidInodeAt), pidInode);
        _entries.Add(entry);
    }

    /// <summary>Replaces the file. Of two listings at once the later one wins; both are true.</summary>
    public void Save(string path, string bootId)
    {
        ArrayBufferWriter<byte> buffer = new(4096 + (_entries.Count * 512));
        buffer.Write(ListingFile.Magic);
        buffer.Advance(Encoding.ASCII.GetBytes(bootId, buffer.GetSpan(bootId.Length)));
        foreach (ReadOnlyMemory<byte> entry in _entries)
        {
            buffer.Write(entry.Span);
        }
        try
        {
            Files.Replace(path, buffer.WrittenSpan);
        }
        catch (LinuxException)
        {
            // No room, or no run directory yet: the next listing reads everything again.
        }
    }
}
