namespace Skiff.Images.Layers;

/// <content>Sparse files in their four spellings (GNU tar manual, "Storing Sparse Files").</content>
public sealed partial class TarReader
{
    private const int MaxSegments = 1 << 20;

    private void ReadSparse(TarHeader header, long offset)
    {
        List<SparseSegment>? segments = null;
        long size = -1;
        if (header.TypeFlag == 'S' && header.IsGnu)
        {
            size = header.Number(483, 12, "realsize");
            segments = OldSegments(header, offset);
        }
        else if (_local.SparseMajor == 1)
        {
            size = _local.SparseSize ?? -1;
            segments = SegmentsInData(offset);
        }
        else if (_local.SparseMajor > 1)
        {
            throw new TarException($"a sparse file in the unknown format {_local.SparseMajor}", offset);
        }
        else if (_local.SparseMap is not null)
        {
            size = _local.SparseSize ?? -1;
            segments = _local.SparseMap;
        }
        if (segments is not null)
        {
            CheckSegments(segments, size, offset);
            Entry.Segments = segments;
            Entry.Size = size;
        }
    }

    /// <summary>Old GNU format: four segments in the header, 21 in each block that follows.</summary>
    private List<SparseSegment> OldSegments(TarHeader header, long offset)
    {
        List<SparseSegment> segments = [];
        bool more = header.Number(482, 1, "isextended") != 0;
        AddOld(header, 386, 4, segments);
        while (more)
        {
            ReadOnlySpan<byte> block = TakeBlock();
            if (block.IsEmpty || segments.Count > MaxSegments)
            {
                throw new TarException("invalid sparse map", offset);
            }
            AddOld(new TarHeader(block, offset), 0, 21, segments);
            more = block[504] != 0;
        }
        return segments;
    }

    private static void AddOld(TarHeader block, int start, int count, List<SparseSegment> segments)
    {
        for (int i = 0; i < count; i++)
        {
            long position = block.Number(start + (i * 24), 12, "sparse offset");
            long length = block.Number(start + (i * 24) + 12, 12, "sparse length");
            if (position == 0 && length == 0)
            {
                return; // an unused place
            }
            segments.Add(new SparseSegment(position, length));
        }
    }

    /// <summary>Format 1.0: decimal numbers, each on a line, at the start of the data, filled to whole blocks.</summary>
    private List<SparseSegment> SegmentsInData(long offset)
    {
        List<SparseSegment> segments = [];
        long before = _dataLeft;
        long count = MapLine(offset);
        if (count > MaxSegments)
        {
            throw new TarException("invalid sparse map", offset);
        }
        for (long i = 0; i < count; i++)
        {
            long position = MapLine(offset);
            segments.Add(new SparseSegment(position, MapLine(offset)));
        }
        long rest = -(before - _dataLeft) & (TarHeader.BlockSize - 1);
        if (rest > _dataLeft)
        {
            throw new TarException("invalid sparse map", offset);
        }
        _dataLeft -= rest;
        Skip(rest);
        return segments;
    }

    private long MapLine(long offset)
    {
        long value = 0;
        for (int digits = 0; digits < 20 && _dataLeft > 0; digits++)
        {
            byte c = Take(1, "a sparse map")[0];
            _dataLeft--;
            if (c == '\n' && digits > 0)
            {
                return value;
            }
            if (c is < (byte)'0' or > (byte)'9' || value > (long.MaxValue - 9) / 10)
            {
                break;
            }
            value = (value * 10) + (c - '0');
        }
        throw new TarException("invalid sparse map", offset);
    }

    private void CheckSegments(List<SparseSegment> segments, long size, long offset)
    {
        long end = 0;
        long sum = 0;
        foreach (SparseSegment segment in segments)
        {
            if (segment.Offset < end || segment.Length < 0 || segment.Offset > size || segment.Length > size - segment.Offset)
            {
                throw new TarException("the segments of a sparse file overlap or exceed its size", offset);
            }
            end = segment.Offset + segment.Length;
            sum += segment.Length;
        }
        if (size < 0 || sum != _dataLeft)
        {
            throw new TarException("the segments of a sparse file do not add up to its data", offset);
        }
    }
}
