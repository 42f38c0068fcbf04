using System.Buffers.Text;
using Skiff.Linux;

namespace Skiff.Images.Layers;

/// <summary>The records of PAX extended headers (POSIX.1-2017, pax, "pax Extended Header"), global ones and those of the next entry.</summary>
internal sealed class PaxRecords
{
    private const int MaxSegments = 1 << 20;

    internal byte[]? Path { get; private set; }

    internal byte[]? LinkPath { get; private set; }

    internal long? Size { get; private set; }

    internal long? Uid { get; private set; }

    internal long? Gid { get; private set; }

    internal TimeSpec? ModificationTime { get; private set; }

    internal List<TarXattr> Xattrs { get; } = [];

    internal byte[]? SparseName { get; private set; }

    internal long? SparseSize { get; private set; }

    internal int SparseMajor { get; private set; } = -1;

    /// <summary>The map of the 0.0 and 0.1 formats; null if there is none.</summary>
    internal List<SparseSegment>? SparseMap { get; private set; }

    internal bool IsEmpty { get; private set; } = true;

    private long _pendingOffset = -1;

    internal void Clear()
    {
        if (IsEmpty)
        {
            return;
        }
        Path = LinkPath = SparseName = null;
        Size = Uid = Gid = SparseSize = null;
        ModificationTime = null;
        Xattrs.Clear();
        SparseMajor = -1;
        SparseMap = null;
        _pendingOffset = -1;
        IsEmpty = true;
    }

    /// <summary>Reads the records <c>length key=value\n</c> of one header; <paramref name="bytes"/> is kept.</summary>
    internal void Add(ReadOnlyMemory<byte> bytes, long offset)
    {
        IsEmpty = false;
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> span = bytes.Span;
            // some writers fill the last record's block with zeros inside the counted size
            if (span[0] == 0)
            {
                return;
            }
            if (
                !Utf8Parser.TryParse(span, out int length, out int digits)
                || digits is 0 or > 10
                || length <= digits + 2
                || length > span.Length
                || span[digits] != ' '
                || span[length - 1] != '\n'
            )
            {
                throw new TarException("a record of a PAX header has a wrong length", offset);
            }
            int equals = span[..length].IndexOf((byte)'=');
            if (equals <= digits + 1)
            {
                throw new TarException("a record of a PAX header has no name", offset);
            }
            Record(bytes[(digits + 1)..equals], bytes[(equals + 1)..(length - 1)], offset);
            bytes = bytes[length..];
        }
    }

    private void Record(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, long offset)
    {
        ReadOnlySpan<byte> name = key.Span;
        if (name.SequenceEqual("path"u8))
        {
            Path = Text(value.Span, "path", offset);
        }
        else if (name.SequenceEqual("linkpath"u8))
        {
            LinkPath = Text(value.Span, "linkpath", offset);
        }
        else if (name.SequenceEqual("size"u8))
        {
            Size = Number(value.Span, "size", offset);
        }
        else if (name.SequenceEqual("uid"u8))
        {
            Uid = Number(value.Span, "uid", offset);
        }
        else if (name.SequenceEqual("gid"u8))
        {
            Gid = Number(value.Span, "gid", offset);
        }
        else if (name.SequenceEqual("mtime"u8))
        {
            ModificationTime = value.IsEmpty ? null : Time(value.Span, offset);
        }
        else if (name.StartsWith("SCHILY.xattr."u8))
        {
            Xattr(key["SCHILY.xattr.".Length..], value, offset);
        }
        else if (name.StartsWith("LIBARCHIVE.xattr."u8))
        {
            LibarchiveXattr(name["LIBARCHIVE.xattr.".Length..], value.Span, offset);
        }
        else if (name.StartsWith("GNU.sparse."u8))
        {
            Sparse(name["GNU.sparse.".Length..], value.Span, offset);
        }
    }

    /// <summary>A value that replaces a header's field; an empty one takes a global record back.</summary>
    private static byte[]? Text(ReadOnlySpan<byte> value, string what, long offset)
    {
        if (value.Contains((byte)0))
        {
            throw new TarException($"the PAX record {what} contains a zero byte", offset);
        }
        return value.IsEmpty ? null : value.ToArray();
    }

    private static long? Number(ReadOnlySpan<byte> value, string what, long offset) => value.IsEmpty ? null : Required(value, what, offset);

    private static long Required(ReadOnlySpan<byte> value, string what, long offset) =>
        Utf8Parser.TryParse(value, out long number, out int used) && used == value.Length && number >= 0
            ? number
            : throw new TarException($"the PAX record {what} is not a number", offset);

    /// <summary>Seconds with an optional fraction, <c>-1.5</c> being one and a half seconds before 1970; digits beyond nanoseconds are cut.</summary>
    internal static TimeSpec Time(ReadOnlySpan<byte> value, long offset)
    {
        int dot = value.IndexOf((byte)'.');
        ReadOnlySpan<byte> whole = dot < 0 ? value : value[..dot];
        bool negative = whole.StartsWith("-"u8);
        if (!Utf8Parser.TryParse(whole, out long seconds, out int used) || used != whole.Length)
        {
            throw new TarException("the PAX record mtime is not a time", offset);
        }
        long nanoseconds = 0;
        int digits = 0;
        foreach (byte c in dot < 0 ? default : value[(dot + 1)..])
        {
            if (c is < (byte)'0' or > (byte)'9')
            {
                throw new TarException("the PAX record mtime is not a time", offset);
            }
            if (digits++ < 9)
            {
                nanoseconds = (nanoseconds * 10) + (c - '0');
            }
        }
        for (; digits < 9; digits++)
        {
            nanoseconds *= 10;
        }
        if (negative && nanoseconds > 0 && seconds > long.MinValue)
        {
            seconds--;
            nanoseconds = 1_000_000_000 - nanoseconds;
        }
        return new TimeSpec { Seconds = seconds, Nanoseconds = nanoseconds };
    }

    private void Xattr(ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value, long offset)
    {
        if (name.IsEmpty || name.Length > 255 || name.Span.Contains((byte)0))
        {
            throw new TarException("an extended attribute has no valid name", offset);
        }
        for (int i = 0; i < Xattrs.Count; i++)
        {
            if (Xattrs[i].Name.Span.SequenceEqual(name.Span))
            {
                Xattrs[i] = new TarXattr(name, value);
                return;
            }
        }
        if (Xattrs.Count == 1024)
        {
            throw new TarException("more than 1024 extended attributes on one entry", offset);
        }
        Xattrs.Add(new TarXattr(name, value));
    }

    /// <summary>libarchive writes the name URL-encoded and the value in base64.</summary>
    private void LibarchiveXattr(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, long offset)
    {
        string decoded = Uri.UnescapeDataString(System.Text.Encoding.Latin1.GetString(name));
        byte[] padded = new byte[(value.Length + 3) / 4 * 4];
        padded.AsSpan().Fill((byte)'=');
        value.CopyTo(padded);
        byte[] bytes = new byte[padded.Length];
        if (Base64.DecodeFromUtf8(padded, bytes, out _, out int written) != System.Buffers.OperationStatus.Done)
        {
            throw new TarException("a LIBARCHIVE.xattr record is not base64", offset);
        }
        Xattr(System.Text.Encoding.UTF8.GetBytes(decoded), bytes.AsMemory(0, written), offset);
    }

    /// <summary>GNU tar manual, "Storing Sparse Files": 0.0 repeats offset and numbytes, 0.1 has a map, 1.0 puts the map before the data.</summary>
    private void Sparse(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long offset)
    {
        if (key.SequenceEqual("major"u8))
        {
            SparseMajor = (int)Math.Min(Required(value, "GNU.sparse.major", offset), 1000);
        }
        else if (key.SequenceEqual("name"u8))
        {
            SparseName = Text(value, "GNU.sparse.name", offset);
        }
        else if (key.SequenceEqual("size"u8) || key.SequenceEqual("realsize"u8))
        {
            SparseSize = Required(value, "GNU.sparse.size", offset);
        }
        else if (key.SequenceEqual("numblocks"u8))
        {
            SparseMap ??= [];
        }
        else if (key.SequenceEqual("offset"u8))
        {
            _pendingOffset = Required(value, "GNU.sparse.offset", offset);
        }
        else if (key.SequenceEqual("numbytes"u8))
        {
            AddSegment(_pendingOffset, Required(value, "GNU.sparse.numbytes", offset), offset);
            _pendingOffset = -1;
        }
        else if (key.SequenceEqual("map"u8))
        {
            SparseMap = [];
            while (!value.IsEmpty)
            {
                long start = MapNumber(ref value, offset);
                AddSegment(start, MapNumber(ref value, offset), offset);
            }
        }
    }

    private void AddSegment(long start, long length, long offset)
    {
        SparseMap ??= [];
        if (start < 0 || SparseMap.Count == MaxSegments)
        {
            throw new TarException("invalid sparse map", offset);
        }
        SparseMap.Add(new SparseSegment(start, length));
    }

    private static long MapNumber(ref ReadOnlySpan<byte> value, long offset)
    {
        int comma = value.IndexOf((byte)',');
        ReadOnlySpan<byte> number = comma < 0 ? value : value[..comma];
        value = comma < 0 ? default : value[(comma + 1)..];
        return Required(number, "GNU.sparse.map", offset);
    }
}
