using System.Text;

namespace Skiff.Images.Layers;

/// <summary>Writes a tar archive in POSIX pax format. The same entries give the same bytes everywhere: no names of users, no process ids, records sorted.</summary>
/// <remarks>An extended header is written only where ustar cannot hold a value: long or non-ASCII names, large numbers, nanoseconds, negative times, attributes.</remarks>
/// <param name="target">Where it goes; stays the caller's.</param>
public sealed class TarWriter(Stream target)
{
    private readonly byte[] _block = new byte[TarHeader.BlockSize];
    private long _left;
    private int _padding;

    /// <summary>Writes the header of an entry; a file's data follows by <see cref="WriteData"/>.</summary>
    public void Write(TarRecord record)
    {
        EndEntry();
        SortedDictionary<string, byte[]> pax = new(StringComparer.Ordinal);
        ReadOnlySpan<byte> name = Fit(record.Name.Span, 100, "path", pax);
        ReadOnlySpan<byte> link = Fit(record.LinkName.Span, 100, "linkpath", pax);
        long size = record.Type == TarEntryType.File ? record.Size : 0;
        long seconds = record.ModificationTime.Seconds;
        Large(size, 0x1_FFFF_FFFFL, "size", pax);
        Large(record.Uid, 0x1F_FFFF, "uid", pax);
        Large(record.Gid, 0x1F_FFFF, "gid", pax);
        if (seconds is < 0 or > 0x1_FFFF_FFFFL || record.ModificationTime.Nanoseconds != 0)
        {
            pax["mtime"] = Encoding.ASCII.GetBytes(Time(seconds, record.ModificationTime.Nanoseconds));
        }
        foreach (TarXattr xattr in record.Xattrs)
        {
            pax["SCHILY.xattr." + Encoding.UTF8.GetString(xattr.Name.Span)] = xattr.Value.ToArray();
        }
        if (pax.Count > 0)
        {
            WriteRecords(pax);
        }
        Header(record, name, link, size, TypeFlag(record.Type));
        _left = size;
        _padding = (int)(-size & (TarHeader.BlockSize - 1));
    }

    /// <summary>Writes a piece of the current file's data.</summary>
    public void WriteData(ReadOnlySpan<byte> data)
    {
        if (data.Length > _left)
        {
            throw new InvalidOperationException("more data than the entry's size");
        }
        target.Write(data);
        _left -= data.Length;
    }

    /// <summary>Writes a small file at once.</summary>
    public void WriteFile(string name, ReadOnlySpan<byte> data)
    {
        Write(new TarRecord(TarEntryType.File, Encoding.UTF8.GetBytes(name)) { Size = data.Length });
        WriteData(data);
    }

    /// <summary>Writes the end mark.</summary>
    public void Finish()
    {
        EndEntry();
        _block.AsSpan().Clear();
        target.Write(_block);
        target.Write(_block);
        target.Flush();
    }

    private void EndEntry()
    {
        if (_left > 0)
        {
            throw new InvalidOperationException($"{_left} bytes of the entry's data are missing");
        }
        _block.AsSpan().Clear();
        target.Write(_block.AsSpan(0, _padding));
        _padding = 0;
    }

    private void WriteRecords(SortedDictionary<string, byte[]> pax)
    {
        MemoryStream records = new();
        foreach ((string key, byte[] value) in pax)
        {
            byte[] name = Encoding.UTF8.GetBytes(key);
            int body = name.Length + value.Length + 3; // space, equals sign, line end
            int length = body + 1;
            while (length != body + length.ToString().Length)
            {
                length = body + length.ToString().Length;
            }
            records.Write(Encoding.ASCII.GetBytes($"{length} "));
            records.Write(name);
            records.WriteByte((byte)'=');
            records.Write(value);
            records.WriteByte((byte)'\n');
        }
        TarRecord header = new(TarEntryType.File, "PaxHeaders"u8.ToArray());
        Header(header, header.Name.Span, default, records.Length, (byte)'x');
        target.Write(records.GetBuffer().AsSpan(0, (int)records.Length));
        _block.AsSpan().Clear();
        target.Write(_block.AsSpan(0, (int)(-records.Length & (TarHeader.BlockSize - 1))));
    }

    private void Header(TarRecord record, ReadOnlySpan<byte> name, ReadOnlySpan<byte> link, long size, byte type)
    {
        Span<byte> block = _block;
        block.Clear();
        name.CopyTo(block);
        Octal(block.Slice(100, 8), record.Mode & 0xFFF);
        Octal(block.Slice(108, 8), record.Uid <= 0x1F_FFFF ? record.Uid : 0);
        Octal(block.Slice(116, 8), record.Gid <= 0x1F_FFFF ? record.Gid : 0);
        Octal(block.Slice(124, 12), size <= 0x1_FFFF_FFFFL ? size : 0);
        Octal(block.Slice(136, 12), record.ModificationTime.Seconds is >= 0 and <= 0x1_FFFF_FFFFL ? record.ModificationTime.Seconds : 0);
        block.Slice(148, 8).Fill((byte)' ');
        block[156] = type;
        link.CopyTo(block[157..]);
        "ustar\000"u8.CopyTo(block[257..]);
        Octal(block.Slice(329, 8), record.DeviceMajor);
        Octal(block.Slice(337, 8), record.DeviceMinor);
        int sum = 0;
        foreach (byte b in block)
        {
            sum += b;
        }
        Octal(block.Slice(148, 7), sum);
        block[155] = (byte)' ';
        target.Write(block);
    }

    /// <summary>What fits goes into the header; otherwise the whole goes into a record and a piece into the header for old readers.</summary>
    private static ReadOnlySpan<byte> Fit(ReadOnlySpan<byte> text, int length, string key, SortedDictionary<string, byte[]> pax)
    {
        if (text.Length <= length && text.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7E) < 0)
        {
            return text;
        }
        pax[key] = text.ToArray();
        return text[..Math.Min(text.Length, length)];
    }

    private static void Large(long value, long limit, string key, SortedDictionary<string, byte[]> pax)
    {
        if (value > limit)
        {
            pax[key] = Encoding.ASCII.GetBytes($"{value}");
        }
    }

    private static string Time(long seconds, long nanoseconds)
    {
        if (nanoseconds == 0)
        {
            return $"{seconds}";
        }
        // -2 s and 0.5 s are written -1.5
        bool negative = seconds < 0;
        long whole = negative ? -(seconds + 1) : seconds;
        long fraction = negative ? 1_000_000_000 - nanoseconds : nanoseconds;
        return $"{(negative ? "-" : "")}{whole}.{fraction:D9}".TrimEnd('0');
    }

    private static void Octal(Span<byte> field, long value)
    {
        for (int i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (value & 7));
            value >>= 3;
        }
    }

    private static byte TypeFlag(TarEntryType type) =>
        type switch
        {
            TarEntryType.File => (byte)'0',
            TarEntryType.HardLink => (byte)'1',
            TarEntryType.Symlink => (byte)'2',
            TarEntryType.CharacterDevice => (byte)'3',
            TarEntryType.BlockDevice => (byte)'4',
            TarEntryType.Directory => (byte)'5',
            TarEntryType.Fifo => (byte)'6',
            _ => throw new ArgumentOutOfRangeException(nameof(type)),
        };
}
