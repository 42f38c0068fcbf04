using System.Globalization;
using System.Net;
using System.Text;
using Skiff.Linux;

namespace Skiff.Engine.Network;

/// <summary>Finds an address for a container: the one it asks for, or the next free one.</summary>
/// <param name="network">The network.</param>
/// <param name="paths">Its files.</param>
/// <param name="leases">Its leases.</param>
/// <param name="evict">Gives back a lease if its container is gone; true when it did.</param>
internal sealed class AddressChoice(NetworkDefinition network, NetworkPaths paths, LeaseStore leases, Func<LeaseFile, bool> evict)
{
    private readonly uint _gateway = network.IPv4.NumberOf(network.Gateway);

    /// <summary>The IPv4 address of <c>--ip</c>; null when none is asked for.</summary>
    internal IPAddress? Asked(LeaseOptions options)
    {
        if (options.IPv4 is null)
        {
            return null;
        }
        if (!IPAddress.TryParse(options.IPv4, out IPAddress? address) || !network.IPv4.Contains(address))
        {
            throw new SkiffException($"--ip {options.IPv4}: not an address of network {network.Name}, which is {network.IPv4}", 125);
        }
        return IsTaken(network.IPv4.NumberOf(address))
            ? throw new SkiffException(
                $"--ip {options.IPv4}: reserved in network {network.Name} for the network itself, its gateway or broadcasts",
                125
            )
            : address;
    }

    /// <summary>The IPv6 address of <c>--ip6</c>; null when none is asked for.</summary>
    internal IPAddress? Asked6(LeaseOptions options)
    {
        if (options.IPv6 is null)
        {
            return null;
        }
        if (
            network.IPv6 is null
            || !IPAddress.TryParse(options.IPv6, out IPAddress? address)
            || !network.IPv6.Contains(address)
            || address.Equals(network.Gateway6)
            || address.Equals(network.IPv6.Address)
        )
        {
            throw new SkiffException(
                $"--ip6 {options.IPv6}: not a free address of network {network.Name}, which {(network.IPv6 is null ? "has no IPv6" : $"is {network.IPv6}")}",
                125
            );
        }
        foreach (LeaseFile lease in leases.All())
        {
            if (address.Equals(lease.IPv6) && !evict(lease))
            {
                throw InUse(address, lease);
            }
        }
        return address;
    }

    /// <summary>Leases an address.</summary>
    /// <param name="asked">The one that is wanted; null for any.</param>
    /// <param name="file">The lease's file.</param>
    /// <param name="make">The lease for an address.</param>
    /// <param name="asked6">True when its IPv6 address was asked for.</param>
    internal LeaseFile Take(IPAddress? asked, FileLock file, Func<IPAddress, LeaseFile> make, bool asked6) =>
        asked is null ? TakeNext(file, make, asked6) : TakeAsked(asked, file, make, asked6);

    private LeaseFile TakeNext(FileLock file, Func<IPAddress, LeaseFile> make, bool asked6)
    {
        // After the last one given, so that an address rests before it names another container in somebody's connection table or ARP cache.
        Subnet range = network.Range ?? network.IPv4;
        uint first = network.IPv4.NumberOf(range.Address),
            last = first + range.Last;
        uint start =
            Files.TryReadText(paths.LastAddress, out _) is string text && uint.TryParse(text, out uint n) && n >= first && n < last
                ? n + 1
                : first;
        for (int pass = 0; pass < 2; pass++)
        {
            uint number = start;
            do
            {
                if (!IsTaken(number) && make(network.IPv4.At(number)) is var lease && leases.TryTake(file, lease, asked6))
                {
                    Remember(number);
                    return lease;
                }
                number = number >= last ? first : number + 1;
            } while (number != start);
            foreach (LeaseFile held in leases.All())
            {
                _ = evict(held);
            }
        }
        throw new SkiffException($"network {network.Name} has no free address left: {range} is fully leased", 125);
    }

    /// <summary>True for numbers that no container may have: those of the network, its broadcasts, its gateway, and <c>--aux-address</c>.</summary>
    private bool IsTaken(uint number) =>
        number == 0
        || number >= network.IPv4.Last
        || number == _gateway
        || (network.Reserved.Count > 0 && network.Reserves(network.IPv4.At(number)));

    private LeaseFile TakeAsked(IPAddress address, FileLock file, Func<IPAddress, LeaseFile> make, bool asked6)
    {
        LeaseFile wanted = make(address);
        if (leases.TryTake(file, wanted, asked6))
        {
            return wanted;
        }
        if (leases.Read(address) is { } holder && !evict(holder))
        {
            throw InUse(address, holder);
        }
        return leases.TryTake(file, wanted, asked6) ? wanted : throw new LinuxException("link", $"{paths.Leases}/{address}", Errno.EEXIST);
    }

    /// <summary>Written in place: a torn number is no worse than none.</summary>
    private void Remember(uint number)
    {
        using SafeFd? fd = Files.TryOpen(paths.LastAddress, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_CLOEXEC, out _, 0x180);
        if (fd is not null)
        {
            _ = Files.TryWriteAll(fd.Value, Encoding.ASCII.GetBytes(number.ToString("D10", CultureInfo.InvariantCulture)));
        }
    }

    private SkiffException InUse(IPAddress address, LeaseFile holder) =>
        new(
            $"address {address} of network {network.Name} is in use by container {holder.ContainerId[..Math.Min(12, holder.ContainerId.Length)]}",
            125
        );
}
