using System.Text;
using Skiff.Linux;

namespace Skiff.Build.Parsing;

/// <summary>Variables, quotes and escapes in the words of a Dockerfile: <c>$x ${x} ${x:-y} ${x-y} ${x:+y} ${x+y} ${x:?m} ${x?m} ${x#p} ${x##p} ${x%p} ${x%%p} ${x/p/r} ${x//p/r}</c>.</summary>
/// <param name="lookup">The value of a variable; null where it is not set.</param>
/// <param name="escape">The escape character.</param>
public sealed class Expansion(Func<string, string?> lookup, char escape)
{
    private const int MaxDepth = 100;
    private const int MaxLength = 1 << 20;

    private string _text = "";
    private int _at;
    private int _depth;
    private bool _keepsQuotes;

    /// <summary>Takes quotes and escapes away and expands nothing.</summary>
    internal static string Unquote(string word, char escape)
    {
        StringBuilder result = new();
        char quote = '\0';
        for (int i = 0; i < word.Length; i++)
        {
            char c = word[i];
            if (c == escape && quote != '\'' && i + 1 < word.Length)
            {
                result.Append(word[++i]);
            }
            else if (quote == '\0' ? c is '"' or '\'' : c == quote)
            {
                quote = quote == '\0' ? c : '\0';
            }
            else
            {
                result.Append(c);
            }
        }
        return result.ToString();
    }

    /// <summary>Expands a word; spaces stay, quotes go.</summary>
    /// <exception cref="SkiffException">It is malformed, or a variable that must be set is not.</exception>
    public string Word(string word)
    {
        if (word.AsSpan().IndexOfAny("$'\"") < 0 && !word.Contains(escape))
        {
            return word;
        }
        Begin(word, keepsQuotes: false);
        return Until('\0');
    }

    /// <summary>Expands the text of a heredoc: variables only, quotes are like other characters.</summary>
    public string Text(string text)
    {
        Begin(text, keepsQuotes: true);
        return Until('\0');
    }

    /// <summary>Expands, and cuts at spaces that were not quoted: one word may become several, or none.</summary>
    public IReadOnlyList<string> Words(string word)
    {
        List<string> words = [];
        foreach (string part in WordList.Split(word, escape))
        {
            string expanded = Word(part);
            if (part.IndexOfAny(['"', '\'', escape]) >= 0)
            {
                words.Add(expanded);
            }
            else
            {
                words.AddRange(WordList.Plain(expanded));
            }
        }
        return words;
    }

    private void Begin(string text, bool keepsQuotes)
    {
        _text = text;
        _at = 0;
        _depth = 0;
        _keepsQuotes = keepsQuotes;
    }

    /// <summary>Up to a closing character outside of quotes, which is taken; <c>'\0'</c> for the end.</summary>
    private string Until(char end)
    {
        if (++_depth > MaxDepth)
        {
            throw new SkiffException("variables are nested too deeply");
        }
        StringBuilder result = new();
        while (_at < _text.Length)
        {
            char c = _text[_at];
            if (c == end)
            {
                _at++;
                _depth--;
                return result.ToString();
            }
            if (c == '$')
            {
                result.Append(Dollar());
            }
            else if (c == escape)
            {
                Escaped(result);
            }
            else if (c is '"' or '\'' && !_keepsQuotes)
            {
                Quoted(result);
            }
            else
            {
                result.Append(c);
                _at++;
            }
            if (result.Length > MaxLength)
            {
                throw new SkiffException($"a value with its variables is longer than {MaxLength} characters");
            }
        }
        _depth--;
        return end == '\0' ? result.ToString() : throw new SkiffException($"\"{_text}\": a closing {end} is missing");
    }

    private void Escaped(StringBuilder result)
    {
        _at++;
        if (_at == _text.Length)
        {
            if (_keepsQuotes)
            {
                result.Append(escape);
            }
            return;
        }
        if (_keepsQuotes && _text[_at] != '$' && _text[_at] != escape)
        {
            result.Append(escape);
        }
        result.Append(_text[_at++]);
    }

    private void Quoted(StringBuilder result)
    {
        char quote = _text[_at++];
        while (true)
        {
            if (_at >= _text.Length)
            {
                throw new SkiffException($"\"{_text}\": a {(quote == '"' ? "double" : "single")} quote is not closed");
            }
            char c = _text[_at];
            if (c == quote)
            {
                _at++;
                return;
            }
            if (quote == '"' && c == '$')
            {
                result.Append(Dollar());
                continue;
            }
            _at++;
            if (quote == '"' && c == escape && _at < _text.Length)
            {
                // in double quotes only these lose their meaning; before others the character itself stays
                if (_text[_at] != '"' && _text[_at] != '$' && _text[_at] != escape)
                {
                    result.Append(c);
                }
                c = _text[_at++];
            }
            result.Append(c);
        }
    }

    private string Dollar()
    {
        _at++;
        if (_at < _text.Length && _text[_at] == '{')
        {
            _at++;
            return Braces();
        }
        string name = Name();
        return name.Length == 0 ? "$" : lookup(name) ?? "";
    }

    private string Name()
    {
        int start = _at;
        if (_at < _text.Length && (char.IsAsciiLetter(_text[_at]) || _text[_at] == '_'))
        {
            while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
            {
                _at++;
            }
        }
        else if (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
        {
            while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
            {
                _at++;
            }
        }
        else if (_at < _text.Length && _text[_at] is '@' or '*' or '#' or '?' or '-' or '$' or '!')
        {
            _at++; // special parameters of a shell, never set here
        }
        return _text[start.._at];
    }

    private string Braces()
    {
        string name = Name();
        if (name.Length == 0 || _at >= _text.Length)
        {
            throw Bad();
        }
        string? value = lookup(name);
        char operation = _text[_at++];
        switch (operation)
        {
            case '}':
                return value ?? "";
            case ':':
                if (_at >= _text.Length)
                {
                    throw Bad();
                }
                operation = _text[_at++];
                return Default(operation, name, value, isSet: !string.IsNullOrEmpty(value));
            case '-' or '+' or '?':
                return Default(operation, name, value, isSet: value is not null);
            case '#' or '%':
                bool greedy = _at < _text.Length && _text[_at] == operation;
                _at += greedy ? 1 : 0;
                string pattern = Pattern('}');
                return operation == '#'
                    ? ShellPattern.TrimStart(value ?? "", pattern, greedy)
                    : ShellPattern.TrimEnd(value ?? "", pattern, greedy);
            case '/':
                bool all = _at < _text.Length && _text[_at] == '/';
                _at += all ? 1 : 0;
                string searched = Pattern('/');
                return ShellPattern.Replace(value ?? "", searched, Until('}'), all);
            default:
                throw Bad();
        }
    }

    private string Default(char operation, string name, string? value, bool isSet)
    {
        string word = Until('}');
        return operation switch
        {
            '-' => isSet ? value! : word,
            '+' => isSet ? word : "",
            '?' => isSet
                ? value!
                : throw new SkiffException(
                    $"{name}: {(word.Length > 0 ? word : "this variable must be set; give it with --build-arg or ENV")}"
                ),
            _ => throw Bad(),
        };
    }

    /// <summary>A pattern up to a character: escapes stay in it, as they mean something there, and variables are expanded.</summary>
    private string Pattern(char end)
    {
        StringBuilder result = new();
        while (_at < _text.Length && _text[_at] != end)
        {
            char c = _text[_at];
            if (c == '$')
            {
                result.Append(Dollar());
                continue;
            }
            _at++;
            if (c == escape && _at < _text.Length)
            {
                result.Append('\\');
                c = _text[_at++];
            }
            result.Append(c);
        }
        if (_at >= _text.Length)
        {
            throw Bad();
        }
        _at++;
        return result.ToString();
    }

    private SkiffException Bad() =>
        new(
            $"\"{_text}\": this form of a variable is not known; known are ${{x}}, ${{x:-y}}, ${{x:+y}}, ${{x:?y}}, ${{x#y}}, ${{x%y}} and ${{x/y/z}}"
        );
}
