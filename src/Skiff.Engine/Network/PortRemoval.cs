using Skiff.Linux;
using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>Published ports that have to leave the table, as data for a process that can do no more than system calls.</summary>
/// <param name="Paths">Files of the network.</param>
/// <param name="Marker">The file in <see cref="NetworkPaths.Released"/>: once it is gone, somebody else did it.</param>
/// <param name="Elements">Deletes them.</param>
/// <param name="Flows">Makes the kernel forget the connections to the container.</param>
internal sealed record PortRemoval(NetworkPaths Paths, string Marker, NftTransaction Elements, IReadOnlyList<ConntrackFlush> Flows)
{
    /// <summary>A netfilter socket to use and to close last; null to open one.</summary>
    internal NetlinkSocket? Firewall { get; init; }

    /// <summary>The lock of the marker, which shows that somebody is at it; null when nobody holds it.</summary>
    internal FileLock? Held { get; init; }
}
