using System.Text;

namespace Skiff.Images.Registry;

/// <summary>One challenge of a <c>WWW-Authenticate</c> header (RFC 9110, section 11.6.1).</summary>
/// <param name="Scheme">The scheme in lower case: <c>bearer</c>, <c>basic</c>.</param>
/// <param name="Parameters">Parameters; their names in lower case.</param>
public sealed record Challenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    private const int MaxChallenges = 16;

    /// <summary>The parameter, or null.</summary>
    public string? this[string name] => Parameters.GetValueOrDefault(name);

    /// <summary>Reads all challenges of all such headers; what cannot be read is left out.</summary>
    /// <remarks>One header may hold several challenges, and commas separate both challenges and parameters: a name followed by "=" is a parameter, any other begins a challenge.</remarks>
    public static IReadOnlyList<Challenge> ParseAll(IEnumerable<string> headers)
    {
        List<Challenge> challenges = [];
        foreach (string header in headers)
        {
            Scanner scanner = new(header);
            Dictionary<string, string>? parameters = null;
            while (challenges.Count < MaxChallenges && scanner.Token() is string token)
            {
                if (scanner.Assignment())
                {
                    string value = scanner.Value();
                    parameters?.TryAdd(token.ToLowerInvariant(), value);
                }
                else
                {
                    parameters = [];
                    challenges.Add(new Challenge(token.ToLowerInvariant(), parameters));
                }
            }
        }
        return challenges;
    }

    private struct Scanner(string text)
    {
        private int _at;

        /// <summary>The next word; commas and blanks before it, and characters that belong to nothing, are skipped.</summary>
        internal string? Token()
        {
            while (_at < text.Length && !IsToken(text[_at]))
            {
                _at++;
            }
            int start = _at;
            while (_at < text.Length && IsToken(text[_at]))
            {
                _at++;
            }
            return _at > start ? text[start.._at] : null;
        }

        internal bool Assignment()
        {
            int i = SkipBlanks(_at);
            if (i >= text.Length || text[i] != '=')
            {
                return false;
            }
            _at = SkipBlanks(i + 1);
            return true;
        }

        internal string Value()
        {
            if (_at >= text.Length || text[_at] != '"')
            {
                int start = _at;
                while (_at < text.Length && text[_at] is not (',' or ' ' or '\t'))
                {
                    _at++;
                }
                return text[start.._at];
            }
            StringBuilder value = new();
            for (_at++; _at < text.Length && text[_at] != '"'; _at++)
            {
                if (text[_at] == '\\' && _at + 1 < text.Length)
                {
                    _at++;
                }
                value.Append(text[_at]);
            }
            _at++;
            return value.ToString();
        }

        private readonly int SkipBlanks(int i)
        {
            while (i < text.Length && text[i] is ' ' or '\t')
            {
                i++;
            }
            return i;
        }

        // RFC 9110, section 5.6.2.
        private static bool IsToken(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c);
    }
}
