namespace Skiff.SystemTests.Fixture;

/// <summary>What runs on the machine, from /proc.</summary>
internal static class ProcessTable
{
    /// <summary>"pid command line" of every process whose command line contains a text; this process is left out.</summary>
    public static IEnumerable<string> WithCommandLine(string text)
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out int pid) || pid == Environment.ProcessId)
            {
                continue;
            }
            string line = Read(Path.Combine(directory, "cmdline")).Replace('\0', ' ').TrimEnd();
            if (line.Contains(text, StringComparison.Ordinal))
            {
                yield return $"{pid} {line}";
            }
        }
    }

    /// <summary>The parent's process id; 0 when the process has gone.</summary>
    public static int Parent(int pid)
    {
        string stat = Read($"/proc/{pid}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 1 ? int.Parse(fields[1], System.Globalization.CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>Whether a process has ended; its parent may not have noticed yet.</summary>
    public static bool IsDead(int pid)
    {
        string stat = Read($"/proc/{pid}/stat");
        return stat.Length == 0 || stat.AsSpan(stat.LastIndexOf(')') + 1).TrimStart()[0] is 'Z' or 'X';
    }

    /// <summary>A file of /proc, or nothing when its process has gone.</summary>
    public static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
