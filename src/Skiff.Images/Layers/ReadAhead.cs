using System.Runtime.ExceptionServices;

namespace Skiff.Images.Layers;

/// <summary>Reads its source on a thread of its own, some pieces ahead: fetching, decompressing and hashing a layer takes about as long as making its files.</summary>
/// <remarks>
/// Nothing is copied: the source keeps what it gave for as long as this lets it. Who has waited is woken for a good deal, not for every piece.
/// Whatever the source throws comes out here, after the bytes that came before it. The source stays the caller's.
/// </remarks>
internal sealed unsafe class ReadAhead : IDisposable
{
    internal const int MostAhead = IPieceSource.Kept;

    /// <summary>What a thread that waits is woken for, and the most that is handed over at once.</summary>
    internal const int Portion = 256 << 10;

    private readonly IPieceSource _source;
    private readonly ByteSink _seen;
    private readonly Thread _thread;
    private readonly object _lock = new();
    private readonly Queue<(nint Start, int Length)> _pieces = new();
    private int _waiting; // bytes in the queue
    private int _taken; // bytes that the reader has
    private bool _readerWaits;
    private bool _pumpWaits;
    private Exception? _failure;
    private bool _ended;
    private bool _stop;

    /// <summary>Begins to read.</summary>
    /// <param name="source">What is read.</param>
    /// <param name="seen">Shown every piece on the thread that reads, before it is handed over.</param>
    internal ReadAhead(IPieceSource source, ByteSink seen)
    {
        _source = source;
        _seen = seen;
        _thread = new Thread(Pump, 1 << 20) { Name = "decompress", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Takes the bytes back that it gave last and gives the next ones; at the end the length is 0.</summary>
    internal byte* Next(out int length)
    {
        lock (_lock)
        {
            _taken = 0;
            if (_pumpWaits && _waiting <= MostAhead - (2 * Portion))
            {
                Wake(ref _pumpWaits);
            }
            while (_pieces.Count == 0 && !_ended)
            {
                _readerWaits = true;
                _ = Monitor.Wait(_lock);
            }
            if (_pieces.Count == 0 && _failure is not null)
            {
                ExceptionDispatchInfo.Throw(_failure);
            }
            return (byte*)Take(out length);
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

    /// <summary>Pieces that lie one behind the other, as most do, become one.</summary>
    private nint Take(out int length)
    {
        _ = _pieces.TryDequeue(out (nint Start, int Length) first);
        length = first.Length;
        while (_pieces.TryPeek(out (nint Start, int Length) next) && next.Start == first.Start + length && length + next.Length <= Portion)
        {
            length += next.Length;
            _ = _pieces.Dequeue();
        }
        _taken = length;
        _waiting -= length;
        return first.Start;
    }

    private void Pump()
    {
        bool more = true;
        while (more && HasRoom())
        {
            byte* piece = null;
            int length = 0;
            Exception? failure = null;
            try
            {
                piece = _source.Next(out length);
                if (length > 0)
                {
                    _seen(new ReadOnlySpan<byte>(piece, length));
                }
            }
            catch (Exception e)
            {
                failure = e; // thrown again on the thread that reads
                length = 0;
            }
            more = length > 0;
            Give((nint)piece, length, failure);
        }
    }

    /// <summary>Waits until the source may be asked for more; false if nobody wants it.</summary>
    private bool HasRoom()
    {
        lock (_lock)
        {
            while (_waiting + _taken > MostAhead - IPieceSource.MaxPiece && !_stop)
            {
                _pumpWaits = true;
                _ = Monitor.Wait(_lock);
            }
            return !_stop;
        }
    }

    private void Give(nint piece, int length, Exception? failure)
    {
        lock (_lock)
        {
            if (length > 0)
            {
                _pieces.Enqueue((piece, length));
                _waiting += length;
            }
            else
            {
                _ended = true;
                _failure = failure;
            }
            if (_readerWaits && (_waiting >= Portion || _ended))
            {
                Wake(ref _readerWaits);
            }
        }
    }

    private void Wake(ref bool waits)
    {
        waits = false;
        Monitor.Pulse(_lock);
    }
}
