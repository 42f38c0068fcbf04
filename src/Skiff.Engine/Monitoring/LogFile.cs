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
    /// <exception cref="LinuxException">There is one, and it cannot be opened.</exception>
    internal static LogFile? TryOpen(LogDisk disk, string path, bool mayBePacked)
    {
        if (Open(disk, path) is { } plain)
        {
            return new LogFile(plain, packed: false);
        }
        return mayBePacked && Open(disk, path + LogCompression.Suffix) is { } packed ? new LogFile(packed, packed: true) : null;
    }

    private static SafeFd? Open(LogDisk disk, string path) =>
        disk.TryOpen(path, OpenFlags.O_RDONLY, out int errno) is { } fd ? fd
        : errno == Errno.ENOENT ? null
        : errno == Errno.EMFILE && ProcessLimits.TryRaiseFiles() ? Open(disk, path) // a log may have a thousand files
        : throw new LinuxException("open", path, errno);

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

    /// <summary>Whether both are one file, or one is what the other was compressed from. The inode says it only of plain files, which are open as long as they are compared: that of a removed one is given to another file.</summary>
    internal bool IsSame(LogFile other) => _packed || other._packed ? Changed == other.Changed : _inode == other._inode;

    /// <summary>A plain file may have grown since it was opened.</summary>
    private (long, long) Changed =>
        !_packed && At.Stat(_fd.Value, out StatxBuffer stat) == 0 ? (stat.ModifyTime.Seconds, stat.ModifyTime.Nanoseconds) : _changed;

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();
}
