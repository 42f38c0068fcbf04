using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Skiff.Linux;

namespace Skiff.Engine.Containers;

/// <summary>The process that has begun a session, as it is named in the file's first line: its pid and the descriptor by which it holds the lock.</summary>
/// <remarks>
/// A command that was killed is not dead yet: it holds its lock until its memory and files are given back, and a container that has not executed its command yet holds an inherited one a little longer.
/// Whoever comes in between waits for the lock, because it is about to be free and what it stands for is his to remove. Only a lock that is held is looked at in this way.
/// </remarks>
internal sealed class SessionOwner(string id)
{
    /// <summary>For the end of a process that is dying: milliseconds as a rule, longer where it waits in the kernel.</summary>
    private const int EndMilliseconds = 2000;

    /// <summary>For the line of a command that has locked the file and writes next.</summary>
    private const int LineMilliseconds = 10;

    private bool _waited;
    private bool _waitedForLine;

    /// <summary>Names this process in a file that it has just locked. A full file system is the caller's next write to tell of.</summary>
    internal static void Write(SafeFd session)
    {
        Span<byte> line = stackalloc byte[32];
        _ = Utf8Formatter.TryFormat(Environment.ProcessId, line, out int length);
        line[length++] = (byte)' ';
        _ = Utf8Formatter.TryFormat(session.Value, line[length..], out int more);
        length += more;
        line[length++] = (byte)'\n';
        _ = Files.TryWriteAll(session.Value, line[..length]);
    }

    /// <summary>What follows the owner's line.</summary>
    internal static ReadOnlySpan<byte> Skip(ReadOnlySpan<byte> file) =>
        file.Length == 0 || file[0] == (byte)'{' ? file : file[(file.IndexOf((byte)'\n') + 1)..];

    /// <summary>How long to wait for the lock of a session that is held; 0 when its owner lives, or when it was waited for before.</summary>
    internal int Patience(SafeFd session)
    {
        Span<byte> line = stackalloc byte[32];
        int length = Files.TryReadAt(session, line, 0);
        if (length <= 0)
        {
            int wait = _waitedForLine ? 0 : LineMilliseconds;
            _waitedForLine = true;
            return wait;
        }
        if (_waited || !IsEnding(line[..length]))
        {
            return 0;
        }
        _waited = true;
        return EndMilliseconds;
    }

    private bool IsEnding(ReadOnlySpan<byte> line)
    {
        int space = line.IndexOf((byte)' ');
        int end = line.IndexOf((byte)'\n');
        if (
            space < 0
            || end < space
            || !int.TryParse(line[..space], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            || pid == Environment.ProcessId
        )
        {
            return false;
        }
        return ProcessStat.IsEnding(pid) != false || !Holds(pid, Encoding.ASCII.GetString(line[(space + 1)..end]));
    }

    /// <summary>A later process with that number does not have the file open, whose name nobody else has. What may not be looked at is taken for it.</summary>
    private bool Holds(int pid, string descriptor) =>
        Files.TryReadLink($"/proc/{pid}/fd/{descriptor}", out int errno) is { } target
            ? target.Contains(id, StringComparison.Ordinal)
            : errno != Errno.ENOENT;
}
