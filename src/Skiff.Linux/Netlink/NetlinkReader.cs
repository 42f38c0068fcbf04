using System.Buffers.Binary;

namespace Skiff.Linux.Netlink;

/// <summary>Walks the attributes of a netlink message without copying; lengths come from the kernel but are checked all the same.</summary>
internal ref struct NetlinkReader(ReadOnlySpan<byte> attributes)
{
    private const ushort NLA_TYPE_MASK = 0x3FFF;

    private ReadOnlySpan<byte> _rest = attributes;

    /// <summary>Type of the current attribute, without the nested and byte-order flags.</summary>
    public ushort Type { get; private set; }

    /// <summary>Value of the current attribute.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The current value as a host-order number.</summary>
    public readonly uint Number => Value.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(Value) : 0;

    /// <summary>The current value as a network-order number.</summary>
    public readonly uint NetworkNumber => Value.Length >= 4 ? BinaryPrimitives.ReadUInt32BigEndian(Value) : 0;

    /// <summary>The current value as text up to its zero.</summary>
    public readonly string Text => CString.Decode(Value);

    /// <summary>Moves to the next attribute; false at the end or at something malformed.</summary>
    public bool Next()
    {
        if (_rest.Length < 4)
        {
            return false;
        }
        int length = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        if (length < 4 || length > _rest.Length)
        {
            return false;
        }
        Type = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]) & NLA_TYPE_MASK);
        Value = _rest[4..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }
}
