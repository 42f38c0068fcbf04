using System.Text;
using Skiff.Linux;

namespace Skiff.Compose.Loading;

/// <summary>Variables in the values of a compose file: <c>$NAME</c>, <c>${NAME}</c> and with <c>:-</c> <c>-</c> <c>:?</c> <c>?</c> <c>:+</c> <c>+</c>, nested, <c>$$</c> for a dollar.</summary>
/// <param name="lookup">A variable's value, or null.</param>
/// <param name="unset">Told of each variable that is not set and has no default.</param>
internal sealed class Interpolation(Func<string, string?> lookup, Action<string>? unset = null)
{
    private const int Deepest = 50;

    /// <summary>The text with its variables replaced.</summary>
    /// <exception cref="FormatException">It is not well formed; the message says how.</exception>
    /// <exception cref="SkiffException">A required variable is missing.</exception>
    public string Expand(string text) => text.Contains('$', StringComparison.Ordinal) ? Expand(text, 0) : text;

    private string Expand(string text, int depth)
    {
        if (depth > Deepest)
        {
            throw new FormatException($"more than {Deepest} variables inside of one another");
        }
        StringBuilder result = new(text.Length + 16);
        int at = 0;
        while (at < text.Length)
        {
            char c = text[at];
            if (c != '$')
            {
                result.Append(c);
                at++;
                continue;
            }
            at++;
            if (at < text.Length && text[at] == '$')
            {
                result.Append('$');
                at++;
            }
            else if (at < text.Length && text[at] == '{')
            {
                int end = Close(text, at + 1);
                result.Append(Braced(text[(at + 1)..end], depth));
                at = end + 1;
            }
            else
            {
                int end = EndOfName(text, at);
                if (end == at)
                {
                    throw new FormatException("a $ is followed by a name, by {, or by another $ to stand for itself");
                }
                result.Append(Value(text[at..end]));
                at = end;
            }
        }
        return result.ToString();
    }

    private string Braced(string inside, int depth)
    {
        int end = EndOfName(inside, 0);
        if (end == 0)
        {
            throw new FormatException($"${{{inside}}} does not begin with the name of a variable");
        }
        string name = inside[..end];
        if (end == inside.Length)
        {
            return Value(name);
        }
        bool orEmpty = inside[end] == ':';
        int sign = orEmpty ? end + 1 : end;
        char kind = sign < inside.Length ? inside[sign] : '\0';
        if (kind is not ('-' or '+' or '?'))
        {
            throw new FormatException($"${{{inside}}}: after the name only :- - :? ? :+ + may follow");
        }
        string rest = inside[(sign + 1)..];
        string? value = lookup(name);
        bool present = orEmpty ? !string.IsNullOrEmpty(value) : value is not null;
        return kind switch
        {
            '-' => present ? value! : Expand(rest, depth + 1),
            '+' => present ? Expand(rest, depth + 1) : "",
            _ => present
                ? value!
                : throw new SkiffException(
                    $"required variable {name} is missing a value{(rest.Length == 0 ? "" : ": " + Expand(rest, depth + 1))}"
                ),
        };
    }

    private string Value(string name)
    {
        string? value = lookup(name);
        if (value is null)
        {
            unset?.Invoke(name);
        }
        return value ?? "";
    }

    /// <summary>The closing brace that belongs to the opening one before <paramref name="from"/>.</summary>
    private static int Close(string text, int from)
    {
        int open = 1;
        for (int i = from; i < text.Length; i++)
        {
            if (text[i] == '$' && i + 1 < text.Length && text[i + 1] == '{')
            {
                open++;
                i++;
            }
            else if (text[i] == '}' && --open == 0)
            {
                return i;
            }
        }
        throw new FormatException("a ${ has no }");
    }

    private static int EndOfName(string text, int at)
    {
        int end = at;
        while (end < text.Length && (char.IsAsciiLetter(text[end]) || text[end] == '_' || (end > at && char.IsAsciiDigit(text[end]))))
        {
            end++;
        }
        return end;
    }
}
