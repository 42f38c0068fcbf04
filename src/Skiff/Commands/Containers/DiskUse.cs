namespace Skiff.Commands.Containers;

/// <summary>Bytes in the regular files of a directory tree.</summary>
internal static class DiskUse
{
    /// <summary>The sum of their lengths; symbolic links are not followed.</summary>
    public static long Of(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return 0;
        }
        long sum = 0;
        EnumerationOptions options = new()
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
            IgnoreInaccessible = true,
        };
        foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles("*", options))
        {
            sum += file.Length;
        }
        return sum;
    }
}
