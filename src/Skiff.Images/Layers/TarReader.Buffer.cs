namespace Skiff.Images.Layers;

/// <content>The bytes between the source and the parser.</content>
public sealed unsafe partial class TarReader
{
    private readonly byte[] _block = new byte[TarHeader.BlockSize];
    private byte* _piece; // of what is read ahead; otherwise the bytes are in the buffer

    /// <summary>The next 512 bytes, in place unless a piece ends within them; empty at the end of the source.</summary>
    private ReadOnlySpan<byte> TakeBlock()
    {
        ReadOnlySpan<byte> block = _end - _position >= TarHeader.BlockSize ? Here(TarHeader.BlockSize) : JoinBlock();
        _consumed += block.Length;
        return block;
    }

    private ReadOnlySpan<byte> JoinBlock()
    {
        int have = 0;
        while (have < _block.Length)
        {
            if (_position == _end && !Fill())
            {
                return have == 0 ? default : throw new TarException("the archive is cut off inside a header", _consumed);
            }
            ReadOnlySpan<byte> part = Here(Math.Min(_block.Length - have, _end - _position));
            part.CopyTo(_block.AsSpan(have));
            have += part.Length;
        }
        return _block;
    }

    /// <summary>At least one and at most <paramref name="limit"/> bytes in place.</summary>
    private ReadOnlySpan<byte> Take(long limit, string what)
    {
        if (_position == _end && !Fill())
        {
            throw new TarException($"the archive is cut off inside {what}", _consumed);
        }
        int length = (int)Math.Min(limit, _end - _position);
        _consumed += length;
        return Here(length);
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

    /// <summary>Bytes that are there, and goes on behind them.</summary>
    private ReadOnlySpan<byte> Here(int length)
    {
        int at = _position;
        _position += length;
        return _piece != null ? new ReadOnlySpan<byte>(_piece + at, length) : _buffer.AsSpan(at, length);
    }

    /// <summary>Gets more when all is used; false at the end.</summary>
    private bool Fill()
    {
        _position = 0;
        if (_ahead is not null)
        {
            _piece = _ahead.Next(out _end);
        }
        else
        {
            _end = _source.Read(_buffer);
        }
        return _end > 0;
    }
}
