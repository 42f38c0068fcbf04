using Skiff.Linux;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>All that removing an idle network takes, as data: constants for a process that can do no more than system calls.</summary>
/// <param name="Paths">Its files: the lock, the leases whose rmdir(2) is the test whether it is idle.</param>
/// <param name="DeleteTables">The tables.</param>
/// <param name="DeleteBridge">The bridge; the kernel waits for an RCU grace period in it.</param>
/// <param name="Restore">Kernel parameters and their old values.</param>
/// <param name="Forgets">The network's own files go too: a user's that was removed.</param>
internal sealed record NetworkTeardown(
    NetworkPaths Paths,
    IReadOnlyList<NftTransaction> DeleteTables,
    NetlinkRequest DeleteBridge,
    IReadOnlyList<KeyValuePair<string, string>> Restore,
    bool Forgets
)
{
    internal static NetworkTeardown Of(NetworkPaths paths, string bridge, bool forgets)
    {
        List<KeyValuePair<string, string>> restore = [];
        foreach (string line in (Files.TryReadText(paths.Restore, out _) ?? "").Split('\n'))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0)
            {
                restore.Add(new(line[..space], line[(space + 1)..]));
            }
        }
        string table = NetworkDefinition.TableOf(bridge);
        // Both, whatever there is now: until this is done the network may have been in use again, and more of it made.
        NftTransaction[] tables =
        [
            new NftBatch(table).DeleteTable().Build(Errno.ENOENT),
            new NftBatch(table, NftFamily.Netdev).DeleteTable().Build(Errno.ENOENT),
        ];
        return new NetworkTeardown(paths, tables, new RouteMessages().DeleteLink(bridge).Build(Errno.ENODEV), restore, forgets);
    }
}
