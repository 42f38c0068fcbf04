using Skiff.Linux;

namespace Skiff.Engine.Network;

/// <summary>Files of the networks under the run directory, which a reboot empties together with the kernel's state.</summary>
/// <param name="Runroot"><c>--runroot</c>.</param>
/// <param name="Name">The network's name.</param>
public sealed record NetworkPaths(string Runroot, string Name)
{
    /// <summary>All networks.</summary>
    public string All => Runroot + "/networks";

    /// <summary>The lock of all networks: host ports are shared between them.</summary>
    public string Lock => All + "/lock";

    /// <summary>One empty file per network that is up; the directory is there while any is.</summary>
    public string Active => All + "/active";

    /// <summary>Kernel parameters to write back when the last network goes: lines of path, space, value.</summary>
    public string Restore => All + "/restore";

    /// <summary>This network.</summary>
    public string Directory => $"{All}/{Name}";

    /// <summary>The definition.</summary>
    public string Definition => Directory + "/network.json";

    /// <summary>One file per leased IPv4 address. rmdir(2) of it succeeds only when nothing is leased.</summary>
    public string Leases => Directory + "/leases";

    /// <summary>The IPv4 address leased last.</summary>
    public string LastAddress => Directory + "/last";

    /// <summary>Held by the cleaner that waits.</summary>
    public string Cleaner => Directory + "/cleaner";

    internal void Make()
    {
        foreach (string path in (ReadOnlySpan<string>)[Runroot, All, Directory])
        {
            int errno = Files.TryMakeDirectory(path, 0x1C0);
            if (errno is not (0 or Errno.EEXIST))
            {
                throw new LinuxException("mkdir", path, errno);
            }
        }
    }

    /// <summary>Names in a directory; empty when it is missing.</summary>
    internal static IEnumerable<string> List(string directory)
    {
        string[] paths;
        try
        {
            paths = System.IO.Directory.GetFileSystemEntries(directory);
        }
        catch (DirectoryNotFoundException)
        {
            yield break;
        }
        foreach (string path in paths)
        {
            yield return Path.GetFileName(path);
        }
    }
}
