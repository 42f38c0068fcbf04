using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Skiff.Linux;

namespace Skiff.Engine.Network;

/// <summary>A network address with its prefix length, of either family.</summary>
/// <param name="Address">The network's address; host bits are zero.</param>
/// <param name="PrefixLength">Such as 16.</param>
public sealed record Subnet(IPAddress Address, int PrefixLength)
{
    /// <summary>Parses <c>10.89.0.0/16</c> or <c>fd12:…::/64</c>; throws <see cref="SkiffException"/>.</summary>
    public static Subnet Parse(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (
            slash > 0
            && IPAddress.TryParse(text.AsSpan(0, slash), out IPAddress? address)
            && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int bits)
            && bits <= (address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
        )
        {
            return new Subnet(address, bits);
        }
        throw new SkiffException($"\"{text}\" is not a subnet: write an address and a prefix length, such as 10.89.0.0/16", 125);
    }

    /// <summary>The address <paramref name="number"/> places after the network's address; it stays within the last 32 bits.</summary>
    public IPAddress At(uint number)
    {
        Span<byte> bytes = stackalloc byte[16];
        Address.TryWriteBytes(bytes, out int n);
        Span<byte> low = bytes.Slice(n - 4, 4);
        BinaryPrimitives.WriteUInt32BigEndian(low, BinaryPrimitives.ReadUInt32BigEndian(low) + number);
        return new IPAddress(bytes[..n]);
    }

    /// <summary>The inverse of <see cref="At"/> for an address of this network.</summary>
    public uint NumberOf(IPAddress address) => Low(address) - Low(Address);

    /// <summary>Number of the last address; for IPv4 it is the broadcast address.</summary>
    public uint Last
    {
        get
        {
            int hostBits = (Address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128) - PrefixLength;
            return hostBits >= 32 ? uint.MaxValue : (uint)((1UL << hostBits) - 1);
        }
    }

    /// <summary>True when the address lies in this network.</summary>
    public bool Contains(IPAddress address) => address.AddressFamily == Address.AddressFamily && SameBits(address, Address, PrefixLength);

    /// <summary>True when one of the two networks contains the other.</summary>
    public bool Overlaps(IPAddress other, int otherPrefix) =>
        other.AddressFamily == Address.AddressFamily && SameBits(other, Address, Math.Min(PrefixLength, otherPrefix));

    /// <summary>True when one of the two networks contains the other.</summary>
    public bool Overlaps(Subnet other) => Overlaps(other.Address, other.PrefixLength);

    /// <summary>The address with all bits beyond the prefix zero.</summary>
    public IPAddress Network
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            Address.TryWriteBytes(bytes, out int n);
            for (int bit = PrefixLength; bit < n * 8; bit++)
            {
                bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
            }
            return new IPAddress(bytes[..n]);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{PrefixLength}";

    private static uint Low(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int n);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes.Slice(n - 4, 4));
    }

    private static bool SameBits(IPAddress a, IPAddress b, int bits)
    {
        Span<byte> x = stackalloc byte[16],
            y = stackalloc byte[16];
        a.TryWriteBytes(x, out _);
        b.TryWriteBytes(y, out _);
        int whole = bits / 8;
        return x[..whole].SequenceEqual(y[..whole]) && (bits % 8 == 0 || ((x[whole] ^ y[whole]) >> (8 - (bits % 8))) == 0);
    }
}
