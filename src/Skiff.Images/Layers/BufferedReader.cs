namespace Skiff.Images.Layers;

/// <summary>Reads its source in large pieces for a consumer that asks for small ones (GZipStream asks for 8 KiB).</summary>
internal sealed class BufferedReader(Stream source, int size) : ReadOnlyStream
{
    private readonly byte[] _buffer = new byte[size];
    private int _position;
    private int _end;

    public override int Read(Span<byte> buffer)
    {
        if (_position == _end)
        {
            if (buffer.Length >= _buffer.Length)
            {
                return source.Read(buffer);
            }
            _position = 0;
            _end = source.Read(_buffer);
        }
        int count = Math.Min(buffer.Length, _end - _position);
        _buffer.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }
}
