using System.Buffers.Binary;
using System.Text;

namespace Skiff.Linux.Netlink;

/// <summary>Builds one or more netlink messages with nested attributes in one buffer, which is what one send(2) takes (netlink(7)).</summary>
/// <remarks>rtnetlink numbers are in the byte order of the host, which is little-endian on both supported architectures; nfnetlink numbers are big-endian.</remarks>
internal sealed class NetlinkWriter
{
    private const ushort NLA_F_NESTED = 0x8000;

    private byte[] _buffer = new byte[512];
    private int _length;
    private int _message;

    /// <summary>Messages begun so far; each has its 1-based position as sequence number, so that an error names the message.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes written so far.</summary>
    public int Length => _length;

    /// <summary>Starts a message: <c>struct nlmsghdr</c>, followed by <paramref name="header"/>, the fixed part of the family.</summary>
    public void Begin(ushort type, ushort flags, ReadOnlySpan<byte> header)
    {
        _message = _length;
        Count++;
        Span<byte> h = Reserve(16);
        BinaryPrimitives.WriteUInt16LittleEndian(h[4..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(h[6..], flags);
        BinaryPrimitives.WriteUInt32LittleEndian(h[8..], (uint)Count);
        Raw(header);
    }

    /// <summary>Finishes the message that <see cref="Begin"/> started: its length is now known.</summary>
    public void End() => BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(_message), (uint)(_length - _message));

    /// <summary>Adds flags to the message that was written last; NLM_F_ACK on the last one of a batch gives exactly one reply when all went well.</summary>
    public void AddFlags(ushort flags)
    {
        Span<byte> f = _buffer.AsSpan(_message + 6);
        BinaryPrimitives.WriteUInt16LittleEndian(f, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(f) | flags));
    }

    /// <summary>Bytes without an attribute header, padded to four.</summary>
    public void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>An attribute with these bytes.</summary>
    public void Bytes(ushort type, ReadOnlySpan<byte> value)
    {
        Span<byte> a = Reserve(4 + value.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(a, (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(a[2..], type);
        value.CopyTo(a[4..]);
    }

    /// <summary>An attribute with no value (a flag).</summary>
    public void Flag(ushort type) => Bytes(type, default);

    /// <summary>One byte.</summary>
    public void Byte(ushort type, byte value) => Bytes(type, [value]);

    /// <summary>A 32-bit number in host order (rtnetlink).</summary>
    public void Number(ushort type, uint value)
    {
        Span<byte> b = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(b, value);
        Bytes(type, b);
    }

    /// <summary>A 32-bit number in network order (nfnetlink).</summary>
    public void NetworkNumber(ushort type, uint value)
    {
        Span<byte> b = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(b, value);
        Bytes(type, b);
    }

    /// <summary>A string with its terminating zero, as both families expect names.</summary>
    public void Text(ushort type, string value)
    {
        Span<byte> b = stackalloc byte[256];
        int n = Encoding.UTF8.GetBytes(value, b[..255]);
        b[n] = 0;
        Bytes(type, b[..(n + 1)]);
    }

    /// <summary>Opens a nested attribute; pass the result to <see cref="Close"/>. rtnetlink's older nests are sent without NLA_F_NESTED, as ip(8) does.</summary>
    public int Open(ushort type, bool flagged = true)
    {
        int at = _length;
        Span<byte> a = Reserve(4);
        BinaryPrimitives.WriteUInt16LittleEndian(a[2..], flagged ? (ushort)(type | NLA_F_NESTED) : type);
        return at;
    }

    /// <summary>Closes a nested attribute.</summary>
    public void Close(int at)
    {
        int length = _length - at;
        if (length > ushort.MaxValue)
        {
            throw new InvalidOperationException("a netlink attribute holds at most 65535 bytes: split the list over several messages");
        }
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(at), (ushort)length);
    }

    /// <summary>The finished bytes.</summary>
    public byte[] ToArray() => _buffer.AsSpan(0, _length).ToArray();

    private Span<byte> Reserve(int size)
    {
        int padded = (size + 3) & ~3;
        if (_length + padded > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + padded));
        }
        Span<byte> result = _buffer.AsSpan(_length, size);
        _length += padded;
        return result;
    }
}
