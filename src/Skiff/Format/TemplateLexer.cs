using System.Globalization;
using System.Text;

namespace Skiff.Format;

internal enum TokenKind
{
    Text,
    Open,
    Close,
    Word,
    Field,
    Dot,
    Variable,
    Literal,
    LeftParenthesis,
    RightParenthesis,
    Pipe,
    Declare,
    Assign,
    Comma,
    End,
}

/// <summary>One token. <see cref="Text"/> is the name without its dot or dollar sign, <see cref="Glued"/> that no space stands before it.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, Value? Value, bool Glued, int Position);

/// <summary>Cuts a template into text and the tokens of its actions (Go's text/template grammar).</summary>
internal static class TemplateLexer
{
    public static List<Token> Tokens(string template)
    {
        var tokens = new List<Token>();
        int at = 0;
        bool trimNext = false;
        while (at < template.Length)
        {
            int open = template.IndexOf("{{", at, StringComparison.Ordinal);
            string text = open < 0 ? template[at..] : template[at..open];
            if (trimNext)
            {
                text = text.TrimStart(' ', '\t', '\r', '\n');
            }
            if (open < 0)
            {
                tokens.Add(new Token(TokenKind.Text, text, null, false, at));
                break;
            }
            int inside = open + 2;
            // "{{- " trims what is before; without the space it would be a negative number.
            if (inside + 1 < template.Length && template[inside] == '-' && IsSpace(template[inside + 1]))
            {
                text = text.TrimEnd(' ', '\t', '\r', '\n');
                inside += 2;
            }
            if (text.Length > 0)
            {
                tokens.Add(new Token(TokenKind.Text, text, null, false, at));
            }
            at = template[SkipSpace(template, inside)..].StartsWith("/*", StringComparison.Ordinal)
                ? SkipComment(template, SkipSpace(template, inside), out trimNext)
                : Action(template, inside, tokens, out trimNext);
        }
        tokens.Add(new Token(TokenKind.End, "", null, false, template.Length));
        return tokens;
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n';

    private static bool IsName(char c) => c == '_' || char.IsLetterOrDigit(c);

    private static int SkipSpace(string s, int at)
    {
        while (at < s.Length && IsSpace(s[at]))
        {
            at++;
        }
        return at;
    }

    private static int SkipComment(string s, int at, out bool trimNext)
    {
        int end = s.IndexOf("*/", at + 2, StringComparison.Ordinal);
        if (end < 0)
        {
            throw TemplateError.At(at, "unclosed comment");
        }
        at = end + 2;
        trimNext = at + 1 < s.Length && IsSpace(s[at]) && s[at + 1] == '-';
        at += trimNext ? 2 : 0;
        return s.AsSpan(at).StartsWith("}}") ? at + 2 : throw TemplateError.At(at, "a comment ends before the closing braces");
    }

    private static int Action(string s, int at, List<Token> tokens, out bool trimNext)
    {
        tokens.Add(new Token(TokenKind.Open, "", null, false, at));
        bool glued = false;
        while (true)
        {
            int start = SkipSpace(s, at);
            glued = glued && start == at;
            at = start;
            if (at >= s.Length)
            {
                throw TemplateError.At(at, "unclosed action: }} is missing");
            }
            bool trim = start > 0 && IsSpace(s[start - 1]) && s.AsSpan(at).StartsWith("-}}");
            if (trim || s.AsSpan(at).StartsWith("}}"))
            {
                tokens.Add(new Token(TokenKind.Close, "", null, false, at));
                trimNext = trim;
                return at + (trim ? 3 : 2);
            }
            tokens.Add(One(s, ref at, glued));
            glued = true;
        }
    }

    private static Token One(string s, ref int at, bool glued)
    {
        int start = at;
        char c = s[at];
        char next = at + 1 < s.Length ? s[at + 1] : '\0';
        switch (c)
        {
            case '(':
                at++;
                return new Token(TokenKind.LeftParenthesis, "(", null, glued, start);
            case ')':
                at++;
                return new Token(TokenKind.RightParenthesis, ")", null, glued, start);
            case '|':
                at++;
                return new Token(TokenKind.Pipe, "|", null, glued, start);
            case ',':
                at++;
                return new Token(TokenKind.Comma, ",", null, glued, start);
            case '=':
                at++;
                return new Token(TokenKind.Assign, "=", null, glued, start);
            case ':' when next == '=':
                at += 2;
                return new Token(TokenKind.Declare, ":=", null, glued, start);
            case '"':
                return new Token(TokenKind.Literal, "string", Value.Of(Quoted(s, ref at, '"')), glued, start);
            case '\'':
                return new Token(TokenKind.Literal, "character", Value.Of(Character(s, ref at)), glued, start);
            case '`':
                int end = s.IndexOf('`', at + 1);
                at = end < 0 ? throw TemplateError.At(start, "unclosed raw string") : end + 1;
                return new Token(TokenKind.Literal, "string", Value.Of(s[(start + 1)..end]), glued, start);
            case '.' when char.IsAsciiDigit(next):
            case '+' or '-' when char.IsAsciiDigit(next) || next == '.':
            case >= '0' and <= '9':
                return new Token(TokenKind.Literal, "number", Number(s, ref at), glued, start);
            case '.':
                at++;
                string field = Name(s, ref at);
                return new Token(field.Length == 0 ? TokenKind.Dot : TokenKind.Field, field, null, glued, start);
            case '$':
                at++;
                return new Token(TokenKind.Variable, Name(s, ref at), null, glued, start);
            default:
                string word = Name(s, ref at);
                return word.Length > 0
                    ? new Token(TokenKind.Word, word, null, glued, start)
                    : throw TemplateError.At(start, $"unexpected character '{c}'");
        }
    }

    private static string Name(string s, ref int at)
    {
        int start = at;
        while (at < s.Length && IsName(s[at]))
        {
            at++;
        }
        return s[start..at];
    }

    private static long Character(string s, ref int at)
    {
        int start = at;
        string text = Quoted(s, ref at, '\'');
        return text.Length > 0 && Rune.GetRuneAt(text, 0) is var rune && rune.Utf16SequenceLength == text.Length
            ? rune.Value
            : throw TemplateError.At(start, "a character constant holds exactly one character");
    }

    private static string Quoted(string s, ref int at, char quote)
    {
        int start = at++;
        var text = new StringBuilder();
        while (true)
        {
            if (at >= s.Length || s[at] == '\n')
            {
                throw TemplateError.At(start, $"unclosed {(quote == '"' ? "string" : "character")}");
            }
            char c = s[at++];
            if (c == quote)
            {
                return text.ToString();
            }
            if (c != '\\' || at >= s.Length)
            {
                text.Append(c);
                continue;
            }
            char escape = s[at++];
            switch (escape)
            {
                case 'x':
                    text.Append((char)Digits(s, ref at, 2));
                    break;
                case 'u':
                    text.Append((char)Digits(s, ref at, 4));
                    break;
                case 'U':
                    text.Append(Rune.TryCreate(Digits(s, ref at, 8), out Rune rune) ? rune.ToString() : "\ufffd");
                    break;
                default:
                    int known = "abfnrtv\\\"'".IndexOf(escape, StringComparison.Ordinal);
                    text.Append(known < 0 ? throw TemplateError.At(at - 2, $"unknown escape \\{escape}") : "\a\b\f\n\r\t\v\\\"'"[known]);
                    break;
            }
        }
    }

    private static int Digits(string s, ref int at, int count)
    {
        if (
            at + count > s.Length
            || !int.TryParse(s.AsSpan(at, count), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
        )
        {
            throw TemplateError.At(at, $"{count} hexadecimal digits expected");
        }
        at += count;
        return code;
    }

    private static Value Number(string s, ref int at)
    {
        int start = at;
        at++;
        while (at < s.Length && (IsName(s[at]) || s[at] == '.' || (s[at] is '+' or '-' && s[at - 1] is 'e' or 'E')))
        {
            at++;
        }
        string text = s[start..at].Replace("_", "", StringComparison.Ordinal);
        bool negative = text[0] == '-';
        string digits = text.TrimStart('+', '-');
        long whole;
        bool isWhole = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? long.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out whole)
            : long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out whole);
        if (isWhole)
        {
            return Value.Of(negative ? -whole : whole);
        }
        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double real)
            ? Value.Of(negative ? -real : real)
            : throw TemplateError.At(start, $"bad number {text}");
    }
}
