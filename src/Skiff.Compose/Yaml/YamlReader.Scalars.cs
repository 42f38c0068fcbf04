using System.Globalization;
using System.Text;

namespace Skiff.Compose.Yaml;

internal sealed partial class YamlReader
{
    /// <summary>Where a plain scalar ends in its line: before a comment, a colon that ends a key, or what ends an entry of a flow collection.</summary>
    private int EndOfPlain(bool flow)
    {
        for (int i = _at; i < _text.Length; i++)
        {
            char c = _text[i];
            bool ends =
                c == '\n'
                || (c == '#' && i > 0 && _text[i - 1] is ' ' or '\t')
                || (flow && c is ',' or '[' or ']' or '{' or '}')
                || (
                    c == ':'
                    && (
                        i + 1 >= _text.Length
                        || _text[i + 1] is ' ' or '\t' or '\n'
                        || (flow && _text[i + 1] is ',' or '[' or ']' or '{' or '}')
                    )
                );
            if (ends)
            {
                return i;
            }
        }
        return _text.Length;
    }

    private void RequirePlainStart()
    {
        char c = Current;
        bool wrong =
            c is ',' or '[' or ']' or '{' or '}' or '#' or '&' or '*' or '!' or '|' or '>' or '\'' or '"' or '%' or '@' or '`' or '\t'
            || IsIndicator('-')
            || IsIndicator('?')
            || IsIndicator(':');
        if (wrong)
        {
            throw Wrong(c == '\t' ? "a tab cannot indent: use spaces" : $"a value cannot begin with {c}: put it in quotes");
        }
    }

    /// <summary>A plain scalar, with its further lines.</summary>
    private Node Plain(int parent, bool flow, Place start)
    {
        RequirePlainStart();
        StringBuilder text = new();
        int breaks = 0;
        while (true)
        {
            int end = EndOfPlain(flow);
            Fold(text, breaks);
            text.Append(_text.AsSpan(_at, end - _at).TrimEnd(" \t"));
            _at = end;
            if (AtEnd || Current != '\n')
            {
                break; // a comment, a comma, or a colon
            }
            int next = _at;
            breaks = Breaks(ref next);
            if (next >= _text.Length || _text[next] == '#' || ColumnOf(next) <= parent || IsMarkerAt(next))
            {
                break;
            }
            if (flow && _text[next] is ',' or '[' or ']' or '{' or '}' or ':')
            {
                break;
            }
            _at = next;
        }
        if (!flow && !AtEnd && Current == ':')
        {
            throw Wrong(
                "a colon with a blank behind it begins the value of a key, but this line is the value of one already: put the value in quotes"
            );
        }
        return YamlScalars.Resolve(text.ToString(), start);
    }

    /// <summary>Skips line ends and what indents the next line; returns how many lines ended.</summary>
    private int Breaks(ref int at)
    {
        int breaks = 0;
        while (at < _text.Length && _text[at] is ' ' or '\t' or '\n')
        {
            breaks += _text[at] == '\n' ? 1 : 0;
            at++;
        }
        return breaks;
    }

    /// <summary>One line end is a blank, several are one less.</summary>
    private static void Fold(StringBuilder text, int breaks)
    {
        if (breaks == 1)
        {
            text.Append(' ');
        }
        else if (breaks > 1)
        {
            text.Append('\n', breaks - 1);
        }
    }

    private Node Quoted(Place start)
    {
        char quote = Current;
        StringBuilder text = new();
        _at++;
        while (true)
        {
            if (AtEnd || IsMarker())
            {
                throw ComposeError.At(start, $"this is not YAML: the quote {quote} is not closed");
            }
            char c = Current;
            if (c == quote)
            {
                _at++;
                if (quote == '"' || Current != '\'')
                {
                    return Node.Of(text.ToString(), start);
                }
                text.Append('\'');
                _at++;
            }
            else if (c == '\\' && quote == '"')
            {
                Escape(text);
            }
            else if (c is ' ' or '\t' or '\n')
            {
                int from = _at;
                int breaks = Breaks(ref _at);
                if (breaks == 0)
                {
                    text.Append(_text, from, _at - from);
                }
                Fold(text, breaks);
            }
            else
            {
                text.Append(c);
                _at++;
            }
        }
    }

    private void Escape(StringBuilder text)
    {
        _at++;
        char c = Current;
        _at++;
        if (c == '\n')
        {
            int breaks = Breaks(ref _at);
            text.Append('\n', breaks);
            return;
        }
        int digits = c switch
        {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if (digits > 0)
        {
            bool good = _at + digits <= _text.Length;
            int code = 0;
            good = good && int.TryParse(_text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code);
            if (!good || !Rune.IsValid(code))
            {
                throw Wrong($"\\{c} is followed by {digits} hexadecimal digits of a character");
            }
            text.Append(new Rune(code).ToString());
            _at += digits;
            return;
        }
        int at = "0abt\tnvfre \"/\\N_LP".IndexOf(c, StringComparison.Ordinal);
        if (at < 0 || c == '\0')
        {
            throw Wrong($"there is no escape \\{Printable(c.ToString())}: a backslash in double quotes is written \\\\");
        }
        text.Append("\0\a\b\t\t\n\v\f\r\e \"/\\\u0085\u00A0\u2028\u2029"[at]);
    }

    /// <summary>A literal (<c>|</c>) or folded (<c>&gt;</c>) scalar.</summary>
    private Node BlockScalar(int parent, Place start)
    {
        bool folded = Current == '>';
        _at++;
        char chomping = '\0';
        int indent = 0;
        for (; !AtEnd && Current is '+' or '-' or (>= '1' and <= '9'); _at++)
        {
            if (char.IsAsciiDigit(Current) && indent == 0)
            {
                indent = Math.Max(parent, 0) + (Current - '0');
            }
            else if (!char.IsAsciiDigit(Current) && chomping == '\0')
            {
                chomping = Current;
            }
            else
            {
                throw Wrong("behind | or > stand one digit and one of + and - at most");
            }
        }
        _ = Ended(Node.Null(start));
        _at = Math.Min(EndOfLine() + 1, _text.Length);
        if (indent == 0)
        {
            indent = DetectIndent(parent);
        }
        StringBuilder text = new();
        string lineBreak = "";
        int empty = EmptyLines(indent);
        bool wasBlank = false;
        while (!AtEnd && IndentAt(_at) >= indent && !(indent == 0 && IsMarkerAt(_at)))
        {
            int from = _at + indent;
            int end = EndOfLine();
            bool isBlank = from < end && _text[from] is ' ' or '\t';
            if (folded && lineBreak.Length > 0 && !wasBlank && !isBlank)
            {
                text.Append(empty == 0 ? " " : "");
            }
            else
            {
                text.Append(lineBreak);
            }
            text.Append('\n', empty);
            wasBlank = isBlank;
            text.Append(_text, from, end - from);
            lineBreak = end < _text.Length ? "\n" : "";
            _at = Math.Min(end + 1, _text.Length);
            empty = EmptyLines(indent);
        }
        if (chomping != '-')
        {
            text.Append(lineBreak);
        }
        if (chomping == '+')
        {
            text.Append('\n', empty);
        }
        // The end of the line before is where others go on.
        _at = _at > 0 && _at <= _text.Length && !AtEnd ? _at - 1 : _at;
        return Node.Of(text.ToString(), start);
    }

    /// <summary>The indentation of the longest line up to the first that is not empty, which ends the text if it is not as long: so other parsers have it.</summary>
    private int DetectIndent(int parent)
    {
        int longest = 0;
        for (int at = _at; at < _text.Length; )
        {
            int indent = IndentAt(at);
            int content = at + indent;
            longest = Math.Max(longest, indent);
            if (content < _text.Length && _text[content] != '\n')
            {
                break;
            }
            int next = _text.IndexOf('\n', at);
            at = next < 0 ? _text.Length : next + 1;
        }
        return Math.Max(longest, parent + 1);
    }

    /// <summary>Skips empty lines, and blanks of at most the indentation in them.</summary>
    private int EmptyLines(int indent)
    {
        int lines = 0;
        while (!AtEnd)
        {
            int blanks = Math.Min(IndentAt(_at), indent);
            if (_at + blanks < _text.Length && _text[_at + blanks] != '\n')
            {
                return lines;
            }
            if (_at + blanks >= _text.Length)
            {
                _at = _text.Length;
                return lines;
            }
            lines++;
            _at += blanks + 1;
        }
        return lines;
    }
}
