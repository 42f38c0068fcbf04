using System.Buffers;
using System.Globalization;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Monitoring;

/// <summary>Appends a container's output to its log and keeps the log small: three files of 10 MB unless <c>--log-opt max-size</c> and <c>max-file</c> say otherwise.</summary>
public sealed class LogWriter : IDisposable
{
    /// <summary>docker cuts lines that are longer into records of this size.</summary>
    public const int MaximumText = 16 << 10;

    private const long DefaultSize = 10_000_000;
    private readonly string _path;
    private readonly long _maximumSize;
    private readonly int _files;
    private readonly ArrayBufferWriter<byte> _records = new(4096);
    private readonly Pending _out = new(false);
    private readonly Pending _error = new(true);
    private SafeFd? _fd;
    private long _size;

    /// <summary>Opens the log; with the log driver <c>none</c> everything is dropped.</summary>
    public LogWriter(string path, ContainerRecord record)
    {
        _path = path;
        _maximumSize = record.LogOptions.TryGetValue("max-size", out string? size) && size != "-1" ? ParseSize(size) : DefaultSize;
        _files =
            record.LogOptions.TryGetValue("max-file", out string? files)
            && int.TryParse(files, NumberStyles.None, CultureInfo.InvariantCulture, out int n)
            && n > 0
                ? n
                : 3;
        if (record.LogDriver != "none")
        {
            Open();
        }
    }

    /// <summary>Takes bytes as they came from the container.</summary>
    public void Add(bool isError, ReadOnlySpan<byte> bytes)
    {
        if (_fd is null)
        {
            return;
        }
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Pending pending = isError ? _error : _out;
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOf((byte)'\n');
            int take = Math.Min(end < 0 ? bytes.Length : end + 1, MaximumText - pending.Length);
            bytes[..take].CopyTo(pending.Bytes.AsSpan(pending.Length));
            pending.Length += take;
            bytes = bytes[take..];
            if (pending.Length == MaximumText || pending.Bytes[pending.Length - 1] == '\n')
            {
                Record(pending, now);
            }
        }
        Flush();
    }

    /// <summary>Writes what has no line end yet.</summary>
    public void End()
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Record(_out, now);
        Record(_error, now);
        Flush();
    }

    private void Record(Pending pending, DateTimeOffset now)
    {
        if (pending.Length > 0)
        {
            LogLine.Write(_records, pending.Bytes.AsSpan(0, pending.Length), pending.IsError, now);
            pending.Length = 0;
        }
    }

    private void Flush()
    {
        if (_fd is null || _records.WrittenCount == 0)
        {
            return;
        }
        if (_size > 0 && _size + _records.WrittenCount > _maximumSize)
        {
            Rotate();
        }
        // A full disk costs log lines; it must not stop the container by a pipe that nobody empties.
        _ = Files.TryWriteAll(_fd.Value, _records.WrittenSpan);
        _size += _records.WrittenCount;
        _records.ResetWrittenCount();
    }

    private void Rotate()
    {
        _fd?.Dispose();
        if (_files == 1)
        {
            _ = Files.TryRemove(_path);
        }
        for (int i = _files - 1; i >= 1; i--)
        {
            string from = i == 1 ? _path : $"{_path}.{i - 1}";
            if (Files.Exists(from))
            {
                Files.Rename(from, $"{_path}.{i}");
            }
        }
        Open();
    }

    private void Open()
    {
        _fd = Files.Open(_path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_APPEND, 0x1A0);
        _size = Skiff.Linux.FileTree.At.Stat(_fd.Value, out StatxBuffer stat) == 0 ? (long)stat.Size : 0;
    }

    private static long ParseSize(string text)
    {
        string digits = text.TrimEnd('k', 'K', 'm', 'M', 'g', 'G', 'b', 'B');
        long unit =
            text.Length == digits.Length
                ? 1
                : char.ToLowerInvariant(text[digits.Length]) switch
                {
                    'k' => 1000,
                    'm' => 1_000_000,
                    'g' => 1_000_000_000,
                    _ => 1,
                };
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number > 0
            ? number * unit
            : DefaultSize;
    }

    /// <inheritdoc/>
    public void Dispose() => _fd?.Dispose();

    private sealed class Pending(bool isError)
    {
        internal bool IsError { get; } = isError;

        internal byte[] Bytes { get; } = new byte[MaximumText];

        internal int Length { get; set; }
    }
}
