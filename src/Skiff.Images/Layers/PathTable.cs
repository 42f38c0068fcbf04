namespace Skiff.Images.Layers;

/// <summary>The directories of a layer that is being unpacked, by path, in the order they were made. Paths live in one byte array: a million directories are no million objects.</summary>
internal sealed class PathTable
{
    private byte[] _bytes = new byte[16 << 10];
    private int _used;
    private int[] _buckets = new int[256];
    private DirectoryRecord[] _records = new DirectoryRecord[128];

    internal int Count { get; private set; }

    internal ref DirectoryRecord this[int index] => ref _records[index];

    internal ReadOnlySpan<byte> Path(int index) => _bytes.AsSpan(_records[index].Start, _records[index].Length);

    /// <summary>The record of a path, made if it is new.</summary>
    internal ref DirectoryRecord Get(ReadOnlySpan<byte> path)
    {
        HashCode hash = default; // seeded per process: a hostile archive cannot aim at one bucket
        hash.AddBytes(path);
        int code = hash.ToHashCode();
        for (int i = _buckets[code & (_buckets.Length - 1)] - 1; i >= 0; i = _records[i].Next - 1)
        {
            if (_records[i].Hash == code && Path(i).SequenceEqual(path))
            {
                return ref _records[i];
            }
        }
        if (Count == _buckets.Length)
        {
            Grow();
        }
        if (_used + path.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(checked(_bytes.Length * 2), _used + path.Length));
        }
        if (Count == _records.Length)
        {
            Array.Resize(ref _records, _records.Length * 2);
        }
        path.CopyTo(_bytes.AsSpan(_used));
        ref int bucket = ref _buckets[code & (_buckets.Length - 1)];
        _records[Count] = new DirectoryRecord
        {
            Start = _used,
            Length = path.Length,
            Hash = code,
            Next = bucket,
        };
        bucket = ++Count;
        _used += path.Length;
        return ref _records[Count - 1];
    }

    private void Grow()
    {
        _buckets = new int[_buckets.Length * 2];
        for (int i = 0; i < Count; i++)
        {
            ref int bucket = ref _buckets[_records[i].Hash & (_buckets.Length - 1)];
            _records[i].Next = bucket;
            bucket = i + 1;
        }
    }
}
