using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Skiff.Engine.Names;

/// <summary>Writes answers (RFC 1035, 4.1). An answer that does not fit is cut at a record and marked, so that the asker comes again over TCP.</summary>
internal static class DnsAnswer
{
    internal const int NoError = 0;
    internal const int FormatError = 1;
    internal const int ServerFailure = 2;
    internal const int NoSuchName = 3;
    internal const int NotImplemented = 4;

    /// <summary>How long an answer may be kept, in seconds: containers come and go.</summary>
    private const uint TimeToLive = 1;

    private const ushort Truncated = 0x200;
    private const int OptionsSize = 11;

    /// <summary>Addresses of a name.</summary>
    /// <param name="to">Where to, at least 512 bytes; its length is the limit.</param>
    /// <param name="message">The question's message.</param>
    /// <param name="question">The question.</param>
    /// <param name="addresses">Those of the type that is asked for are answered; none is an answer too.</param>
    /// <returns>The length.</returns>
    internal static int Addresses(Span<byte> to, ReadOnlySpan<byte> message, in DnsQuestion question, IReadOnlyList<IPAddress> addresses)
    {
        Span<byte> data = stackalloc byte[16];
        int at = Begin(to, message, question, NoError);
        int limit = to.Length - (question.HasOptions ? OptionsSize : 0);
        ushort count = 0;
        foreach (IPAddress address in addresses)
        {
            _ = address.TryWriteBytes(data, out int size);
            ushort type = size == 4 ? DnsQuestion.TypeA : DnsQuestion.TypeAaaa;
            if (question.Type != type && question.Type != DnsQuestion.TypeAny)
            {
                continue;
            }
            if (at + 12 + size > limit)
            {
                Mark(to, Truncated);
                break;
            }
            at = Record(to, at, type, data[..size]);
            count++;
        }
        return End(to, at, question, count);
    }

    /// <summary>The name of an address.</summary>
    internal static int Pointer(Span<byte> to, ReadOnlySpan<byte> message, in DnsQuestion question, string name)
    {
        Span<byte> data = stackalloc byte[256];
        int length = 0;
        foreach (string label in name.Split('.'))
        {
            if (label.Length is 0 or > 63 || length + label.Length + 2 > 255)
            {
                return Refusal(to, message, question, NoSuchName);
            }
            data[length++] = (byte)label.Length;
            length += Encoding.ASCII.GetBytes(label, data[length..]);
        }
        data[length++] = 0;
        int at = Begin(to, message, question, NoError);
        at = Record(to, at, DnsQuestion.TypePtr, data[..length]);
        return End(to, at, question, 1);
    }

    /// <summary>A code, and no record.</summary>
    internal static int Refusal(Span<byte> to, ReadOnlySpan<byte> message, in DnsQuestion question, int code) =>
        End(to, Begin(to, message, question, code), question, 0);

    /// <summary>Header and question.</summary>
    private static int Begin(Span<byte> to, ReadOnlySpan<byte> message, in DnsQuestion question, int code)
    {
        const ushort RecursionDesired = 0x100,
            RecursionAvailable = 0x80,
            Opcode = 0x7800;
        to[..DnsQuestion.HeaderSize].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(to, question.Id);
        ushort kept = (ushort)(question.Flags & (RecursionDesired | Opcode));
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)(DnsQuestion.Response | RecursionAvailable | kept | code));
        int length = question.End - DnsQuestion.HeaderSize;
        BinaryPrimitives.WriteUInt16BigEndian(to[4..], length > 0 ? (ushort)1 : (ushort)0);
        message.Slice(DnsQuestion.HeaderSize, length).CopyTo(to[DnsQuestion.HeaderSize..]);
        return question.End;
    }

    private static int Record(Span<byte> to, int at, ushort type, ReadOnlySpan<byte> data)
    {
        // The name is that of the question: a pointer to it, RFC 1035, 4.1.4.
        BinaryPrimitives.WriteUInt16BigEndian(to[at..], 0xC000 | DnsQuestion.HeaderSize);
        BinaryPrimitives.WriteUInt16BigEndian(to[(at + 2)..], type);
        BinaryPrimitives.WriteUInt16BigEndian(to[(at + 4)..], DnsQuestion.ClassInternet);
        BinaryPrimitives.WriteUInt32BigEndian(to[(at + 6)..], TimeToLive);
        BinaryPrimitives.WriteUInt16BigEndian(to[(at + 10)..], (ushort)data.Length);
        data.CopyTo(to[(at + 12)..]);
        return at + 12 + data.Length;
    }

    private static int End(Span<byte> to, int at, in DnsQuestion question, ushort count)
    {
        BinaryPrimitives.WriteUInt16BigEndian(to[6..], count);
        if (question.HasOptions)
        {
            ReadOnlySpan<byte> options = [0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0];
            options.CopyTo(to[at..]);
            BinaryPrimitives.WriteUInt16BigEndian(to[10..], 1);
            at += OptionsSize;
        }
        return at;
    }

    private static void Mark(Span<byte> to, ushort flag) =>
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(to[2..]) | flag));
}
