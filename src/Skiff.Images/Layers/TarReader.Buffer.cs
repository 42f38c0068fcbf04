namespace Skiff.Images.Layers;

/// <content>The buffer between the stream and the parser.</content>
public sealed partial class TarReader
{
    /// <summary>The next 512 bytes in place, or empty at the end of the source.</summary>
    private ReadOnlySpan<byte> TakeBlock()
    {
        while (_end - _position < TarHeader.BlockSize)
        {
            if (!Fill())
            {
                return _end == _position ? default : throw new TarException("the archive is cut off inside a header", _consumed);
            }
        }
        ReadOnlySpan<byte> block = _buffer.AsSpan(_position, TarHeader.BlockSize);
        _position += TarHeader.BlockSize;
        _consumed += TarHeader.BlockSize;
        return block;
    }

    /// <summary>At least one and at most <paramref name="limit"/> bytes in place.</summary>
    private ReadOnlySpan<byte> Take(long limit, string what)
    {
        if (_position == _end && !Fill())
        {
            throw new TarException($"the archive is cut off inside {what}", _consumed);
        }
        int length = (int)Math.Min(limit, _end - _position);
        ReadOnlySpan<byte> data = _buffer.AsSpan(_position, length);
        _position += length;
        _consumed += length;
        return data;
    }

    private void CopyTo(Span<byte> target, string what)
    {
        while (!target.IsEmpty)
        {
            ReadOnlySpan<byte> piece = Take(target.Length, what);
            piece.CopyTo(target);
            target = target[piece.Length..];
        }
    }

    private void Skip(long count)
    {
        while (count > 0)
        {
            count -= Take(count, "the data of an entry").Length;
        }
    }

    private void SkipData()
    {
        Skip(_dataLeft);
        _dataLeft = 0;
        // the filling after the last file is missing in some archives
        while (_padding > 0)
        {
            if (_position == _end && !Fill())
            {
                _padding = 0;
                return;
            }
            _padding -= Take(_padding, "the data of an entry").Length;
        }
    }

    private bool Fill()
    {
        int left = _end - _position;
        if (_ahead is not null)
        {
            byte[] next = _ahead.Swap(left == 0 ? _buffer : [], out int length);
            if (left == 0)
            {
                (_buffer, _position, _end) = (next, 0, length);
            }
            return length > 0; // a part of a block is left of the last buffer only, and nothing follows that
        }
        if (left > 0 && _position > 0)
        {
            _buffer.AsSpan(_position, left).CopyTo(_buffer);
        }
        (_position, _end) = (0, left);
        int read = _source.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }
}
