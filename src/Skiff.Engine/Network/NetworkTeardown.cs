using System.Text;
using Skiff.Linux;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>All that removing an idle network takes, as data: constants for a process that can do no more than system calls.</summary>
/// <param name="Paths">Its files: the lock, the leases whose rmdir(2) is the test whether it is idle.</param>
/// <param name="DeleteTables">The tables.</param>
/// <param name="DeleteBridge">The bridge; the kernel waits for an RCU grace period in it.</param>
/// <param name="Restore">Kernel parameters and their old values.</param>
/// <param name="Read">The file that they were read from, open; null when there was none. Until they are written back another network may have come up, and replaced it.</param>
/// <param name="Forgets">The network's own files go too: a user's that was removed.</param>
/// <param name="Root"><c>--root</c>, for a command that does it again.</param>
internal sealed record NetworkTeardown(
    NetworkPaths Paths,
    IReadOnlyList<NftTransaction> DeleteTables,
    NetlinkRequest DeleteBridge,
    IReadOnlyList<KeyValuePair<string, string>> Restore,
    SafeFd? Read,
    bool Forgets,
    string Root
)
{
    internal static NetworkTeardown Of(NetworkPaths paths, string bridge, bool forgets, string root)
    {
        List<KeyValuePair<string, string>> restore = [];
        SafeFd? read = Files.TryOpen(paths.Restore, OpenFlags.O_RDONLY, out _);
        foreach (string line in (read is null ? "" : TextOf(read)).Split('\n'))
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
        NetlinkRequest link = new RouteMessages().DeleteLink(bridge).Build(Errno.ENODEV);
        return new NetworkTeardown(paths, tables, link, restore, read, forgets, root);
    }

    private static string TextOf(SafeFd file)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        while (Files.TryRead(file, buffer.AsSpan(length), out _) is var n and > 0)
        {
            length += n;
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, length * 2);
            }
        }
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>A path of an open file, proc_pid_fd(5): the file itself, whatever its name leads to by now.</summary>
    internal static string Opened(SafeFd file) => $"/proc/self/fd/{file.Value}";
}
