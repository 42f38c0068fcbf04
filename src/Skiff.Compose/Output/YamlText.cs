using System.Globalization;
using System.Text;
using Skiff.Compose.Yaml;

namespace Skiff.Compose.Output;

/// <summary>A text as a YAML scalar, in the style that Go's yaml package chooses: plain where it can be, else quoted, several lines as a literal block.</summary>
internal static class YamlText
{
    private static readonly string[] s_oldBools =
    [
        .. new[] { "y", "yes", "on", "n", "no", "off" }.SelectMany(static w =>
            (string[])[w, char.ToUpperInvariant(w[0]) + w[1..], w.ToUpperInvariant()]
        ),
    ];

    /// <summary>Writes the scalar; <paramref name="indent"/> is that of its lines when it is a block.</summary>
    public static void Write(StringBuilder output, string text, int indent)
    {
        if (text.Contains('\n', StringComparison.Ordinal) && IsBlock(text))
        {
            Block(output, text, indent);
        }
        else if (text.Contains('\n', StringComparison.Ordinal) || IsSpecial(text) || MeansOther(text))
        {
            DoubleQuoted(output, text);
        }
        else if (IsPlain(text))
        {
            output.Append(text);
        }
        else
        {
            output.Append('\'').Append(text.Replace("'", "''", StringComparison.Ordinal)).Append('\'');
        }
    }

    /// <summary>Whether the word would be read as something else than text, by YAML 1.1 or 1.2.</summary>
    private static bool MeansOther(string text) => YamlScalars.IsOther(text) || s_oldBools.Contains(text) || IsBase60(text) || IsDate(text);

    private static bool IsBase60(string text)
    {
        string bare = text.TrimStart('-', '+');
        string[] parts = bare.Split(':');
        return parts.Length > 1
            && bare.Length > 0
            && char.IsAsciiDigit(bare[0])
            && parts.All(static p => p.Length > 0 && p.All(static c => char.IsAsciiDigit(c) || c is '.' or '_'))
            && parts
                .Skip(1)
                .All(static p =>
                    p.Split('.')[0].Length is 1 or 2 && p[0] is >= '0' and <= '9' && (p.Split('.')[0].Length == 1 || p[0] <= '5')
                );
    }

    private static bool IsDate(string text) =>
        text.Length is >= 8 and <= 40
        && text[4] == '-'
        && char.IsAsciiDigit(text[0])
        && (
            DateTimeOffset.TryParseExact(text, ["yyyy-M-d"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _)
            || (
                text.Contains(':', StringComparison.Ordinal)
                && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _)
            )
        );

    private static bool IsSpecial(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!IsPrintable(text, i))
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsPrintable(string text, int i)
    {
        char c = text[i];
        return c is '\n' or (>= ' ' and <= '~') or '\u0085'
            || c is >= '\u00A0' and <= '\uD7FF'
            || (c is >= '\uE000' and <= '\uFFFD' and not '\uFEFF')
            || (
                char.IsSurrogate(c)
                && (
                    char.IsHighSurrogate(c)
                        ? i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])
                        : i > 0 && char.IsHighSurrogate(text[i - 1])
                )
            );
    }

    private static bool IsPlain(string text)
    {
        if (
            text.Length == 0
            || text[0] == ' '
            || text[^1] == ' '
            || text.StartsWith("---", StringComparison.Ordinal)
            || text.StartsWith("...", StringComparison.Ordinal)
        )
        {
            return false;
        }
        bool followed = text.Length == 1 || text[1] == ' ';
        if ("#,[]{}&*!|>'\"%@`".Contains(text[0], StringComparison.Ordinal) || (text[0] is '?' or ':' or '-' && followed))
        {
            return false;
        }
        for (int i = 0; i < text.Length; i++)
        {
            if ((text[i] == ':' && (i + 1 == text.Length || text[i + 1] == ' ')) || (text[i] == '#' && i > 0 && text[i - 1] == ' '))
            {
                return false;
            }
        }
        return true;
    }

    private static bool IsBlock(string text) => text[^1] != ' ' && !text.Contains(" \n", StringComparison.Ordinal) && !IsSpecial(text);

    private static void Block(StringBuilder output, string text, int indent)
    {
        output.Append('|');
        if (text[0] is ' ' or '\n')
        {
            output.Append('2');
        }
        bool ends = text[^1] == '\n';
        if (!ends)
        {
            output.Append('-');
        }
        else if (text.Length == 1 || text[^2] == '\n')
        {
            output.Append('+');
        }
        string[] lines = (ends ? text[..^1] : text).Split('\n');
        foreach (string line in lines)
        {
            output.Append('\n');
            if (line.Length > 0)
            {
                output.Append(' ', indent).Append(line);
            }
        }
    }

    private static void DoubleQuoted(StringBuilder output, string text)
    {
        output.Append('"');
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            _ = c switch
            {
                '"' => output.Append("\\\""),
                '\\' => output.Append("\\\\"),
                '\n' => output.Append("\\n"),
                '\t' => output.Append("\\t"),
                '\r' => output.Append("\\r"),
                '\0' => output.Append("\\0"),
                '\a' => output.Append("\\a"),
                '\b' => output.Append("\\b"),
                '\v' => output.Append("\\v"),
                '\f' => output.Append("\\f"),
                '\e' => output.Append("\\e"),
                _ when IsPrintable(text, i) => output.Append(c),
                _ when c < 0x100 => output.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:X2}"),
                _ => output.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
            };
        }
        output.Append('"');
    }
}
