using System.Text;

namespace Skiff.Build.Parsing;

/// <summary>Cuts a line into words; quotes and escaped characters hold a word together and stay in it.</summary>
public static class WordList
{
    /// <summary>The words as they are written.</summary>
    public static IReadOnlyList<string> Split(string text, char escape)
    {
        List<string> words = [];
        StringBuilder word = new();
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                End(words, word);
                continue;
            }
            word.Append(c);
            if (c == escape && quote != '\'' && i + 1 < text.Length)
            {
                word.Append(text[++i]);
            }
            else if (quote == '\0' ? c is '"' or '\'' : c == quote)
            {
                quote = quote == '\0' ? c : '\0';
            }
        }
        End(words, word);
        return words;
    }

    /// <summary>Words by white space alone, as instructions with lists of paths have them.</summary>
    public static string[] Plain(string text) => text.Split([' ', '\t', '\v', '\f', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary><c>NAME=value NAME=value</c>, or the old form <c>NAME the rest of the line</c>; nothing is unquoted.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="escape">The escape character.</param>
    public static IReadOnlyList<(string Name, string Value)> Pairs(Instruction instruction, char escape)
    {
        IReadOnlyList<string> words = Split(instruction.Arguments, escape);
        if (!words[0].Contains('='))
        {
            int end = instruction.Arguments.AsSpan().IndexOfAny(' ', '\t');
            return end < 0
                ? throw DockerfileException.At(instruction, $"{instruction.Name} must have two arguments: NAME=value")
                : [(instruction.Arguments[..end], instruction.Arguments[end..].Trim())];
        }
        List<(string, string)> pairs = [];
        foreach (string word in words)
        {
            int equals = word.IndexOf('=');
            pairs.Add(
                equals < 0
                    ? throw DockerfileException.At(
                        instruction,
                        $"{instruction.Name}: \"{word}\" is no NAME=value; put quotes around a value with spaces"
                    )
                : equals == 0 ? throw DockerfileException.At(instruction, $"{instruction.Name}: a name must not be empty")
                : (word[..equals], word[(equals + 1)..])
            );
        }
        return pairs;
    }

    private static void End(List<string> words, StringBuilder word)
    {
        if (word.Length > 0)
        {
            words.Add(word.ToString());
            word.Clear();
        }
    }
}
