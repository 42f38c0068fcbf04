using Skiff.Linux.Netlink;
using Skiff.Linux.Nftables;

namespace Skiff.Engine.Network;

/// <summary>Published ports that have to leave the table, as data for a process that can do no more than system calls.</summary>
/// <param name="Marker">The file in <see cref="NetworkPaths.Released"/>: once it is gone, somebody else did it.</param>
/// <param name="Elements">Deletes them.</param>
/// <param name="Flows">Makes the kernel forget the connections to the container.</param>
/// <param name="Firewall">A netfilter socket to use and to close last; null to open one.</param>
internal sealed record PortRemoval(string Marker, NftTransaction Elements, IReadOnlyList<ConntrackFlush> Flows, NetlinkSocket? Firewall);
