using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Skiff.Engine.Monitoring;

/// <summary>One record of a container's log in the format of docker's json-file driver: <c>{"log":"text\n","stream":"stdout","time":"…"}</c>.</summary>
/// <param name="Text">What was written, with its line end; without one it is a part of a longer line.</param>
/// <param name="IsError">True for standard error.</param>
/// <param name="Time">When the engine read it, UTC.</param>
public readonly record struct LogLine(byte[] Text, bool IsError, DateTimeOffset Time)
{
    /// <summary>Appends the record with its line end. What is not UTF-8 becomes U+FFFD, as docker writes it.</summary>
    public static void Write(ArrayBufferWriter<byte> buffer, ReadOnlySpan<byte> text, bool isError, DateTimeOffset time)
    {
        buffer.Write("{\"log\":\""u8);
        Escape(buffer, text);
        buffer.Write(isError ? "\",\"stream\":\"stderr\",\"time\":\""u8 : "\",\"stream\":\"stdout\",\"time\":\""u8);
        Span<byte> stamp = stackalloc byte[40];
        Encoding.ASCII.TryGetBytes(Stamp(time), stamp, out int length);
        buffer.Write(stamp[..length]);
        buffer.Write("\"}\n"u8);
    }

    /// <summary>RFC 3339 with nanoseconds, as docker shows it; the last two digits are zero, because .NET counts in 100 ns.</summary>
    public static string Stamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads one record; false for a line that is none (a power cut may tear one).</summary>
    public static bool TryParse(ReadOnlySpan<byte> json, out LogLine line)
    {
        line = default;
        byte[]? text = null;
        bool isError = false;
        DateTimeOffset time = default;
        try
        {
            Utf8JsonReader reader = new(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool log = reader.ValueTextEquals("log"u8);
                bool stream = reader.ValueTextEquals("stream"u8);
                bool stamp = reader.ValueTextEquals("time"u8);
                reader.Read();
                if (log)
                {
                    byte[] bytes = new byte[reader.ValueSpan.Length];
                    text = bytes[..reader.CopyString(bytes)];
                }
                else if (stream)
                {
                    isError = reader.ValueTextEquals("stderr"u8);
                }
                else if (stamp)
                {
                    time = ParseStamp(reader.ValueSpan);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
        line = new LogLine(text ?? [], isError, time);
        return text is not null;
    }

    private static DateTimeOffset ParseStamp(ReadOnlySpan<byte> ascii)
    {
        // Nine digits are more than DateTimeOffset takes; the last two are cut.
        string text = Encoding.ASCII.GetString(ascii).TrimEnd('Z');
        int dot = text.IndexOf('.');
        text = dot >= 0 && text.Length > dot + 8 ? text[..(dot + 8)] : text;
        return DateTimeOffset.Parse(
            text + "Z",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal
        );
    }

    private static void Escape(ArrayBufferWriter<byte> buffer, ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            int plain = 0;
            while (
                plain < text.Length
                && text[plain] is >= 0x20 and < 0x7F and not ((byte)'"' or (byte)'\\' or (byte)'<' or (byte)'>' or (byte)'&')
            )
            {
                plain++;
            }
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
