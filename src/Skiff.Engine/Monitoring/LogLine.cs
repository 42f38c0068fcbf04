using System.Buffers;
using System.Globalization;
using System.Text;

namespace Skiff.Engine.Monitoring;

/// <summary>One record of a container's log in the format of docker's json-file driver: <c>{"log":"text\n","stream":"stdout","time":"…"}</c>, how it is written.</summary>
public static class LogLine
{
    /// <summary>Bytes of a time as <see cref="WriteStamp"/> writes it.</summary>
    public const int StampLength = 30;

    private static readonly SearchValues<byte> s_plain = SearchValues.Create(Plain());

    /// <summary>Appends the record with its line end. What is not UTF-8 becomes U+FFFD, as docker writes it.</summary>
    /// <param name="buffer">The end of the log.</param>
    /// <param name="text">What was written.</param>
    /// <param name="isError">True for standard error.</param>
    /// <param name="stamp">The time, of <see cref="WriteStamp"/>.</param>
    /// <param name="attributes">A further member with its comma in front; may be empty.</param>
    public static void Write(
        ArrayBufferWriter<byte> buffer,
        ReadOnlySpan<byte> text,
        bool isError,
        ReadOnlySpan<byte> stamp,
        ReadOnlySpan<byte> attributes
    )
    {
        buffer.Write("{\"log\":\""u8);
        Escape(buffer, text);
        buffer.Write(isError ? "\",\"stream\":\"stderr\""u8 : "\",\"stream\":\"stdout\""u8);
        buffer.Write(attributes);
        buffer.Write(",\"time\":\""u8);
        buffer.Write(stamp);
        buffer.Write("\"}\n"u8);
    }

    /// <summary>RFC 3339 with nanoseconds, always 30 bytes, so that times compare as bytes.</summary>
    public static void WriteStamp(DateTimeOffset time, Span<byte> stamp) =>
        _ = time.UtcDateTime.TryFormat(stamp, out _, "yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture);

    private static byte[] Plain()
    {
        List<byte> plain = [];
        for (byte b = 0x20; b < 0x7F; b++)
        {
            if (b is not ((byte)'"' or (byte)'\\' or (byte)'<' or (byte)'>' or (byte)'&'))
            {
                plain.Add(b);
            }
        }
        return [.. plain];
    }

    private static void Escape(ArrayBufferWriter<byte> buffer, ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            int plain = text.IndexOfAnyExcept(s_plain);
            plain = plain < 0 ? text.Length : plain;
            buffer.Write(text[..plain]);
            text = text[plain..];
            if (text.IsEmpty)
            {
                return;
            }
            byte b = text[0];
            if (b < 0x80)
            {
                One(buffer, b);
                text = text[1..];
                continue;
            }
            OperationStatus status = Rune.DecodeFromUtf8(text, out Rune rune, out int used);
            if (status != OperationStatus.Done)
            {
                buffer.Write("\\ufffd"u8);
            }
            else if (rune.Value is 0x2028 or 0x2029)
            {
                buffer.Write(rune.Value == 0x2028 ? "\\u2028"u8 : "\\u2029"u8);
            }
            else
            {
                buffer.Write(text[..used]);
            }
            text = text[used..];
        }
    }

    private static void One(ArrayBufferWriter<byte> buffer, byte b)
    {
        const string Digits = "0123456789abcdef";
        switch (b)
        {
            case (byte)'"':
                buffer.Write("\\\""u8);
                break;
            case (byte)'\\':
                buffer.Write("\\\\"u8);
                break;
            case (byte)'\n':
                buffer.Write("\\n"u8);
                break;
            case (byte)'\r':
                buffer.Write("\\r"u8);
                break;
            case (byte)'\t':
                buffer.Write("\\t"u8);
                break;
            case 0x7F:
                buffer.Write([b]);
                break;
            default:
                buffer.Write([(byte)'\\', (byte)'u', (byte)'0', (byte)'0', (byte)Digits[b >> 4], (byte)Digits[b & 15]]);
                break;
        }
    }
}
