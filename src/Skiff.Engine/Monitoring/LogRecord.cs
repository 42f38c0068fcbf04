using System.Text;

namespace Skiff.Engine.Monitoring;

/// <summary>One record of a log as <see cref="LogLine"/> writes it, where it lies in the reader's buffer: nothing is copied before it is shown.</summary>
public readonly ref struct LogRecord
{
    private static ReadOnlySpan<byte> Head => "{\"log\":\""u8;

    private static ReadOnlySpan<byte> ToOutput => "\",\"stream\":\"stdout\""u8;

    private static ReadOnlySpan<byte> ToError => "\",\"stream\":\"stderr\""u8;

    private static ReadOnlySpan<byte> LineToOutput => "\\n\",\"stream\":\"stdout\",\"time\":\""u8;

    private static ReadOnlySpan<byte> LineToError => "\\n\",\"stream\":\"stderr\",\"time\":\""u8;

    private static ReadOnlySpan<byte> TimeHead => ",\"time\":\""u8;

    private static ReadOnlySpan<byte> AttributesHead => ",\"attrs\":"u8;

    /// <summary>The text with JSON's escapes.</summary>
    public ReadOnlySpan<byte> Escaped { get; private init; }

    /// <summary>The length of a text that has no other escape than that of its line end; 0 when that is not known.</summary>
    private int PlainLength { get; init; }

    /// <summary>True for standard error.</summary>
    public bool IsError { get; private init; }

    /// <summary>When the engine read it: 30 bytes, which compare as times do.</summary>
    public ReadOnlySpan<byte> Stamp { get; private init; }

    /// <summary>The JSON object of labels and variables; empty for none.</summary>
    public ReadOnlySpan<byte> Attributes { get; private init; }

    /// <summary>False for a part of a line that goes on in the next record.</summary>
    public bool EndsLine
    {
        get
        {
            if (!Escaped.EndsWith("\\n"u8))
            {
                return false;
            }
            // An even number of backslashes before the n is text.
            int backslashes = Escaped.Length - 1 - Escaped[..^1].LastIndexOfAnyExcept((byte)'\\') - 1;
            return (backslashes & 1) == 1;
        }
    }

    /// <summary>Reads a record of the usual kind at the beginning: a whole line without escapes or attributes. Its text is looked at once, all else lies at known distances.</summary>
    /// <param name="bytes">From the beginning of a record to the end of what was read.</param>
    /// <param name="record">The record.</param>
    /// <param name="length">Its length with the line end.</param>
    internal static bool TryParseUsual(ReadOnlySpan<byte> bytes, out LogRecord record, out int length)
    {
        record = default;
        length = 0;
        if (!bytes.StartsWith(Head))
        {
            return false;
        }
        ReadOnlySpan<byte> text = bytes[Head.Length..];
        int plain = text.IndexOfAny((byte)'\\', (byte)'"');
        int stamp = plain + LineToOutput.Length;
        int end = stamp + LogLine.StampLength;
        if (plain < 0 || end + 3 > text.Length || !text[end..].StartsWith("\"}\n"u8))
        {
            return false;
        }
        bool isError = !text[plain..].StartsWith(LineToOutput);
        if (isError && !text[plain..].StartsWith(LineToError))
        {
            return false;
        }
        record = new LogRecord
        {
            Escaped = text[..(plain + 2)],
            PlainLength = plain,
            IsError = isError,
            Stamp = text.Slice(stamp, LogLine.StampLength),
        };
        length = Head.Length + end + 3;
        return true;
    }

    /// <summary>Reads one record without its line end; false for what is none (a power cut may tear one).</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out LogRecord record)
    {
        record = default;
        int stamp = line.Length - LogLine.StampLength - 2;
        int end = stamp - TimeHead.Length;
        if (end < Head.Length + ToOutput.Length || !line.StartsWith(Head) || !line.EndsWith("\"}"u8) || !line[end..].StartsWith(TimeHead))
        {
            return false;
        }
        ReadOnlySpan<byte> middle = line[Head.Length..end];
        ReadOnlySpan<byte> attributes = default;
        if (middle[^1] == '}')
        {
            int at = EndOfText(middle) + ToOutput.Length;
            if (at >= middle.Length || !middle[at..].StartsWith(AttributesHead))
            {
                return false;
            }
            attributes = middle[(at + AttributesHead.Length)..];
            middle = middle[..at];
        }
        bool isError = middle.EndsWith(ToError);
        if (!isError && !middle.EndsWith(ToOutput))
        {
            return false;
        }
        record = new LogRecord
        {
            Escaped = middle[..^ToOutput.Length],
            IsError = isError,
            Stamp = line.Slice(stamp, LogLine.StampLength),
            Attributes = attributes,
        };
        return true;
    }

    /// <summary>Copies the text without escapes; returns its length, at most that of <see cref="Escaped"/>.</summary>
    public int CopyText(Span<byte> target)
    {
        ReadOnlySpan<byte> rest = Escaped;
        int length = PlainLength;
        if (length > 0)
        {
            rest[..length].CopyTo(target);
            target[length] = (byte)'\n';
            return length + 1;
        }
        while (true)
        {
            int plain = rest.IndexOf((byte)'\\');
            plain = plain < 0 ? rest.Length : plain;
            rest[..plain].CopyTo(target[length..]);
            length += plain;
            if (rest.Length < plain + 2)
            {
                return length;
            }
            rest = rest[(plain + 1)..];
            length += Unescape(ref rest, target[length..]);
        }
    }

    private static int EndOfText(ReadOnlySpan<byte> text)
    {
        int at = 0;
        while (at < text.Length)
        {
            int next = text[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (next < 0)
            {
                return text.Length;
            }
            at += next;
            if (text[at] == '"')
            {
                return at;
            }
            at += 2;
        }
        return text.Length;
    }

    private static int Unescape(ref ReadOnlySpan<byte> rest, Span<byte> target)
    {
        byte kind = rest[0];
        if (
            kind == 'u'
            && rest.Length >= 5
            && System.Buffers.Text.Utf8Parser.TryParse(rest[1..5], out ushort unit, out int used, 'x')
            && used == 4
        )
        {
            rest = rest[5..];
            return (Rune.TryCreate(unit, out Rune rune) ? rune : Rune.ReplacementChar).EncodeToUtf8(target);
        }
        rest = rest[1..];
        target[0] = kind switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            _ => kind,
        };
        return 1;
    }
}
