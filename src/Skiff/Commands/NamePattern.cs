using System.Globalization;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary>A regular expression of docker's filters (<c>name=^web-[0-9]+$</c>), the part of RE2's syntax that names need; found anywhere in the text unless it is anchored.</summary>
/// <remarks>Literals, <c>.</c>, <c>[a-z]</c>, <c>\d \w \s</c>, groups, <c>|</c>, <c>* + ? {n,m}</c>, <c>^</c> and <c>$</c>.</remarks>
internal sealed class NamePattern
{
    private const int MaxSteps = 100_000;
    private const int MaxRepeat = 1000;
    private readonly string _pattern;
    private readonly Node _root;
    private int _at;
    private int _steps;

    private NamePattern(string pattern)
    {
        _pattern = pattern;
        _root = Alternatives();
        if (_at < pattern.Length)
        {
            throw Wrong("a ) without its (");
        }
    }

    private delegate bool Rest(int position);

    /// <summary>Reads a pattern. Throws <see cref="SkiffException"/> for one that is wrong, with exit code 125.</summary>
    public static NamePattern Parse(string pattern) => new(pattern);

    /// <summary>True if the pattern is found in the text.</summary>
    public bool Matches(string text)
    {
        _steps = 0;
        for (int start = 0; start <= text.Length; start++)
        {
            if (Match(_root, text, start, static _ => true))
            {
                return true;
            }
        }
        return false;
    }

    private bool Match(Node node, string text, int position, Rest rest)
    {
        if (++_steps > MaxSteps)
        {
            throw Wrong("it takes too long to match");
        }
        switch (node)
        {
            case Start:
                return position == 0 && rest(position);
            case End:
                return position == text.Length && rest(position);
            case One one:
                return position < text.Length && one.Fits(text[position]) && rest(position + 1);
            case Sequence sequence:
                return MatchFrom(sequence, 0, text, position, rest);
            case Choice choice:
                foreach (Node alternative in choice.Items)
                {
                    if (Match(alternative, text, position, rest))
                    {
                        return true;
                    }
                }
                return false;
            default:
                return MatchMany((Repeat)node, 0, text, position, rest);
        }
    }

    private bool MatchFrom(Sequence sequence, int index, string text, int position, Rest rest) =>
        index == sequence.Items.Count
            ? rest(position)
            : Match(sequence.Items[index], text, position, next => MatchFrom(sequence, index + 1, text, next, rest));

    // As many as possible first; an empty match is not repeated.
    private bool MatchMany(Repeat repeat, int count, string text, int position, Rest rest) =>
        (
            count < repeat.Most
            && Match(
                repeat.Item,
                text,
                position,
                next => (next > position || count < repeat.Least) && MatchMany(repeat, count + 1, text, next, rest)
            )
        ) || (count >= repeat.Least && rest(position));

    private Node Alternatives()
    {
        List<Node> items = [Items()];
        while (_at < _pattern.Length && _pattern[_at] == '|')
        {
            _at++;
            items.Add(Items());
        }
        return items.Count == 1 ? items[0] : new Choice(items);
    }

    private Sequence Items()
    {
        List<Node> items = [];
        while (_at < _pattern.Length && _pattern[_at] is not ('|' or ')'))
        {
            items.Add(Repeated(Item()));
        }
        return new Sequence(items);
    }

    private Node Item()
    {
        char c = _pattern[_at++];
        switch (c)
        {
            case '^':
                return new Start();
            case '$':
                return new End();
            case '.':
                return new One(static _ => true);
            case '[':
                return Class();
            case '(':
                if (_pattern.AsSpan(_at).StartsWith("?:"))
                {
                    _at += 2;
                }
                Node group = Alternatives();
                if (_at == _pattern.Length)
                {
                    throw Wrong("a ( without its )");
                }
                _at++;
                return group;
            case '*' or '+' or '?':
                throw Wrong($"nothing before {c} to repeat");
            case '\\':
                return new One(Escape());
            default:
                return new One(x => x == c);
        }
    }

    private Node Repeated(Node item)
    {
        while (_at < _pattern.Length)
        {
            switch (_pattern[_at])
            {
                case '*':
                    _at++;
                    item = new Repeat(item, 0, int.MaxValue);
                    break;
                case '+':
                    _at++;
                    item = new Repeat(item, 1, int.MaxValue);
                    break;
                case '?':
                    _at++;
                    item = new Repeat(item, 0, 1);
                    break;
                case '{' when Count() is { } count:
                    item = new Repeat(item, count.Least, count.Most);
                    break;
                default:
                    return item;
            }
        }
        return item;
    }

    /// <summary><c>{n}</c>, <c>{n,}</c>, <c>{n,m}</c>; anything else in braces is text, as in RE2.</summary>
    private (int Least, int Most)? Count()
    {
        int close = _pattern.IndexOf('}', _at);
        if (close < 0)
        {
            return null;
        }
        string[] parts = _pattern[(_at + 1)..close].Split(',');
        if (parts.Length > 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int least))
        {
            return null;
        }
        int most = least;
        if (parts.Length == 2 && parts[1].Length == 0)
        {
            most = int.MaxValue;
        }
        else if (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out most))
        {
            return null;
        }
        if (least > MaxRepeat || most < least)
        {
            throw Wrong($"the count {{{string.Join(',', parts)}}} is wrong");
        }
        _at = close + 1;
        return (least, most);
    }

    private One Class()
    {
        bool not = _at < _pattern.Length && _pattern[_at] == '^';
        _at += not ? 1 : 0;
        List<Func<char, bool>> parts = [];
        for (bool first = true; ; first = false)
        {
            if (_at >= _pattern.Length)
            {
                throw Wrong("a [ without its ]");
            }
            char from = _pattern[_at++];
            if (from == ']' && !first)
            {
                return new One(c => parts.Exists(p => p(c)) != not);
            }
            if (from == '\\')
            {
                parts.Add(Escape());
                continue;
            }
            char to = from;
            if (_at + 1 < _pattern.Length && _pattern[_at] == '-' && _pattern[_at + 1] != ']')
            {
                to = _pattern[_at + 1];
                _at += 2;
            }
            parts.Add(c => c >= from && c <= to);
        }
    }

    private Func<char, bool> Escape()
    {
        if (_at == _pattern.Length)
        {
            throw Wrong("a backslash at its end");
        }
        char c = _pattern[_at++];
        return c switch
        {
            'd' => char.IsAsciiDigit,
            'D' => static x => !char.IsAsciiDigit(x),
            'w' => static x => char.IsAsciiLetterOrDigit(x) || x == '_',
            'W' => static x => !(char.IsAsciiLetterOrDigit(x) || x == '_'),
            's' => static x => x is ' ' or '\t' or '\n' or '\r' or '\f',
            'S' => static x => x is not (' ' or '\t' or '\n' or '\r' or '\f'),
            _ when char.IsAsciiLetterOrDigit(c) => throw Wrong($"\\{c} is not known here"),
            _ => x => x == c,
        };
    }

    private SkiffException Wrong(string why) => new($"the pattern \"{_pattern}\" of the filter cannot be read: {why}");

    private abstract record Node;

    private sealed record Start : Node;

    private sealed record End : Node;

    private sealed record One(Func<char, bool> Fits) : Node;

    private sealed record Sequence(List<Node> Items) : Node;

    private sealed record Choice(List<Node> Items) : Node;

    private sealed record Repeat(Node Item, int Least, int Most) : Node;
}
