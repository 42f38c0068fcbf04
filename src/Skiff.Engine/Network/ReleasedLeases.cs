using Skiff.Linux;
using Skiff.Linux.Netlink;

namespace Skiff.Engine.Network;

/// <summary>Leases that were given back while the table still has their ports. Whoever removes a file of it, under the lock of the networks, has removed the elements before: the cleaner, or the next command that leases, whichever comes first.</summary>
internal sealed class ReleasedLeases(NetworkPaths paths)
{
    /// <summary>Records that the elements of a lease have to go.</summary>
    /// <returns>The file.</returns>
    internal string Put(LeaseFile lease)
    {
        // The interface's name is random, so no two releases of one address share a file.
        string path = $"{paths.Released}/{paths.Name} {lease.HostInterface}";
        byte[] bytes = lease.Write();
        try
        {
            Files.Replace(path, bytes);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            _ = Files.TryMakeDirectory(paths.Released, 0x1C0);
            Files.Replace(path, bytes);
        }
        return path;
    }

    /// <summary>Removes what waits. Nothing waits as a rule: one open of a directory.</summary>
    internal void Finish(NetlinkSocket firewall)
    {
        foreach (string name in DirectoryReader.List(paths.Released))
        {
            string path = $"{paths.Released}/{name}";
            int space = name.IndexOf(' ', StringComparison.Ordinal);
            if (
                space > 0
                && LeaseFile.TryRead(path) is { } lease
                && NetworkDefinition.TryRead((paths with { Name = name[..space] }).Definition) is { } network
            )
            {
                lease.RemoveElements(network.Table, firewall)?.Run();
            }
            _ = Files.TryRemove(path);
        }
    }
}
