namespace Skiff.SystemTests.Fixture;

/// <summary>What a run that was killed has left: nobody but the next run can end its containers.</summary>
internal static class Leftovers
{
    private const int SIGKILL = 9;

    /// <summary>Ends the commands and monitors that work below a directory, what they watch, and the containers that nobody watches any more.</summary>
    /// <param name="directory">The directory of a run whose process is dead; it may be gone.</param>
    public static void End(string directory)
    {
        string[] lines = [.. ProcessTable.WithCommandLine(directory + "/")];
        HashSet<int> masters = [.. lines.Select(static l => int.Parse(l.Split(' ')[0], null))];
        foreach (int child in Processes().Where(p => masters.Contains(ProcessTable.Parent(p))))
        {
            _ = Native.kill(child, SIGKILL);
        }
        foreach (int master in masters)
        {
            _ = Native.kill(master, SIGKILL);
        }
        IEnumerable<string> watched = lines.SelectMany(static l => l.Split(' ')).Where(IsId);
        foreach (string cgroup in Containers(directory).Concat(watched).Distinct().SelectMany(Cgroups))
        {
            Empty(cgroup);
        }
    }

    /// <summary>The directories of runs that are dead: those that are there, and those that a process still works in.</summary>
    public static IEnumerable<string> OfDeadRuns()
    {
        string prefix = Path.Combine(Path.GetTempPath(), "skiff-tests-");
        IEnumerable<string> named = ProcessTable
            .WithCommandLine(prefix)
            .SelectMany(static l => l.Split(' '))
            .Where(w => w.StartsWith(prefix, StringComparison.Ordinal))
            .Select(w => prefix + w[prefix.Length..].Split('/')[0]);
        return Directory
            .EnumerateDirectories(Path.GetTempPath(), "skiff-tests-*")
            .Concat(named)
            .Distinct()
            .Where(d => int.TryParse(d.AsSpan(prefix.Length), out int pid) && !Directory.Exists($"/proc/{pid}"));
    }

    private static IEnumerable<int> Processes() =>
        Directory
            .EnumerateDirectories("/proc")
            .Select(static d => int.TryParse(Path.GetFileName(d), out int pid) ? pid : 0)
            .Where(static pid => pid > 1);

    /// <summary>Ids of containers, in any store there is below the directory.</summary>
    private static IEnumerable<string> Containers(string directory) =>
        (Directory.Exists(directory) ? Directory.EnumerateDirectories(directory) : [])
            .SelectMany(static d => (string[])[$"{d}/root/containers", $"{d}/containers", $"{d}/run/containers"])
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)
            .Select(static d => Path.GetFileName(d))
            .Where(IsId);

    private static bool IsId(string word) => word.Length == 64 && word.All(char.IsAsciiHexDigitLower);

    private static IEnumerable<string> Cgroups(string id) =>
        ((string[])["/sys/fs/cgroup", .. Directory.EnumerateDirectories("/sys/fs/cgroup")])
            .Select(h => $"{h}/skiff/{id}")
            .Where(Directory.Exists);

    private static void Empty(string cgroup)
    {
        for (int i = 0; i < 50; i++)
        {
            try
            {
                foreach (string pid in File.ReadAllLines($"{cgroup}/cgroup.procs"))
                {
                    _ = Native.kill(int.Parse(pid, null), SIGKILL);
                }
                Directory.Delete(cgroup);
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (!Directory.Exists(cgroup))
                {
                    return;
                }
                Thread.Sleep(20); // the kernel ends what was killed
            }
        }
    }
}
