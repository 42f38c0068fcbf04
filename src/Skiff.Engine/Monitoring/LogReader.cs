using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Monitoring;

/// <summary>Reads a container's log, rotated files first, and follows it.</summary>
public sealed class LogReader(string path) : IDisposable
{
    private const int MaximumFiles = 1000;
    private readonly Queue<SafeFd> _older = new();
    private byte[] _buffer = new byte[64 << 10];
    private SafeFd? _fd;
    private int _start;
    private int _end;
    private bool _opened;

    /// <summary>The next record; false when there is none for now. Call again to follow.</summary>
    public bool TryRead(out LogLine line)
    {
        if (!_opened)
        {
            OpenAll();
        }
        while (true)
        {
            Span<byte> rest = _buffer.AsSpan(_start, _end - _start);
            int newline = rest.IndexOf((byte)'\n');
            if (newline >= 0)
            {
                _start += newline + 1;
                if (LogLine.TryParse(rest[..newline], out line))
                {
                    return true;
                }
                continue;
            }
            if (!Fill() && !Next())
            {
                line = default;
                return false;
            }
        }
    }

    private void OpenAll()
    {
        // From the oldest on; a rotation meanwhile only moves names, the descriptors stay with their files.
        int count = 0;
        while (count < MaximumFiles && Files.Exists($"{path}.{count + 1}"))
        {
            count++;
        }
        for (int i = count; i >= 1; i--)
        {
            if (Files.TryOpen($"{path}.{i}", OpenFlags.O_RDONLY, out _) is { } older)
            {
                _older.Enqueue(older);
            }
        }
        if (Files.TryOpen(path, OpenFlags.O_RDONLY, out _) is { } newest)
        {
            _older.Enqueue(newest);
            _opened = true;
        }
        _fd = _older.Count > 0 ? _older.Dequeue() : null;
    }

    private bool Fill()
    {
        if (_fd is null)
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
        int n = Files.TryRead(_fd, _buffer.AsSpan(_end), out _);
        _end += Math.Max(n, 0);
        return n > 0;
    }

    /// <summary>The next file: one that was rotated before, or the new one when the name leads elsewhere now.</summary>
    private bool Next()
    {
        if (_older.Count > 0)
        {
            _fd?.Dispose();
            _fd = _older.Dequeue();
            return true;
        }
        SafeFd? now = Files.TryOpen(path, OpenFlags.O_RDONLY, out _);
        if (now is null)
        {
            return false;
        }
        if (
            _fd is not null
            && At.Stat(_fd.Value, out StatxBuffer old) == 0
            && At.Stat(now.Value, out StatxBuffer current) == 0
            && old.Inode == current.Inode
        )
        {
            now.Dispose();
            return false;
        }
        if (_fd is not null && Fill())
        {
            now.Dispose(); // written between our last read and the rotation
            return true;
        }
        _fd?.Dispose();
        _fd = now;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _fd?.Dispose();
        while (_older.TryDequeue(out SafeFd? fd))
        {
            fd.Dispose();
        }
    }
}
