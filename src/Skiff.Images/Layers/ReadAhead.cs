using System.Runtime.ExceptionServices;

namespace Skiff.Images.Layers;

/// <summary>Reads its source on a thread of its own, a few buffers ahead: fetching, decompressing and hashing a layer takes about as long as making its files.</summary>
/// <remarks>Buffers change hands instead of being copied. Whatever the source throws comes out here, after the bytes that came before it. The source stays the caller's.</remarks>
internal sealed class ReadAhead : IDisposable
{
    internal const int BufferSize = 256 << 10;
    private const int Buffers = 3;

    private readonly Stream _source;
    private readonly Thread _thread;
    private readonly object _lock = new();
    private readonly Queue<byte[]> _free = new();
    private readonly Queue<(byte[] Buffer, int Length)> _full = new();
    private Exception? _failure;
    private bool _ended;
    private bool _stop;

    internal ReadAhead(Stream source)
    {
        _source = source;
        for (int i = 0; i < Buffers; i++)
        {
            _free.Enqueue(new byte[BufferSize]);
        }
        _thread = new Thread(Pump, 1 << 20) { Name = "decompress", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Takes a used buffer back and gives the next one; all are full but the last, and after that the length is 0.</summary>
    internal byte[] Swap(byte[] used, out int length)
    {
        lock (_lock)
        {
            if (used.Length == BufferSize)
            {
                _free.Enqueue(used);
                Monitor.Pulse(_lock);
            }
            while (_full.Count == 0 && !_ended)
            {
                _ = Monitor.Wait(_lock);
            }
            if (_full.TryDequeue(out (byte[] Buffer, int Length) next))
            {
                length = next.Length;
                return next.Buffer;
            }
            if (_failure is not null)
            {
                ExceptionDispatchInfo.Throw(_failure);
            }
            length = 0;
            return [];
        }
    }

    /// <summary>Ends the thread; afterwards the source is not read any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stop = true;
            Monitor.PulseAll(_lock);
        }
        _thread.Join();
    }

    private void Pump()
    {
        bool ended = false;
        while (!ended && TakeFree() is byte[] buffer)
        {
            int length = Fill(buffer, out Exception? failure);
            ended = length < buffer.Length;
            Give(buffer, length, ended, failure);
        }
    }

    /// <summary>Fills a buffer; fewer bytes come at the end of the source or before a failure.</summary>
    private int Fill(byte[] buffer, out Exception? failure)
    {
        failure = null;
        int length = 0;
        try
        {
            int read;
            while (length < buffer.Length && (read = _source.Read(buffer, length, buffer.Length - length)) > 0)
            {
                length += read;
            }
        }
        catch (Exception e)
        {
            failure = e; // thrown again on the thread that reads
        }
        return length;
    }

    private byte[]? TakeFree()
    {
        lock (_lock)
        {
            while (_free.Count == 0 && !_stop)
            {
                _ = Monitor.Wait(_lock);
            }
            return _stop ? null : _free.Dequeue();
        }
    }

    private void Give(byte[] buffer, int length, bool ended, Exception? failure)
    {
        lock (_lock)
        {
            if (length > 0)
            {
                _full.Enqueue((buffer, length));
            }
            _ended = ended;
            _failure = failure;
            Monitor.PulseAll(_lock);
        }
    }
}
