using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Monitoring;

/// <content>The last lines, found from the end: a long log is not read for them.</content>
public sealed partial class LogReader
{
    /// <summary>Begins with the last <paramref name="lines"/> lines. A line that is longer than a record is one line.</summary>
    public void SeekTail(long lines)
    {
        Open();
        if (_file is null)
        {
            return;
        }
        LogFile[] files = [_file, .. _next];
        long count = 0;
        bool last = true;
        for (int i = files.Length - 1; i >= 0; i--)
        {
            if (FindLine(files[i].Content, lines, ref count, ref last) is { } offset)
            {
                Files.Seek(files[i].Content, offset);
                for (int older = 0; older < i; older++)
                {
                    _file.Dispose();
                    _file = _next.Dequeue();
                }
                return;
            }
        }
    }

    /// <summary>Where the lines begin in this file; null when they begin before it.</summary>
    private static long? FindLine(SafeFd file, long lines, ref long count, ref bool last)
    {
        const int Block = 64 << 10;
        long position = At.Stat(file.Value, out StatxBuffer stat) == 0 ? (long)stat.Size : 0;
        byte[] window = [];
        while (position > 0)
        {
            int n = (int)Math.Min(Block, position);
            byte[] larger = new byte[n + window.Length];
            window.CopyTo(larger, n);
            window = larger;
            position -= n;
            if (Files.TryReadAt(file, window.AsSpan(0, n), position) != n)
            {
                return position + n;
            }
            int end = window.Length;
            int newline;
            // The first record of the window is whole only at the beginning of the file.
            while ((newline = end == 0 ? -1 : window.AsSpan(0, end - 1).LastIndexOf((byte)'\n')) >= 0 || (position == 0 && end > 0))
            {
                if (window[end - 1] == '\n' && LogRecord.TryParse(window.AsSpan((newline + 1)..(end - 1)), out LogRecord record))
                {
                    count += record.EndsLine || last ? 1 : 0;
                    last = false;
                    if (count > lines)
                    {
                        return position + end;
                    }
                }
                end = newline + 1;
            }
            window = window[..end];
        }
        return null;
    }
}
