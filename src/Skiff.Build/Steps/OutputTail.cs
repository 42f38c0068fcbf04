namespace Skiff.Build.Steps;

/// <summary>Passes output on and keeps its end, for the message of a failure.</summary>
internal sealed class OutputTail(OutputTail.Sink next)
{
    private const int Kept = 16 << 10;

    private readonly byte[] _ring = new byte[Kept];
    private long _count;

    internal delegate void Sink(ReadOnlySpan<byte> bytes);

    internal void Write(ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            _ring[_count++ % Kept] = b;
        }
        next(bytes);
    }

    /// <summary>The end of it, from the beginning of a line.</summary>
    internal byte[] ToArray()
    {
        if (_count <= Kept)
        {
            return _ring[..(int)_count];
        }
        int start = (int)(_count % Kept);
        byte[] all = [.. _ring.AsSpan(start), .. _ring.AsSpan(0, start)];
        return all[(all.AsSpan().IndexOf((byte)'\n') + 1)..];
    }
}
