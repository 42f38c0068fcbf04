namespace Skiff.SystemTests.Fixture;

/// <summary>What a run that was killed has left: nobody but the next run can end its containers.</summary>
internal static class Leftovers
{
    private const int SIGKILL = 9;

    /// <summary>Ends the commands and monitors that work below a directory, what they watch, and the containers that nobody watches any more.</summary>
    /// <param name="directory">The directory of a run whose process is dead.</param>
    public static void End(string directory)
    {
        HashSet<int> masters = [.. ProcessTable.WithCommandLine(directory + "/").Select(static l => int.Parse(l.Split(' ')[0], null))];
        foreach (int child in Processes().Where(p => masters.Contains(ProcessTable.Parent(p))))
        {
            _ = Native.kill(child, SIGKILL);
        }
        foreach (int master in masters)
        {
            _ = Native.kill(master, SIGKILL);
        }
        foreach (string cgroup in Containers(directory).SelectMany(Cgroups))
        {
            Empty(cgroup);
        }
    }

    private static IEnumerable<int> Processes() =>
        Directory
            .EnumerateDirectories("/proc")
            .Select(static d => int.TryParse(Path.GetFileName(d), out int pid) ? pid : 0)
            .Where(static pid => pid > 1);

    /// <summary>Ids of containers, in any store there is below the directory.</summary>
    private static IEnumerable<string> Containers(string directory) =>
        Directory
            .EnumerateDirectories(directory)
            .SelectMany(static d => (string[])[$"{d}/root/containers", $"{d}/containers", $"{d}/run/containers"])
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)
            .Select(static d => Path.GetFileName(d))
            .Where(static id => id.Length == 64);

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
