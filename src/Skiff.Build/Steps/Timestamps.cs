using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Steps;

/// <summary>Reproducible times: nothing in a layer is newer than SOURCE_DATE_EPOCH (reproducible-builds.org).</summary>
internal static class Timestamps
{
    /// <summary>Sets the time of everything in a tree that is newer; the directory itself included.</summary>
    internal static void Clamp(string tree, DateTimeOffset date)
    {
        using SafeFd root = Files.Open(tree, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        TimeSpec time = new() { Seconds = date.ToUnixTimeSeconds() };
        Directory(root.Value, time);
        One(root.Value, ".\0"u8, time);
    }

    private static void Directory(int fd, TimeSpec time)
    {
        List<(byte[] Name, bool IsDirectory)> names = [];
        NameReader reader = new(fd, new byte[16 << 10]);
        while (reader.Next())
        {
            names.Add((reader.Name.ToArray(), reader.IsDirectory));
        }
        foreach ((byte[] name, bool isDirectory) in names)
        {
            if (isDirectory && At.Open(fd, name, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY, 0, out int child) == 0)
            {
                Directory(child, time);
                At.Close(child);
            }
            One(fd, name, time);
        }
    }

    private static void One(int directory, ReadOnlySpan<byte> name, TimeSpec time)
    {
        if (At.Stat(directory, name, out StatxBuffer stat) == 0 && IsNewer(stat.ModifyTime, time))
        {
            _ = At.SetTimes(directory, name, time, time);
        }
    }

    private static bool IsNewer(StatxTimestamp file, TimeSpec time) =>
        file.Seconds > time.Seconds || (file.Seconds == time.Seconds && file.Nanoseconds > time.Nanoseconds);
}
