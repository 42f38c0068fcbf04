using Skiff.SystemTests.Fixture;
using Xunit;

[assembly: AssemblyFixture(typeof(LeakCheck))]

namespace Skiff.SystemTests.Fixture;

/// <summary>Compares the machine before the first and after the last test: what the run left behind fails it.</summary>
public sealed class LeakCheck : IDisposable
{
    private readonly HashSet<string> _before;

    public LeakCheck()
    {
        foreach (string directory in Leftovers.OfDeadRuns())
        {
            Leftovers.End(directory);
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true); // nothing holds it any more
            }
        }
        _before = [.. Observe()];
    }

    public void Dispose()
    {
        List<string> changes = [];
        // The kernel takes a moment to dismantle namespaces.
        for (int i = 0; i < 50; i++)
        {
            HashSet<string> now = [.. Observe()];
            changes =
            [
                .. now.Except(_before, StringComparer.Ordinal).Select(x => $"+ {x}"),
                .. _before.Except(now, StringComparer.Ordinal).Select(x => $"- {x}"),
            ];
            if (changes.Count == 0)
            {
                break;
            }
            Thread.Sleep(100);
        }
        string[] mounts = [.. File.ReadLines("/proc/self/mountinfo").Where(l => l.Contains(Workspace.Base, StringComparison.Ordinal))];
        if (mounts.Length == 0)
        {
            Directory.Delete(Workspace.Base, recursive: true);
        }
        // xunit reports a failing fixture once for every test: scripts/test.sh names a file instead and counts it as one.
        if (Environment.GetEnvironmentVariable("SKIFF_LEAK_REPORT") is { Length: > 0 } report)
        {
            File.WriteAllLines(report, changes);
            return;
        }
        Assert.True(changes.Count == 0, $"the run changed the machine:\n{string.Join('\n', changes)}");
    }

    private static IEnumerable<string> Observe()
    {
        foreach (string line in File.ReadLines("/proc/self/mountinfo"))
        {
            yield return $"mount {line.Split(' ')[4]}";
        }
        foreach (string link in Directory.EnumerateFileSystemEntries("/sys/class/net"))
        {
            yield return $"link {Path.GetFileName(link)}";
        }
        foreach (string group in CgroupsOfSkiff("/sys/fs/cgroup", 0))
        {
            yield return $"cgroup {group}";
        }
        if (Tool.Exists("nft"))
        {
            foreach (string table in Tool.Try("nft", "list", "tables").Lines)
            {
                yield return $"nft {table}";
            }
        }
        foreach (string process in ProcessTable.WithCommandLine(Workspace.Base + "/"))
        {
            yield return $"process {process}";
        }
        foreach (string directory in new[] { "/run/skiff", "/var/lib/skiff", "/etc/skiff" }.Where(Directory.Exists))
        {
            yield return $"directory {directory}";
        }
        yield return $"/dev/null {Tool.Run("stat", "-c", "%F %U:%G %a %t:%T", "/dev/null").Text}";
        foreach (
            string setting in new[]
            {
                "net/ipv4/ip_forward",
                "net/ipv6/conf/all/forwarding",
                "net/ipv4/conf/all/route_localnet",
                "kernel/core_pattern",
            }
        )
        {
            yield return $"{setting} = {ProcessTable.Read($"/proc/sys/{setting}").Trim()}";
        }
    }

    /// <summary>Cgroups of containers: the directories below one called skiff; that one itself may stay.</summary>
    private static IEnumerable<string> CgroupsOfSkiff(string directory, int depth)
    {
        string[] children;
        try
        {
            children = Directory.GetDirectories(directory);
        }
        catch (IOException)
        {
            yield break;
        }
        foreach (string child in children)
        {
            if (directory.EndsWith("/skiff", StringComparison.Ordinal))
            {
                yield return child;
            }
            else if (depth < 6)
            {
                foreach (string found in CgroupsOfSkiff(child, depth + 1))
                {
                    yield return found;
                }
            }
        }
    }
}
