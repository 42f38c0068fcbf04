using Skiff.Linux;

namespace Skiff.Compose.Yaml;

internal sealed partial class YamlReader
{
    /// <summary>Skips blanks, comments and line ends; true when a line ended.</summary>
    private bool SkipBlank()
    {
        bool crossed = false;
        while (!AtEnd)
        {
            char c = Current;
            if (c == '\n')
            {
                crossed = true;
                _at++;
            }
            else if (c == ' ' || (c == '\t' && !IsIndentation()))
            {
                _at++;
            }
            else if (c == '\t')
            {
                int end = EndOfLine();
                string rest = _text[_at..end].TrimStart(' ', '\t');
                if (rest.Length > 0 && rest[0] != '#')
                {
                    throw Wrong("a tab cannot indent: use spaces");
                }
                _at = end;
            }
            else if (c == '#' && (_at == 0 || _text[_at - 1] is ' ' or '\t' or '\n'))
            {
                _at = EndOfLine();
            }
            else
            {
                break;
            }
        }
        return crossed;
    }

    private bool IsIndentation()
    {
        int start = LineStart(_at);
        return _text.AsSpan(start, _at - start).TrimStart(' ').IsEmpty;
    }

    private void SkipSpaces()
    {
        while (Current is ' ' or '\t')
        {
            _at++;
        }
    }

    /// <summary><c>-</c>, <c>?</c> or <c>:</c> with a blank or the end of the line behind it.</summary>
    private bool IsIndicator(char sign) => Current == sign && (_at + 1 >= _text.Length || _text[_at + 1] is ' ' or '\t' or '\n');

    private bool IsMarker() => IsMarkerAt(_at);

    /// <summary><c>---</c> or <c>...</c> at the beginning of a line.</summary>
    private bool IsMarkerAt(int at) =>
        at + 3 <= _text.Length
        && (at == 0 || _text[at - 1] == '\n')
        && _text.AsSpan(at, 3) is "---" or "..."
        && (at + 3 == _text.Length || _text[at + 3] is ' ' or '\t' or '\n');

    private bool TakeMarker(string marker)
    {
        SkipBlank();
        if (!IsMarker() || !_text.AsSpan(_at).StartsWith(marker, StringComparison.Ordinal))
        {
            return false;
        }
        _at += 3;
        return true;
    }

    private int EndOfLine()
    {
        int end = _text.IndexOf('\n', _at);
        return end < 0 ? _text.Length : end;
    }

    private int IndentAt(int at)
    {
        int end = at;
        while (end < _text.Length && _text[end] == ' ')
        {
            end++;
        }
        return end - at;
    }

    private int Column() => ColumnOf(_at);

    private int ColumnOf(int at) => at - LineStart(at);

    private int LineStart(int at) => _lines[LineNumber(at) - 1];

    private int LineNumber(int at)
    {
        int found = _lines.BinarySearch(at);
        return found >= 0 ? found + 1 : ~found;
    }

    private Place Here() => new(_file, LineNumber(Math.Min(_at, _text.Length)));

    private SkiffException Wrong(string message) => ComposeError.At(Here(), $"this is not YAML: {message}");

    private static string Printable(string text) => text.Length > 40 ? text[..40] + "…" : text;
}
