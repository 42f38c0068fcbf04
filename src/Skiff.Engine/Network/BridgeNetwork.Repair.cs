using System.Text;
using Skiff.Linux;
using Skiff.Linux.FileTree;
using Skiff.Linux.Netlink;

namespace Skiff.Engine.Network;

/// <content>After a cleaner that was killed.</content>
public sealed partial class BridgeNetwork
{
    /// <summary>Called by every command for containers: what a killed cleaner has left undone is begun again. With no network up it costs three looks for files.</summary>
    /// <param name="runroot"><c>--runroot</c>.</param>
    /// <param name="bridgeName">The bridge of a network whose definition is gone.</param>
    /// <param name="store">The users' networks.</param>
    public static void Repair(string runroot, string bridgeName, NetworkStore store)
    {
        NetworkPaths all = new(runroot, NetworkDefinition.Default);
        IReadOnlyList<string> up = Tree.Names(all.Active);
        foreach (string name in up)
        {
            NetworkPaths paths = all with { Key = name };
            NetworkDefinition? network = NetworkDefinition.TryRead(paths.Definition);
            new BridgeNetwork(paths, network?.Bridge ?? bridgeName, network is { IsUsers: true } ? network : null, store).RepairIdle();
        }
        if (up.Count == 0 && Files.Exists(all.Restore))
        {
            all.Make(); // the networks that have been up may all have been others
            new BridgeNetwork(all, bridgeName, null, store).RepairIdle();
        }
        if (Tree.Names(all.Released).Count > 0)
        {
            NetlinkSocket? firewall = null;
            using (FileLock.Acquire(all.Lock))
            {
                new ReleasedLeases(all).Finish(() => firewall ??= OpenFirewall(), abandonedOnly: true);
            }
            firewall?.Dispose();
        }
    }

    /// <summary>Starts a cleaner when nothing is leased and none waits. One that is in the middle of its work holds the lock; the second then finds nothing to do.</summary>
    private void RepairIdle()
    {
        bool? leased = _leases.Any();
        if (leased == true)
        {
            return;
        }
        LinkInfo? link = RouteDump.FindLink(_bridge);
        // Not from another network namespace, where the bridge is not to be seen, and not the bridge of another run directory.
        bool ours = link is null ? leased is null || IsMarkedHere() : link.Alias == Alias;
        if (ours)
        {
            NetworkCleaner.Start(Teardown(), null, s_linger, orphan: false);
        }
    }

    /// <summary>The mark of a network that is up tells where, before there is a bridge: a command that is killed in between leaves something that can be told from a bridge elsewhere.</summary>
    private void MarkUp()
    {
        MakeDirectory(_paths.Active);
        // Made in place, not replaced: whoever lists the directory sees no other name.
        using SafeFd mark = Files.Open($"{_paths.Active}/{_paths.Key}", OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC, 0x180);
        Files.WriteAll(mark, Encoding.UTF8.GetBytes(Here()), "network mark");
    }

    /// <summary>An empty mark is one that was killed before the bridge.</summary>
    private bool IsMarkedHere() =>
        Files.TryReadText($"{_paths.Active}/{_paths.Key}", out _) is { } mark && (mark.Length == 0 || mark == Here());

    /// <summary>This process's network namespace, such as <c>net:[4026531840]</c>, namespaces(7).</summary>
    private static string Here() => Files.TryReadLink("/proc/self/ns/net", out _) ?? "";

    /// <summary>What the bridge is marked with.</summary>
    private string Alias => $"skiff network {_paths.Key} of {_paths.Runroot}";
}
