using Skiff.Linux;

namespace Skiff.Images.Layers;

/// <summary>Reads a tar archive from a stream, one entry after another: v7, ustar, star, GNU (long names, base-256 numbers, sparse) and PAX.</summary>
/// <remarks>
/// It allocates nothing for ordinary entries and holds one buffer, whatever the archive says: extended headers are limited to
/// <see cref="MaxExtendedHeader"/> bytes, sparse maps to a million segments. Names are bytes and come out as they were written.
/// Errors are <see cref="TarException"/> with the offset in the archive.
/// </remarks>
public sealed partial class TarReader
{
    /// <summary>Greatest size of one extended header (PAX records, long name) in bytes: Linux allows 64 KiB for each attribute.</summary>
    public const int MaxExtendedHeader = 4 << 20;

    private const int BufferSize = 256 << 10;

    private readonly Stream _source;
    private readonly ReadAhead? _ahead;
    private readonly byte[] _buffer;
    private readonly PaxRecords _global = new();
    private readonly PaxRecords _local = new();
    private byte[]? _longName;
    private byte[]? _longLink;
    private int _position;
    private int _end;
    private long _consumed;
    private long _dataLeft;
    private int _padding;
    private int _segment;
    private long _segmentDone;
    private bool _finished;

    /// <summary>Reads from the uncompressed <paramref name="source"/>, which stays the caller's.</summary>
    public TarReader(Stream source)
    {
        _source = source;
        _buffer = new byte[BufferSize];
    }

    internal TarReader(ReadAhead source)
    {
        _source = Stream.Null;
        _ahead = source;
        _buffer = [];
    }

    /// <summary>The current entry; its contents change with every <see cref="Next"/>.</summary>
    public TarEntry Entry { get; } = new();

    /// <summary>The number of bytes of the archive read so far.</summary>
    public long Position => _consumed;

    /// <summary>Goes to the next entry, skipping what is left of the current one's data; false at the end of the archive.</summary>
    public bool Next()
    {
        SkipData();
        _local.Clear();
        _longName = _longLink = null;
        while (!_finished)
        {
            long offset = _consumed;
            ReadOnlySpan<byte> block = TakeBlock();
            if (block.IsEmpty)
            {
                return AtEnd(offset);
            }
            TarHeader header = new(block, offset);
            if (block[0] == 0 && header.IsZero)
            {
                EndMark(offset);
                return AtEnd(offset);
            }
            header.CheckSum();
            if (!Extended(header, offset))
            {
                ReadEntry(header, offset);
                return true;
            }
        }
        return false;
    }

    /// <summary>The next piece of the current file's data, in place in the reader's buffer; false when there is no more.</summary>
    /// <param name="position">Where the piece belongs in the file, in bytes; for sparse files it jumps over holes.</param>
    /// <param name="data">The bytes, valid until the next call.</param>
    public bool ReadData(out long position, out ReadOnlySpan<byte> data)
    {
        if (_dataLeft == 0)
        {
            position = Entry.Size;
            data = default;
            return false;
        }
        long limit = _dataLeft;
        if (Entry.Segments is { } segments)
        {
            while (_segmentDone == segments[_segment].Length)
            {
                _segment++;
                _segmentDone = 0;
            }
            limit = segments[_segment].Length - _segmentDone;
            position = segments[_segment].Offset + _segmentDone;
        }
        else
        {
            position = Entry.Size - _dataLeft;
        }
        data = Take(limit, "the data of an entry");
        _dataLeft -= data.Length;
        _segmentDone += data.Length;
        return true;
    }

    /// <summary>Reads the source to its end, so that a hash around it covers every byte; what follows the end mark is ignored.</summary>
    public void Drain()
    {
        _finished = true;
        do
        {
            _consumed += _end - _position;
            _position = _end;
        } while (Fill());
    }

    private bool AtEnd(long offset)
    {
        _finished = true;
        // a header that describes an entry which never comes is a cut archive, not an end
        return _local.IsEmpty && _longName is null && _longLink is null
            ? false
            : throw new TarException("the archive ends after an extended header", offset);
    }

    /// <summary>The end is two zero blocks; one zero block at the very end is common and harmless, one with entries after it hides them from other readers.</summary>
    private void EndMark(long offset)
    {
        ReadOnlySpan<byte> second = TakeBlock();
        if (!second.IsEmpty && !new TarHeader(second, offset).IsZero)
        {
            throw new TarException("a lone zero block in the middle of the archive", offset);
        }
    }

    private void ReadEntry(TarHeader header, long offset)
    {
        TarEntry entry = Entry;
        entry.Offset = offset;
        entry.TypeFlag = header.TypeFlag;
        entry.Type = TypeOf(header.TypeFlag);
        entry.Mode = header.Mode;
        entry.Uid = Id(_local.Uid ?? _global.Uid ?? header.Uid, "uid", offset);
        entry.Gid = Id(_local.Gid ?? _global.Gid ?? header.Gid, "gid", offset);
        entry.ModificationTime = _local.ModificationTime ?? _global.ModificationTime ?? new TimeSpec { Seconds = header.ModificationTime };
        byte[]? name = _local.SparseName ?? _local.Path ?? _longName ?? _global.Path;
        entry.SetName(name is null ? header.Prefix : default, name ?? header.Name);
        byte[]? link = _local.LinkPath ?? _longLink ?? _global.LinkPath;
        entry.SetLink(entry.Type is TarEntryType.HardLink or TarEntryType.Symlink ? link ?? header.LinkName : default);
        bool device = entry.Type is TarEntryType.CharacterDevice or TarEntryType.BlockDevice;
        entry.DeviceMajor = device ? header.DeviceMajor : 0;
        entry.DeviceMinor = device ? header.DeviceMinor : 0;
        entry.XattrList.Clear();
        if (!_global.IsEmpty)
        {
            entry.XattrList.AddRange(_global.Xattrs);
        }
        if (!_local.IsEmpty)
        {
            entry.XattrList.AddRange(_local.Xattrs);
        }
        if (entry.Type == TarEntryType.File && entry.Name.EndsWith("/"u8))
        {
            entry.Type = TarEntryType.Directory; // how v7 wrote directories (POSIX ustar, "typeflag")
        }
        ReadSizes(header, offset);
    }

    /// <summary>Only files and unknown types have data, whatever the size field of the others says (as GNU tar, libarchive and Go read them).</summary>
    private void ReadSizes(TarHeader header, long offset)
    {
        TarEntry entry = Entry;
        long size = _local.Size ?? _global.Size ?? header.Size;
        if (size < 0)
        {
            throw new TarException("an entry has a negative size", offset);
        }
        bool hasData = entry.Type is TarEntryType.File or TarEntryType.Other || header.TypeFlag is (byte)'D' or (byte)'0' or 0;
        if (!hasData)
        {
            size = 0;
        }
        _dataLeft = size;
        _padding = (int)(-size & (TarHeader.BlockSize - 1));
        entry.Segments = null;
        _segment = 0;
        _segmentDone = 0;
        entry.Size = entry.Type == TarEntryType.File ? size : 0;
        if (entry.Type == TarEntryType.File)
        {
            ReadSparse(header, offset);
        }
    }

    private static TarEntryType TypeOf(byte flag) =>
        flag switch
        {
            (byte)'0' or 0 or (byte)'7' or (byte)'S' => TarEntryType.File,
            (byte)'1' => TarEntryType.HardLink,
            (byte)'2' => TarEntryType.Symlink,
            (byte)'3' => TarEntryType.CharacterDevice,
            (byte)'4' => TarEntryType.BlockDevice,
            (byte)'5' or (byte)'D' => TarEntryType.Directory,
            (byte)'6' => TarEntryType.Fifo,
            _ => TarEntryType.Other,
        };

    private static uint Id(long value, string what, long offset) =>
        value is >= 0 and < uint.MaxValue // (uid_t)-1 means "leave it" to chown(2)
            ? (uint)value
            : throw new TarException($"the {what} {value} is out of range", offset);
}
