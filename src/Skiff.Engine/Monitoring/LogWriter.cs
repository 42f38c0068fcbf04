using System.Buffers;
using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>Appends a container's output to files and keeps them small: the drivers <c>json-file</c> (three files of 10 MB unless <c>--log-opt</c> says otherwise) and <c>local</c> (five of 20 MB).</summary>
public sealed class LogWriter : LogSink
{
    /// <summary>What a log gives back when it has filled the disk: room for the container's state and the journal of events.</summary>
    private const long Reserve = 512 << 10;

    /// <summary>How long a log that found the disk full waits before it tries again, in milliseconds.</summary>
    private const int PauseWhenFull = 10_000;

    private readonly string _path;
    private readonly long _maximumSize;
    private readonly int _files;
    private readonly byte[] _attributes;
    private readonly bool _compresses;
    private readonly LogDisk _disk;
    private Action? _compressed;
    private readonly ArrayBufferWriter<byte> _records = new(1024);
    private readonly LineBuffer _out = new();
    private readonly LineBuffer _error = new();
    private SafeFd? _fd;
    private long _size;
    private long _fullUntil;
    private TimeSpan _rotated;

    /// <summary>Opens the log.</summary>
    public LogWriter(string path, ContainerRecord record)
        : this(path, record, LogDisk.Real) { }

    internal LogWriter(string path, ContainerRecord record, LogDisk disk)
    {
        _disk = disk;
        _path = path;
        (_maximumSize, _files) = LogOptions.Limits(record.LogDriver, record.LogOptions);
        _compresses = LogOptions.Compresses(record.LogDriver, record.LogOptions);
        _attributes = LogOptions.Attributes(record);
        Open();
    }

    /// <inheritdoc/>
    public override void Add(bool isError, ReadOnlySpan<byte> bytes)
    {
        LineBuffer lines = isError ? _error : _out;
        Span<byte> stamp = stackalloc byte[LogLine.StampLength];
        LogLine.WriteStamp(TimeProvider.System.GetUtcNow(), stamp);
        while (lines.TryTake(ref bytes, out ReadOnlySpan<byte> line))
        {
            int before = _records.WrittenCount;
            LogLine.Write(_records, line, isError, stamp, _attributes);
            if (before > 0 && _size + _records.WrittenCount > _maximumSize)
            {
                // What came at once may be more than a file takes.
                byte[] next = _records.WrittenSpan[before..].ToArray();
                Flush(before);
                _records.Write(next);
            }
        }
        Flush(_records.WrittenCount);
    }

    /// <inheritdoc/>
    public override void End()
    {
        Rest(_out, false);
        Rest(_error, true);
        Flush(_records.WrittenCount);
    }

    private void Rest(LineBuffer lines, bool isError)
    {
        if (!lines.Begun.IsEmpty)
        {
            Span<byte> stamp = stackalloc byte[LogLine.StampLength];
            LogLine.WriteStamp(TimeProvider.System.GetUtcNow(), stamp);
            LogLine.Write(_records, lines.Begun, isError, stamp, _attributes);
            lines.Clear();
        }
    }

    /// <summary>Writes the first bytes of what is collected, and forgets the rest.</summary>
    private void Flush(int length)
    {
        if (_fd is null || length == 0)
        {
            return;
        }
        if (_size > 0 && _size + length > _maximumSize)
        {
            Rotate();
        }
        // A full disk costs log lines; it must not stop the container by a pipe that nobody empties.
        if (_fullUntil == 0 || Environment.TickCount64 >= _fullUntil)
        {
            // The record before the pause was cut: a line of its own lets a reader skip it and nothing else.
            bool written =
                (_fullUntil == 0 || _disk.TryWriteAll(_fd, "\n"u8) == 0) && _disk.TryWriteAll(_fd, _records.WrittenSpan[..length]) == 0;
            _fullUntil = written ? 0 : Environment.TickCount64 + PauseWhenFull;
            _size += length;
            if (!written)
            {
                MakeRoom();
            }
        }
        _records.ResetWrittenCount();
    }

    private void MakeRoom()
    {
        long size = At.Stat(_fd!.Value, out StatxBuffer stat) == 0 ? (long)stat.Size : 0;
        _size = Math.Max(0, size - Reserve);
        _ = Files.TryTruncate(_fd, _size);
    }

    /// <summary>The files move up by one and the last is overwritten. A reader that has them open is not disturbed.</summary>
    private void Rotate()
    {
        SafeFd? old = _fd;
        _compressed?.Invoke(); // it works on names that are about to change
        try
        {
            if (_files == 1)
            {
                _ = _disk.TryRemove(_path);
            }
            for (int i = _files - 1; i >= 1; i--)
            {
                string from = i == 1 ? _path : $"{_path}.{i - 1}";
                Move(from, $"{_path}.{i}");
            }
            Open();
            Stamp(old);
            old?.Dispose();
            Compress();
        }
        catch (LinuxException)
        {
            // No new file on a full disk: the old one goes on, and it is tried again when as much has been written.
            _fd = old;
            _size = 0;
        }
    }

    /// <summary>
    /// By the time of change of the plain file a reader tells which file a compressed one is of. The kernel's own is as coarse as its tick, in which several files may be written; this one no two files of a log have in common.
    /// </summary>
    private void Stamp(SafeFd? rotated)
    {
        if (!_compresses || rotated is null)
        {
            return;
        }
        TimeSpan now = TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch;
        _rotated = now > _rotated ? now : _rotated + TimeSpan.FromTicks(1);
        TimeSpec time = new()
        {
            Seconds = _rotated.Ticks / TimeSpan.TicksPerSecond,
            Nanoseconds = _rotated.Ticks % TimeSpan.TicksPerSecond * 100,
        };
        _disk.Stamp(rotated, time);
    }

    /// <summary>A file that could not be compressed stays plain. No two of both kinds have one number, also not for a moment: of those a reader would see one.</summary>
    private void Move(string from, string to)
    {
        if (Files.Exists(from))
        {
            _ = _compresses ? _disk.TryRemove(to + LogCompression.Suffix) : 0;
            _disk.Rename(from, to);
        }
        else if (_compresses && Files.Exists(from + LogCompression.Suffix))
        {
            _ = _disk.TryRemove(to);
            _disk.Rename(from + LogCompression.Suffix, to + LogCompression.Suffix);
        }
    }

    private void Compress()
    {
        if (_compresses && _files > 1)
        {
            string path = _path + ".1";
            _compressed = _disk.Beside(() => LogCompression.Replace(path, _disk));
        }
    }

    private void Open()
    {
        const int Flags = OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_APPEND;
        _fd = _disk.TryOpen(_path, Flags, out int errno, 0x1A0) ?? throw new LinuxException("open", _path, errno);
        _size = At.Stat(_fd.Value, out StatxBuffer stat) == 0 ? (long)stat.Size : 0;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _compressed?.Invoke();
        _fd?.Dispose();
        base.Dispose(disposing);
    }
}
