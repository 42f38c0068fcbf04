using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>The files of a log as a reader finds them: the newest has the log's name, older ones have .1, .2, … appended. Meanwhile the writer may move them up, any number of times.</summary>
/// <param name="path">The newest.</param>
/// <param name="count">How many there are at most.</param>
/// <param name="disk">Where they are.</param>
internal sealed class LogFiles(string path, int count, LogDisk disk)
{
    /// <summary>Opens the files that are newer than the given one, or all; oldest first. Those that are made meanwhile may be among them.</summary>
    /// <remarks>
    /// A file's number never falls, and an older file always has the greater one. So looking at one number after the other, upwards, passes no file; but it may come upon a file that is newer than the one before, when
    /// the writer has moved both. It has not if the one before still has its number afterwards: then they are neighbours. A number may have no file, in the middle of a rotation or since one that failed, so the search
    /// ends with the greatest number there can be.
    /// </remarks>
    internal List<LogFile> NewerThan(LogFile? known)
    {
        List<LogFile> found = [];
        try
        {
            LogFile? last = null;
            int number = -1;
            while (Next(number + 1, out int above) is { } file)
            {
                if (last?.IsSame(file) == true)
                {
                    file.Dispose();
                    number = above;
                }
                else if (last is not null && !Is(last, number))
                {
                    file.Dispose();
                    number = Find(last, number + 1);
                }
                else if (known?.IsSame(file) == true)
                {
                    file.Dispose();
                    break;
                }
                else
                {
                    found.Add(file);
                    (last, number) = (file, above);
                }
            }
        }
        catch (LinuxException)
        {
            found.ForEach(static f => f.Dispose());
            throw;
        }
        found.Reverse();
        return found;
    }

    /// <summary>The first file from a number on.</summary>
    private LogFile? Next(int from, out int number)
    {
        LogFile? file = null;
        for (number = from; number < count && (file = Open(number)) is null; number++) { }
        return file;
    }

    /// <summary>Where a file is now; past all numbers when it is gone, and with it all that are older.</summary>
    private int Find(LogFile file, int from)
    {
        int number = from;
        while (number < count && !Is(file, number))
        {
            number++;
        }
        return number;
    }

    private bool Is(LogFile file, int number)
    {
        using LogFile? now = Open(number);
        return now is not null && file.IsSame(now);
    }

    private LogFile? Open(int number) => LogFile.TryOpen(disk, number == 0 ? path : $"{path}.{number}", mayBePacked: number > 0);
}
