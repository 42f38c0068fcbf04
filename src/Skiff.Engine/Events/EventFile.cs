using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Events;

/// <summary>One file of the journal, read line by line; it may still grow.</summary>
internal sealed class EventFile(SafeFd fd, ulong inode) : IDisposable
{
    private const int MaximumLine = 4 << 20;
    private byte[] _buffer = new byte[32 << 10];
    private int _start;
    private int _end;

    /// <summary>Which file it is, whatever its name is now.</summary>
    internal ulong Inode => inode;

    /// <summary>Opens it; null when there is none.</summary>
    internal static EventFile? TryOpen(string path)
    {
        SafeFd? fd = Files.TryOpen(path, OpenFlags.O_RDONLY, out _);
        if (fd is not null && At.Stat(fd.Value, out StatxBuffer stat) == 0)
        {
            return new EventFile(fd, stat.Inode);
        }
        fd?.Dispose();
        return null;
    }

    /// <summary>Only what is written from now on.</summary>
    internal void SkipToEnd() => _ = RawCall.Invoke(SyscallNumber.lseek, fd.Value, 0, 2);

    /// <summary>The next whole line; false when there is none for now.</summary>
    internal bool TryReadLine(out ReadOnlySpan<byte> line)
    {
        int searched = _start;
        while (true)
        {
            int newline = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                line = _buffer.AsSpan(_start, searched + newline - _start);
                _start = searched + newline + 1;
                return true;
            }
            searched = _end;
            int moved = MakeRoom();
            searched -= moved;
            int n = Files.TryRead(fd, _buffer.AsSpan(_end), out _);
            if (n <= 0)
            {
                line = default;
                return false;
            }
            _end += n;
        }
    }

    private int MakeRoom()
    {
        int moved = _start;
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= moved;
        _start = 0;
        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= MaximumLine)
            {
                _end = 0; // no event is that long: the file is damaged
            }
            else
            {
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }
        }
        return moved;
    }

    /// <inheritdoc/>
    public void Dispose() => fd.Dispose();
}
