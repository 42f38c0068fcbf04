using System.Buffers.Binary;
using System.Text;

namespace Skiff.Engine.Names;

/// <summary>A question as it came from a container (RFC 1035, 4.1), read without trust: any bytes give a question, or the code of a refusal.</summary>
/// <param name="Id">The asker's number.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="Name">The name, lower case, labels joined by dots, without the last dot; empty for the root, and null where a label has bytes that no name of ours has.</param>
/// <param name="Type">Type of record.</param>
/// <param name="Class">Its class.</param>
/// <param name="End">Where the question ends in the message.</param>
/// <param name="UdpSize">How large an answer may be over UDP (RFC 6891).</param>
/// <param name="HasOptions">It has an OPT record, and so must the answer.</param>
internal readonly record struct DnsQuestion(
    ushort Id,
    ushort Flags,
    string? Name,
    ushort Type,
    ushort Class,
    int End,
    int UdpSize,
    bool HasOptions
)
{
    /// <summary>Bytes of a message's header.</summary>
    internal const int HeaderSize = 12;

    internal const ushort TypeA = 1;
    internal const ushort TypePtr = 12;
    internal const ushort TypeAaaa = 28;
    internal const ushort TypeAny = 255;
    internal const ushort ClassInternet = 1;
    internal const ushort Response = 0x8000;
    private const ushort TypeOpt = 41;
    private const int SmallestUdp = 512;
    private const int LargestUdp = 4096;
    private const int LongestName = 255;

    /// <summary>Reads a message.</summary>
    /// <param name="message">The bytes.</param>
    /// <param name="question">What it asks; of a refused one only id and flags count.</param>
    /// <returns>0, a refusal (FORMERR, NOTIMP), or null for what must not be answered at all: no question, or shorter than a header.</returns>
    internal static int? TryRead(ReadOnlySpan<byte> message, out DnsQuestion question)
    {
        question = default;
        if (message.Length < HeaderSize)
        {
            return null;
        }
        ushort flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        question = new DnsQuestion(BinaryPrimitives.ReadUInt16BigEndian(message), flags, null, 0, 0, HeaderSize, SmallestUdp, false);
        if ((flags & Response) != 0)
        {
            return null; // two servers must not answer one another for ever
        }
        const int Opcode = 0x7800;
        if ((flags & Opcode) != 0)
        {
            return DnsAnswer.NotImplemented;
        }
        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1)
        {
            return DnsAnswer.FormatError;
        }
        int at = HeaderSize;
        if (!TryReadName(message, ref at, out string? name) || at + 4 > message.Length)
        {
            return DnsAnswer.FormatError;
        }
        question = question with
        {
            Name = name,
            Type = BinaryPrimitives.ReadUInt16BigEndian(message[at..]),
            Class = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]),
            End = at + 4,
        };
        int? size = OptionSize(message, at + 4);
        question = question with { UdpSize = Math.Clamp(size ?? 0, SmallestUdp, LargestUdp), HasOptions = size is not null };
        return 0;
    }

    /// <summary>The one name of a question is whole: a pointer there leads to nothing.</summary>
    private static bool TryReadName(ReadOnlySpan<byte> message, ref int at, out string? name)
    {
        name = null;
        StringBuilder text = new();
        bool ours = true;
        int begin = at;
        while (at < message.Length)
        {
            int length = message[at++];
            if (length == 0)
            {
                name = ours ? text.ToString() : null;
                return true;
            }
            if (length > 63 || at + length > message.Length || at + length - begin >= LongestName)
            {
                return false;
            }
            text.Append(text.Length == 0 ? "" : ".");
            foreach (byte b in message.Slice(at, length))
            {
                char c = char.ToLowerInvariant((char)b);
                ours &= char.IsAsciiLetterOrDigit(c) || c is '-' or '_';
                text.Append(c);
            }
            at += length;
        }
        return false;
    }

    /// <summary>The size in the OPT record among what follows the question; null without one.</summary>
    private static int? OptionSize(ReadOnlySpan<byte> message, int at)
    {
        int records =
            BinaryPrimitives.ReadUInt16BigEndian(message[6..])
            + BinaryPrimitives.ReadUInt16BigEndian(message[8..])
            + BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        for (int i = 0; i < records && i < 16; i++)
        {
            while (at < message.Length && message[at] is > 0 and < 64)
            {
                at += message[at] + 1;
            }
            at += at < message.Length && message[at] >= 0xC0 ? 2 : 1;
            if (at + 10 > message.Length)
            {
                return null;
            }
            if (BinaryPrimitives.ReadUInt16BigEndian(message[at..]) == TypeOpt)
            {
                return BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
            }
            at += 10 + BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
        }
        return null;
    }
}
