using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>Reads a container's log, rotated files first, and follows it while it is written and rotated.</summary>
public sealed partial class LogReader : IDisposable
{
    private readonly LogFiles _files;
    private readonly LogDisk _disk;
    private readonly Queue<LogFile> _next = new();
    private byte[] _buffer = new byte[256 << 10];
    private LogFile? _file;
    private int _start;
    private int _end;
    private bool _opened;

    /// <summary>Begins with the oldest record.</summary>
    /// <param name="path">The newest file.</param>
    /// <param name="record">The container, which says how many files there may be.</param>
    public LogReader(string path, ContainerRecord record)
        : this(path, record, LogDisk.Real) { }

    internal LogReader(string path, ContainerRecord record, LogDisk disk)
    {
        _files = new LogFiles(path, LogOptions.Limits(record.LogDriver, record.LogOptions).Files, disk);
        _disk = disk;
    }

    /// <summary>The next record, valid until the next call; false when there is none for now. Call again to follow.</summary>
    public bool TryRead(out LogRecord record)
    {
        if (!_opened)
        {
            Open();
        }
        while (true)
        {
            Span<byte> rest = _buffer.AsSpan(_start, _end - _start);
            if (LogRecord.TryParseUsual(rest, out record, out int length))
            {
                _start += length;
                return true;
            }
            int newline = rest.IndexOf((byte)'\n');
            if (newline >= 0)
            {
                _start += newline + 1;
                if (LogRecord.TryParse(rest[..newline], out record))
                {
                    return true;
                }
            }
            else if (!Fill() && !Next())
            {
                record = default;
                return false;
            }
        }
    }

    private void Open()
    {
        Find(newerThan: null);
        _opened = _next.Count > 0;
        _file = _opened ? _next.Dequeue() : null;
    }

    private void Find(LogFile? newerThan) => _files.NewerThan(newerThan).ForEach(_next.Enqueue);

    private bool Fill()
    {
        if (_file is null)
        {
            return false;
        }
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        int n = _disk.TryRead(_file.Content, _buffer.AsSpan(_end));
        _end += Math.Max(n, 0);
        return n > 0;
    }

    /// <summary>The next file, when this one will not grow any more.</summary>
    private bool Next()
    {
        if (_file is null)
        {
            return false;
        }
        if (_next.Count == 0)
        {
            Find(newerThan: _file);
            if (_next.Count == 0)
            {
                return false;
            }
            if (Fill())
            {
                return true; // written between our last read and the rotation
            }
        }
        _file.Dispose();
        _file = _next.Dequeue();
        _start = _end = 0; // a torn record at the end of a file
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        while (_next.TryDequeue(out LogFile? file))
        {
            file.Dispose();
        }
    }
}
