using System.Text;

namespace Skiff.Compose.Loading;

/// <summary>Splits a command into words as a shell does, without expanding anything: quotes, backslashes, blanks.</summary>
internal static class ShellWords
{
    /// <summary>The words.</summary>
    /// <exception cref="FormatException">A quote is not closed.</exception>
    public static List<string> Split(string text)
    {
        List<string> words = [];
        StringBuilder word = new();
        bool inside = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            switch (c)
            {
                case ' ' or '\t' or '\n' or '\r':
                    if (inside)
                    {
                        words.Add(word.ToString());
                        word.Clear();
                        inside = false;
                    }
                    break;
                case '\'' or '"':
                    inside = true;
                    i = Quoted(text, i, word);
                    break;
                case '\\' when i + 1 < text.Length:
                    inside = true;
                    word.Append(text[++i]);
                    break;
                default:
                    inside = true;
                    word.Append(c);
                    break;
            }
        }
        if (inside)
        {
            words.Add(word.ToString());
        }
        return words;
    }

    /// <summary>The words as a text that a shell reads as the same words.</summary>
    public static string Join(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    private static string Quote(string word) =>
        word.Length > 0 && word.All(static c => char.IsAsciiLetterOrDigit(c) || "-_./:=,@%+".Contains(c, StringComparison.Ordinal))
            ? word
            : "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static int Quoted(string text, int start, StringBuilder word)
    {
        char quote = text[start];
        for (int i = start + 1; i < text.Length; i++)
        {
            if (text[i] == quote)
            {
                return i;
            }
            if (text[i] == '\\' && quote == '"' && i + 1 < text.Length && text[i + 1] is '"' or '\\' or '$' or '`')
            {
                i++;
            }
            word.Append(text[i]);
        }
        throw new FormatException($"the quote {quote} at character {start + 1} is not closed");
    }
}
