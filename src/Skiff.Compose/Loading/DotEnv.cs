using System.Text;
using Skiff.Linux;

namespace Skiff.Compose.Loading;

/// <summary>Files of variables, <c>.env</c> and <c>env_file</c>: <c>NAME=value</c> a line, quotes, comments, values of several lines in quotes, variables in values.</summary>
internal sealed class DotEnv
{
    private readonly string _text;
    private readonly string _file;
    private readonly Func<string, string?> _outer;
    private readonly Dictionary<string, string?> _values = [];
    private readonly List<string> _order = [];
    private int _at;
    private int _line = 1;

    private DotEnv(string text, string file, Func<string, string?> outer)
    {
        _text = text.Replace("\r\n", "\n", StringComparison.Ordinal).TrimStart('\uFEFF');
        _file = file;
        _outer = outer;
    }

    /// <summary>Reads a file's text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <param name="outer">Variables from elsewhere: they count in values before those of the file, and a name without value has theirs.</param>
    /// <returns>In the order of the file; null for a name without value that has none elsewhere.</returns>
    public static List<KeyValuePair<string, string?>> Parse(string text, string file, Func<string, string?> outer)
    {
        DotEnv reader = new(text, file, outer);
        reader.Run();
        return [.. reader._order.Select(name => new KeyValuePair<string, string?>(name, reader._values[name]))];
    }

    /// <summary>Reads a file without quotes and variables: <c>format: raw</c> of an <c>env_file</c>.</summary>
    public static List<KeyValuePair<string, string?>> ParseRaw(string text, Func<string, string?> outer)
    {
        List<KeyValuePair<string, string?>> result = [];
        foreach (string raw in text.Split('\n'))
        {
            string line = raw.TrimEnd('\r').TrimStart();
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (line.Length > 0 && line[0] != '#')
            {
                result.Add(equals < 0 ? new(line, outer(line)) : new(line[..equals], line[(equals + 1)..]));
            }
        }
        return result;
    }

    private void Run()
    {
        while (true)
        {
            SkipBlank();
            if (_at >= _text.Length)
            {
                return;
            }
            string name = Name();
            if (_at >= _text.Length || _text[_at] is not ('=' or ':'))
            {
                Put(name, _outer(name));
                continue;
            }
            _at++;
            while (_at < _text.Length && _text[_at] is ' ' or '\t')
            {
                _at++;
            }
            Put(name, Value(name));
        }
    }

    private void Put(string name, string? value)
    {
        if (!_values.ContainsKey(name))
        {
            _order.Add(name);
        }
        _values[name] = value;
    }

    private string Name()
    {
        if (_text.AsSpan(_at).StartsWith("export ", StringComparison.Ordinal))
        {
            _at += 7;
            while (_at < _text.Length && _text[_at] is ' ' or '\t')
            {
                _at++;
            }
        }
        int start = _at;
        while (_at < _text.Length && _text[_at] is not ('=' or ':' or '\n'))
        {
            _at++;
        }
        string name = _text[start.._at].TrimEnd();
        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-' or '[' or ']'))
            {
                throw Wrong($"unexpected character \"{c}\" in the name of a variable, near \"{name}\"");
            }
        }
        return name.Length > 0 ? name : throw Wrong("a variable has no name");
    }

    private string Value(string name)
    {
        if (_at < _text.Length && _text[_at] is '\'' or '"')
        {
            return Quoted(name);
        }
        int end = _text.IndexOf('\n', _at);
        end = end < 0 ? _text.Length : end;
        string value = _text[_at..end];
        _at = end;
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] == '#' && (i == 0 || char.IsWhiteSpace(value[i - 1])))
            {
                value = value[..i];
                break;
            }
        }
        return Expand(value.Trim());
    }

    private string Quoted(string name)
    {
        char quote = _text[_at++];
        int start = _at;
        int line = _line;
        while (_at < _text.Length && _text[_at] != quote)
        {
            _line += _text[_at] == '\n' ? 1 : 0;
            _at += _text[_at] == '\\' && _at + 1 < _text.Length ? 2 : 1;
        }
        if (_at >= _text.Length)
        {
            _line = line;
            throw Wrong($"the quote of the variable {name} is not closed");
        }
        string inside = _text[start.._at];
        int end = _text.IndexOf('\n', _at);
        _at = end < 0 ? _text.Length : end; // what follows the quote is taken for a comment
        return quote == '\'' ? inside.Replace("\\'", "'", StringComparison.Ordinal) : Expand(Unescape(inside));
    }

    /// <summary>Escapes of double quotes; an escaped dollar stays one.</summary>
    private static string Unescape(string text)
    {
        StringBuilder result = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }
            char c = text[++i];
            _ = c switch
            {
                'n' => result.Append('\n'),
                'r' => result.Append('\r'),
                't' => result.Append('\t'),
                '$' => result.Append("$$"),
                '"' or '\\' or '\'' => result.Append(c),
                _ => result.Append('\\').Append(c),
            };
        }
        return result.ToString();
    }

    private string Expand(string value)
    {
        try
        {
            return new Interpolation(name => _outer(name) ?? _values.GetValueOrDefault(name)).Expand(value);
        }
        catch (FormatException e)
        {
            throw Wrong(e.Message);
        }
    }

    private void SkipBlank()
    {
        while (_at < _text.Length)
        {
            if (_text[_at] == '#')
            {
                int end = _text.IndexOf('\n', _at);
                _at = end < 0 ? _text.Length : end;
            }
            else if (char.IsWhiteSpace(_text[_at]))
            {
                _line += _text[_at] == '\n' ? 1 : 0;
                _at++;
            }
            else
            {
                return;
            }
        }
    }

    private SkiffException Wrong(string what) => new($"{_file}:{_line}: {what}");
}
