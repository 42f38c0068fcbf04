using Skiff.Engine.Containers;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>Leases that were given back while the table still has their ports. Whoever removes a file of it, under the lock of the networks, has removed the elements before: the cleaner, or the next command that leases, whichever comes first.</summary>
/// <remarks>A file is locked as long as somebody is at it, so that a free one is known to be left from a crash.</remarks>
internal sealed class ReleasedLeases(NetworkPaths paths)
{
    /// <summary>Records that the elements of a lease have to go.</summary>
    /// <param name="lease">The lease of this network.</param>
    /// <param name="published">Those of its ports that may be in the table.</param>
    /// <returns>The file.</returns>
    internal string Put(LeaseFile lease, IReadOnlyList<PublishedPort> published)
    {
        // The interface's name is random, so no two releases of one address share a file.
        string path = $"{paths.Released}/{paths.Key} {lease.HostInterface}";
        if (published.Count == lease.Ports.Count)
        {
            NetworkPaths.Rename($"{paths.Leases}/{lease.IPv4}", path);
        }
        else
        {
            paths.Replace(path, (lease with { Ports = published }).Write());
        }
        return path;
    }

    /// <summary>Removes what waits. Nothing waits as a rule: one open of a directory.</summary>
    /// <param name="open">The socket to use; when it is called for.</param>
    /// <param name="abandonedOnly">True to leave alone what a cleaner is at.</param>
    internal void Finish(Func<NetlinkSocket> open, bool abandonedOnly)
    {
        foreach (string name in Tree.Names(paths.Released))
        {
            string path = $"{paths.Released}/{name}";
            int space = name.IndexOf(' ', StringComparison.Ordinal);
            using FileLock? free = abandonedOnly ? FileLock.TryAcquireExisting(path) : null;
            if (abandonedOnly && free is null)
            {
                continue;
            }
            NetworkPaths network = paths with { Key = name[..Math.Max(space, 0)] };
            if (LeaseFile.TryRead(path) is { } lease && NetworkDefinition.TryRead(network.Definition) is { } definition)
            {
                lease.RemoveElements(definition.Table, open())?.Run();
                new PortClaims(network).Remove(lease);
                foreach (ConntrackFlush flow in abandonedOnly ? BridgeLease.Flows(lease) : [])
                {
                    (flow with { Socket = open() }).Run();
                }
            }
            _ = Files.TryRemove(path);
        }
    }
}
