using Skiff.Linux;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>All that removing an idle network takes, as data: constants for a process that can do no more than system calls.</summary>
/// <param name="Paths">Its files: the lock, the leases whose rmdir(2) is the test whether it is idle.</param>
/// <param name="DeleteTable">The table.</param>
/// <param name="DeleteBridge">The bridge; the kernel waits for an RCU grace period in it.</param>
/// <param name="Restore">Kernel parameters and their old values.</param>
public sealed record NetworkTeardown(
    NetworkPaths Paths,
    NftTransaction DeleteTable,
    NetlinkRequest DeleteBridge,
    IReadOnlyList<KeyValuePair<string, string>> Restore
)
{
    internal static NetworkTeardown Of(NetworkPaths paths, string bridge)
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
        return new NetworkTeardown(
            paths,
            new NftBatch(NetworkDefinition.TableOf(bridge)).DeleteTable().Build(Errno.ENOENT),
            new RouteMessages().DeleteLink(bridge).Build(Errno.ENODEV),
            restore
        );
    }
}
