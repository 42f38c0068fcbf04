using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Monitoring;

/// <summary>Reads a container's log, rotated files first, and follows it while it is written and rotated.</summary>
public sealed partial class LogReader(string path) : IDisposable
{
    private const int MaximumFiles = 1000;
    private readonly Queue<SafeFd> _next = new();
    private byte[] _buffer = new byte[256 << 10];
    private SafeFd? _fd;
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
        _fd = _opened ? _next.Dequeue() : null;
    }

    /// <summary>Opens the files that are newer than the one that is read, or all. From the newest to the oldest: a rotation meanwhile moves files to where they are found a second time, never past us.</summary>
    private void Find(SafeFd? newerThan)
    {
        ulong stop = newerThan is null ? 0 : Inode(newerThan);
        List<(ulong Inode, SafeFd Fd)> found = [];
        for (int i = 0; i < MaximumFiles; i++)
        {
            SafeFd? fd = Files.TryOpen(i == 0 ? path : $"{path}.{i}", OpenFlags.O_RDONLY, out _);
            if (fd is null && i > 0)
            {
                break; // number 0 alone may be missing, in the middle of a rotation
            }
            if (fd is null)
            {
                continue;
            }
            ulong inode = Inode(fd);
            if (inode == stop || found.Exists(f => f.Inode == inode))
            {
                fd.Dispose();
                if (inode == stop)
                {
                    break;
                }
                continue;
            }
            found.Add((inode, fd));
        }
        for (int i = found.Count - 1; i >= 0; i--)
        {
            _next.Enqueue(found[i].Fd);
        }
    }

    private static ulong Inode(SafeFd fd) => At.Stat(fd.Value, out StatxBuffer stat) == 0 ? stat.Inode : 0;

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

    /// <summary>The next file, when this one will not grow any more.</summary>
    private bool Next()
    {
        if (_fd is null)
        {
            return false;
        }
        if (_next.Count == 0)
        {
            Find(newerThan: _fd);
            if (_next.Count == 0)
            {
                return false;
            }
            if (Fill())
            {
                return true; // written between our last read and the rotation
            }
        }
        _fd.Dispose();
        _fd = _next.Dequeue();
        _start = _end = 0; // a torn record at the end of a file
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _fd?.Dispose();
        while (_next.TryDequeue(out SafeFd? fd))
        {
            fd.Dispose();
        }
    }
}
