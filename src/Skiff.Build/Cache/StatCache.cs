using System.Runtime.InteropServices;
using Skiff.Linux;

namespace Skiff.Build.Cache;

/// <summary>The hashes of a context's files by inode, size and times, so that a file that has not changed is not read again.</summary>
/// <remarks>The time of change (ctime) cannot be set by anybody; a file whose time is too near to the moment of its hashing is not believed, as in git: it may have been written again in the same tick.</remarks>
internal sealed class StatCache
{
    private const int MaxFiles = 500_000;
    private const long Racy = 2_000_000_000;

    private readonly Dictionary<ulong, Entry> _entries = [];
    private readonly string _path;
    private readonly long _now;
    private bool _changed;

    private StatCache(string path, long now)
    {
        _path = path;
        _now = now;
    }

    /// <summary>What is known of the files of a context.</summary>
    /// <param name="root">The store.</param>
    /// <param name="context">The context's directory.</param>
    /// <param name="now">The time; null for the true one.</param>
    internal static StatCache Load(string root, string context, DateTimeOffset? now = null)
    {
        string path = $"{StepNotes.Directory(root)}/stat-{new KeyBuilder("stat").Add("context", context).Key()[..32]}";
        StatCache cache = new(path, (now ?? TimeProvider.System.GetUtcNow()).ToUnixTimeMilliseconds() * 1_000_000);
        byte[]? bytes = Files.TryReadAll(path, out _, 64 << 20);
        if (bytes is not null && bytes.Length % Marshal.SizeOf<Entry>() == 0)
        {
            foreach (Entry entry in MemoryMarshal.Cast<byte, Entry>(bytes))
            {
                cache._entries[entry.Inode] = entry;
            }
        }
        return cache;
    }

    /// <summary>Copies a file's hash; false if it must be read.</summary>
    internal unsafe bool TryGet(in StatxBuffer stat, Span<byte> hash)
    {
        if (!_entries.TryGetValue(stat.Inode, out Entry entry) || !entry.IsOf(stat))
        {
            return false;
        }
        new ReadOnlySpan<byte>(entry.Hash, 32).CopyTo(hash);
        return true;
    }

    /// <summary>Notes a file's hash.</summary>
    internal unsafe void Add(in StatxBuffer stat, ReadOnlySpan<byte> hash)
    {
        Entry entry = Entry.Of(stat);
        if (Math.Max(entry.Modified, entry.Changed) > _now - Racy || _entries.Count >= MaxFiles)
        {
            return;
        }
        hash.CopyTo(new Span<byte>(entry.Hash, 32));
        _entries[stat.Inode] = entry;
        _changed = true;
    }

    /// <summary>Writes it down; a failure is nobody's loss.</summary>
    internal void Save(string root)
    {
        if (!_changed)
        {
            return;
        }
        Entry[] entries = [.. _entries.Values];
        try
        {
            _ = Files.TryMakeDirectory(CacheDirectory.All(root), 0x1C0);
            _ = Files.TryMakeDirectory(StepNotes.Directory(root), 0x1C0);
            Files.Replace(_path, MemoryMarshal.AsBytes<Entry>(entries));
        }
        catch (LinuxException)
        {
            // the next build reads the files again
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Entry
    {
        internal ulong Inode;
        internal ulong Device;
        internal ulong Size;
        internal long Modified;
        internal long Changed;
        internal fixed byte Hash[32];

        internal static Entry Of(in StatxBuffer stat) =>
            new()
            {
                Inode = stat.Inode,
                Device = ((ulong)stat.DevMajor << 32) | stat.DevMinor,
                Size = stat.Size,
                Modified = (stat.ModifyTime.Seconds * 1_000_000_000) + stat.ModifyTime.Nanoseconds,
                Changed = (stat.ChangeTime.Seconds * 1_000_000_000) + stat.ChangeTime.Nanoseconds,
            };

        internal readonly bool IsOf(in StatxBuffer stat)
        {
            Entry now = Of(stat);
            return (Device, Size, Modified, Changed) == (now.Device, now.Size, now.Modified, now.Changed);
        }
    }
}
