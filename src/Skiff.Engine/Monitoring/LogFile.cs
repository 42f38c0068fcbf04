using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Monitoring;

/// <summary>One file of a log as its reader sees it, plain or compressed.</summary>
internal sealed class LogFile : IDisposable
{
    private readonly ulong _inode;
    private readonly (long, long) _changed;
    private readonly bool _packed;
    private SafeFd _fd;
    private bool _inflated;

    private LogFile(SafeFd fd, bool packed)
    {
        _fd = fd;
        _packed = packed;
        if (At.Stat(fd.Value, out StatxBuffer stat) == 0)
        {
            _inode = stat.Inode;
            _changed = (stat.ModifyTime.Seconds, stat.ModifyTime.Nanoseconds);
        }
    }

    /// <summary>Opens the file with this name, or the compressed one; null when there is neither.</summary>
    internal static LogFile? TryOpen(string path, bool mayBePacked)
    {
        if (Files.TryOpen(path, OpenFlags.O_RDONLY, out _) is { } plain)
        {
            return new LogFile(plain, packed: false);
        }
        return mayBePacked && Files.TryOpen(path + LogCompression.Suffix, OpenFlags.O_RDONLY, out _) is { } packed
            ? new LogFile(packed, packed: true)
            : null;
    }

    /// <summary>The plain content; inflated when it is asked for first.</summary>
    internal SafeFd Content
    {
        get
        {
            if (_packed && !_inflated)
            {
                SafeFd inflated = LogCompression.Inflate(_fd);
                _fd.Dispose();
                (_fd, _inflated) = (inflated, true);
            }
            return _fd;
        }
    }

    /// <summary>Whether both are one file, or one is what the other was compressed from.</summary>
    internal bool IsSame(LogFile other) => _inode == other._inode || ((_packed || other._packed) && Changed == other.Changed);

    /// <summary>A plain file may have grown since it was opened.</summary>
    private (long, long) Changed =>
        !_packed && At.Stat(_fd.Value, out StatxBuffer stat) == 0 ? (stat.ModifyTime.Seconds, stat.ModifyTime.Nanoseconds) : _changed;

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();
}
