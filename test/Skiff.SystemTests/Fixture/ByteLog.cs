using System.Text;

namespace Skiff.SystemTests.Fixture;

/// <summary>Bytes that one thread appends and others read at any time.</summary>
internal sealed class ByteLog
{
    private readonly Lock _lock = new();
    private byte[] _bytes = new byte[4096];
    private int _length;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (_length + bytes.Length > _bytes.Length)
            {
                Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + bytes.Length));
            }
            bytes.CopyTo(_bytes.AsSpan(_length));
            _length += bytes.Length;
        }
    }

    public byte[] ToArray()
    {
        lock (_lock)
        {
            return _bytes.AsSpan(0, _length).ToArray();
        }
    }

    public override string ToString()
    {
        lock (_lock)
        {
            return Encoding.UTF8.GetString(_bytes, 0, _length);
        }
    }
}
