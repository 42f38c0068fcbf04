using System.Text;
using Skiff.Linux;

namespace Skiff.Build.Context;

/// <summary>A pattern of paths in Go's language with <c>**</c>: <c>*</c> and <c>?</c> stay in one name, <c>**</c> is any number of names, <c>[a-z]</c> a class, a backslash takes meaning away.</summary>
/// <remarks>Matching keeps a set of places in the pattern instead of going back: the time is the product of both lengths, whatever the pattern.</remarks>
public sealed class PathPattern
{
    private readonly List<Token> _tokens;
    private readonly bool _star;

    private PathPattern(List<Token> tokens, bool star)
    {
        _tokens = tokens;
        _star = star;
    }

    private enum Kind
    {
        Character,
        Any,
        Class,
        Star,
        Deep,
        Maybe,
        DeepSlash,
    }

    /// <summary>True where something in the pattern has a meaning of its own.</summary>
    public static bool HasWildcards(string text) => text.AsSpan().IndexOfAny("*?[\\") >= 0;

    /// <summary>The path without leading and trailing slashes, double ones, <c>.</c> and <c>..</c>; empty for the context itself.</summary>
    public static string Clean(string path)
    {
        List<string> names = [];
        foreach (string name in path.Split('/'))
        {
            if (name.Length == 0 || name == ".")
            {
                continue;
            }
            if (name != "..")
            {
                names.Add(name);
            }
            else if (names.Count > 0)
            {
                names.RemoveAt(names.Count - 1);
            }
        }
        return string.Join('/', names);
    }

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="SkiffException">It is malformed.</exception>
    public static PathPattern Parse(string text)
    {
        List<Token> tokens = [];
        int i = 0;
        while (i < text.Length)
        {
            char c = text[i];
            switch (c)
            {
                case '*' when i + 1 < text.Length && text[i + 1] == '*':
                    while (i < text.Length && text[i] == '*')
                    {
                        i++;
                    }
                    bool slash = i < text.Length && text[i] == '/';
                    i += slash ? 1 : 0;
                    if (slash)
                    {
                        tokens.Add(new Token(Kind.Maybe, '\0', "")); // any number of names with their slashes, or nothing
                    }
                    tokens.Add(new Token(slash ? Kind.DeepSlash : Kind.Deep, '\0', ""));
                    break;
                case '*':
                    tokens.Add(new Token(Kind.Star, '\0', ""));
                    i++;
                    break;
                case '?':
                    tokens.Add(new Token(Kind.Any, '\0', ""));
                    i++;
                    break;
                case '[':
                    tokens.Add(new Token(Kind.Class, '\0', Class(text, ref i)));
                    break;
                case '\\':
                    if (++i == text.Length)
                    {
                        throw Wrong(text);
                    }
                    tokens.Add(new Token(Kind.Character, text[i++], ""));
                    break;
                default:
                    tokens.Add(new Token(Kind.Character, c, ""));
                    i++;
                    break;
            }
        }
        return new PathPattern(tokens, tokens.Exists(static t => t.Kind is not Kind.Character));
    }

    /// <summary>True if the whole path fits.</summary>
    public bool Fits(ReadOnlySpan<char> path)
    {
        Span<bool> now = new bool[_tokens.Count + 1];
        Span<bool> next = new bool[_tokens.Count + 1];
        now[0] = true;
        Skip(now);
        for (int i = 0; i < path.Length; i++)
        {
            next.Clear();
            bool any = Step(path[i], now, next);
            Skip(next);
            if (!any)
            {
                return false;
            }
            Span<bool> swap = now;
            now = next;
            next = swap;
        }
        return now[^1];
    }

    /// <summary>True if the path fits, or a directory that it is in.</summary>
    public bool FitsOrHolds(string path)
    {
        if (!_star)
        {
            return path.Length >= _tokens.Count && Literal(path);
        }
        for (int end = 0; end <= path.Length; end++)
        {
            if ((end == path.Length || path[end] == '/') && Fits(path.AsSpan(0, end)))
            {
                return true;
            }
        }
        return false;
    }

    private bool Literal(string path)
    {
        for (int i = 0; i < _tokens.Count; i++)
        {
            if (path[i] != _tokens[i].Character)
            {
                return false;
            }
        }
        return path.Length == _tokens.Count || path[_tokens.Count] == '/';
    }

    private bool Step(char c, ReadOnlySpan<bool> now, Span<bool> next)
    {
        bool any = false;
        for (int p = 0; p < _tokens.Count; p++)
        {
            if (!now[p])
            {
                continue;
            }
            Token token = _tokens[p];
            switch (token.Kind)
            {
                case Kind.Maybe:
                    break;
                case Kind.Deep or Kind.DeepSlash:
                    next[p] = true;
                    // "**/" ends at a slash; what follows begins a name
                    next[p + 1] |= token.Kind == Kind.DeepSlash && c == '/';
                    any = true;
                    break;
                case Kind.Star when c != '/':
                    next[p] = true;
                    any = true;
                    break;
                case Kind.Any when c != '/':
                case Kind.Character when c == token.Character:
                case Kind.Class when c != '/' && InClass(c, token.Class):
                    next[p + 1] = true;
                    any = true;
                    break;
            }
        }
        return any;
    }

    /// <summary>What may stand for nothing is passed over.</summary>
    private void Skip(Span<bool> places)
    {
        for (int p = 0; p < _tokens.Count; p++)
        {
            if (places[p] && _tokens[p].Kind is (Kind.Star or Kind.Deep or Kind.Maybe))
            {
                places[p + 1] = true;
                places[p + (_tokens[p].Kind == Kind.Maybe ? 2 : 1)] = true;
            }
        }
    }

    /// <summary>A class as pairs of bounds; the first character is <c>^</c> for the others.</summary>
    private static string Class(string text, ref int i)
    {
        StringBuilder bounds = new();
        i++;
        bool negated = i < text.Length && text[i] == '^';
        i += negated ? 1 : 0;
        bounds.Append(negated ? '^' : ' ');
        bool first = true;
        while (true)
        {
            if (i >= text.Length)
            {
                throw Wrong(text);
            }
            if (text[i] == ']' && !first)
            {
                i++;
                return bounds.ToString();
            }
            first = false;
            char low = Bound(text, ref i);
            char high = low;
            if (i < text.Length && text[i] == '-')
            {
                i++;
                high = Bound(text, ref i);
            }
            bounds.Append(low).Append(high);
        }
    }

    private static char Bound(string text, ref int i)
    {
        if (i < text.Length && text[i] == '\\')
        {
            i++;
        }
        return i < text.Length && text[i] is not '-' and not ']' || (i > 0 && i < text.Length && text[i - 1] == '\\')
            ? text[i++]
            : throw Wrong(text);
    }

    private static bool InClass(char c, string bounds)
    {
        bool found = false;
        for (int i = 1; i + 1 < bounds.Length; i += 2)
        {
            found |= c >= bounds[i] && c <= bounds[i + 1];
        }
        return found != (bounds[0] == '^');
    }

    private static SkiffException Wrong(string text) =>
        new($"the pattern \"{text}\" is malformed: a [ is not closed, or it ends in a backslash");

    private readonly record struct Token(Kind Kind, char Character, string Class);
}
