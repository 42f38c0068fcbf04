using System.Net;

namespace Skiff.Linux.Netlink;

/// <summary>A 48-bit Ethernet address.</summary>
public readonly record struct MacAddress(ulong Value)
{
    /// <summary>A locally administered address made from an IPv4 address, so that one address never has two cards in a neighbour's ARP cache.</summary>
    public static MacAddress From(IPAddress address)
    {
        Span<byte> b = stackalloc byte[4];
        if (!address.TryWriteBytes(b, out int n) || n != 4)
        {
            throw new ArgumentException("an IPv4 address is needed", nameof(address));
        }
        // Bit 1 of the first byte marks it as locally administered (IEEE 802); the second byte is ours.
        return new MacAddress(0x0253_0000_0000UL | System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(b));
    }

    /// <summary>Six hexadecimal bytes with colons, as in <c>--mac-address</c>; must not be a multicast address.</summary>
    public static MacAddress Parse(string text)
    {
        string[] parts = text.Split(':', '-');
        ulong value = 0;
        foreach (string part in parts)
        {
            if (part.Length is 0 or > 2 || !byte.TryParse(part, System.Globalization.NumberStyles.AllowHexSpecifier, null, out byte b))
            {
                throw new SkiffException($"\"{text}\" is not a MAC address: write six hexadecimal bytes, such as 02:53:ac:1c:00:02", 125);
            }
            value = (value << 8) | b;
        }
        if (parts.Length != 6 || (value >> 40 & 1) != 0 || value == 0)
        {
            throw new SkiffException(
                $"\"{text}\" cannot be the MAC address of a container: six bytes are needed, and the first must be even (not multicast)",
                125
            );
        }
        return new MacAddress(value);
    }

    /// <summary>Writes the six bytes in the order of the wire.</summary>
    public void Write(Span<byte> destination)
    {
        for (int i = 0; i < 6; i++)
        {
            destination[i] = (byte)(Value >> (40 - (i * 8)));
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> b = stackalloc byte[6];
        Write(b);
        return $"{b[0]:x2}:{b[1]:x2}:{b[2]:x2}:{b[3]:x2}:{b[4]:x2}:{b[5]:x2}";
    }
}
