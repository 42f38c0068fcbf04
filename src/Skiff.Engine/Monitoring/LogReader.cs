using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>Reads a container's log, rotated files first, and follows it while it is written and rotated.</summary>
public sealed partial class LogReader(string path) : IDisposable
{
    private const int MaximumFiles = 1000;
    private readonly Queue<LogFile> _next = new();
    private byte[] _buffer = new byte[256 << 10];
    private LogFile? _file;
    private int _start;
    private int _end;
    private bool _opened;

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

    /// <summary>Opens the files that are newer than the one that is read, or all. From the newest to the oldest: a rotation meanwhile moves files to where they are found a second time, never past us.</summary>
    private void Find(LogFile? newerThan)
    {
        List<LogFile> found = [];
        bool missing = false;
        for (int i = 0; i < MaximumFiles; i++)
        {
            LogFile? file = LogFile.TryOpen(i == 0 ? path : $"{path}.{i}", mayBePacked: i > 0);
            if (file is null)
            {
                if (missing)
                {
                    break;
                }
                missing = true; // in the middle of a rotation, which moves one file after another, one number has none
                continue;
            }
            missing = false;
            bool stop = newerThan?.IsSame(file) == true;
            if (stop || found.Exists(file.IsSame))
            {
                file.Dispose();
                if (stop)
                {
                    break;
                }
                continue;
            }
            found.Add(file);
        }
        for (int i = found.Count - 1; i >= 0; i--)
        {
            _next.Enqueue(found[i]);
        }
    }

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
        int n = Files.TryRead(_file.Content, _buffer.AsSpan(_end), out _);
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
