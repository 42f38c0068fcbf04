using Skiff.Linux;

namespace Skiff.Images.Layers;

/// <summary>The entry that a <see cref="TarReader"/> stands on. The object is reused: everything in it is valid until the next entry.</summary>
public sealed class TarEntry
{
    private byte[] _name = new byte[256];
    private byte[] _link = new byte[256];
    private int _nameLength;
    private int _linkLength;

    /// <summary>What it is.</summary>
    public TarEntryType Type { get; internal set; }

    /// <summary>The type flag as written.</summary>
    public byte TypeFlag { get; internal set; }

    /// <summary>The name as written, any bytes but zero; not normalised.</summary>
    public ReadOnlySpan<byte> Name => _name.AsSpan(0, _nameLength);

    /// <summary>The target of a link as written; empty for other types.</summary>
    public ReadOnlySpan<byte> LinkName => _link.AsSpan(0, _linkLength);

    /// <summary>Permission bits with setuid, setgid and sticky (07777).</summary>
    public uint Mode { get; internal set; }

    /// <summary>Owner.</summary>
    public uint Uid { get; internal set; }

    /// <summary>Group.</summary>
    public uint Gid { get; internal set; }

    /// <summary>Size of the file in bytes, holes of a sparse file included; 0 for all but files.</summary>
    public long Size { get; internal set; }

    /// <summary>Modification time.</summary>
    public TimeSpec ModificationTime { get; internal set; }

    /// <summary>Major number of a device.</summary>
    public uint DeviceMajor { get; internal set; }

    /// <summary>Minor number of a device.</summary>
    public uint DeviceMinor { get; internal set; }

    /// <summary>Extended attributes; empty for most entries.</summary>
    public IReadOnlyList<TarXattr> Xattrs => XattrList;

    /// <summary>True for a file with holes.</summary>
    public bool IsSparse => Segments is not null;

    /// <summary>The offset of the header in the archive.</summary>
    public long Offset { get; internal set; }

    internal List<TarXattr> XattrList { get; } = [];

    internal List<SparseSegment>? Segments { get; set; }

    /// <summary>The name for messages.</summary>
    public string DisplayName => Printable.Of(CString.Decode(Name));

    internal void SetName(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> name) => _nameLength = Set(ref _name, prefix, name);

    internal void SetLink(ReadOnlySpan<byte> name) => _linkLength = Set(ref _link, default, name);

    private static int Set(ref byte[] buffer, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> name)
    {
        int length = prefix.Length + name.Length + (prefix.Length > 0 ? 1 : 0);
        if (length > buffer.Length)
        {
            buffer = new byte[Math.Max(length, buffer.Length * 2)];
        }
        prefix.CopyTo(buffer);
        int at = prefix.Length;
        if (at > 0)
        {
            buffer[at++] = (byte)'/';
        }
        name.CopyTo(buffer.AsSpan(at));
        return length;
    }
}
