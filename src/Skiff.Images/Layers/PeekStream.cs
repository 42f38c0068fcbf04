namespace Skiff.Images.Layers;

/// <summary>Gives back the bytes that were read to recognise a format, then the rest of the source.</summary>
internal sealed class PeekStream : ReadOnlyStream
{
    private readonly Stream _source;
    private readonly byte[] _head;
    private readonly int _length;
    private int _given;

    /// <summary>Reads up to <paramref name="count"/> bytes ahead.</summary>
    internal PeekStream(Stream source, int count)
    {
        _source = source;
        _head = new byte[count];
        _length = source.ReadAtLeast(_head, count, throwOnEndOfStream: false);
    }

    /// <summary>The bytes read ahead, fewer than asked at the end of the source.</summary>
    internal ReadOnlySpan<byte> Head => _head.AsSpan(0, _length);

    public override int Read(Span<byte> buffer)
    {
        if (_given == _length)
        {
            return _source.Read(buffer);
        }
        int count = Math.Min(buffer.Length, _length - _given);
        _head.AsSpan(_given, count).CopyTo(buffer);
        _given += count;
        return count;
    }
}
