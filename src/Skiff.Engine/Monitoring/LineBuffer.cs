namespace Skiff.Engine.Monitoring;

/// <summary>Cuts one output stream into lines of at most <see cref="LogSink.MaximumText"/> bytes. Whole lines are not copied.</summary>
internal sealed class LineBuffer
{
    private byte[] _begun = [];
    private int _length;

    /// <summary>What has no line end yet.</summary>
    internal ReadOnlySpan<byte> Begun => _begun.AsSpan(0, _length);

    /// <summary>The next line or part of a long one, from what was kept and what has come; false when the rest is kept for later.</summary>
    /// <param name="bytes">What has come; what was taken is cut off.</param>
    /// <param name="line">With its line end, unless it is a part; valid until the next call.</param>
    internal bool TryTake(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> line)
    {
        int room = LogSink.MaximumText - _length;
        int end = bytes.IndexOf((byte)'\n') + 1;
        int take = Math.Min(end == 0 ? bytes.Length : end, room);
        bool whole = take > 0 && (take == room || bytes[take - 1] == '\n');
        if (whole && _length == 0)
        {
            line = bytes[..take];
            bytes = bytes[take..];
            return true;
        }
        if (take > 0)
        {
            Grow(_length + take);
            bytes[..take].CopyTo(_begun.AsSpan(_length));
            _length += take;
            bytes = bytes[take..];
        }
        line = Begun;
        if (whole)
        {
            _length = 0;
        }
        return whole;
    }

    /// <summary>Forgets what has no line end.</summary>
    internal void Clear() => _length = 0;

    private void Grow(int size)
    {
        if (_begun.Length < size)
        {
            Array.Resize(ref _begun, Math.Min(LogSink.MaximumText, Math.Max(size, Math.Max(256, _begun.Length * 2))));
        }
    }
}
