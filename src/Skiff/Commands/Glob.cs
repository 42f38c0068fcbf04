namespace Skiff.Commands;

/// <summary>Patterns of docker's filters, those of Go's path.Match: <c>*</c> and <c>?</c> do not cross a slash, <c>[a-z]</c> and <c>[^a-z]</c> are classes, a backslash takes the next character as it is.</summary>
internal static class Glob
{
    /// <summary>True if the whole text fits. A pattern with an open class fits nothing.</summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        while (!pattern.IsEmpty)
        {
            if (pattern[0] == '*')
            {
                pattern = pattern.TrimStart('*');
                for (int i = 0; ; i++)
                {
                    if (Matches(pattern, text[i..]))
                    {
                        return true;
                    }
                    if (i == text.Length || text[i] == '/')
                    {
                        return false;
                    }
                }
            }
            if (text.IsEmpty || !One(ref pattern, text[0]))
            {
                return false;
            }
            text = text[1..];
        }
        return text.IsEmpty;
    }

    private static bool One(ref ReadOnlySpan<char> pattern, char c)
    {
        switch (pattern[0])
        {
            case '?':
                pattern = pattern[1..];
                return c != '/';
            case '[':
                return Class(ref pattern, c);
            case '\\' when pattern.Length > 1:
                pattern = pattern[1..];
                goto default;
            default:
                bool same = pattern[0] == c;
                pattern = pattern[1..];
                return same;
        }
    }

    private static bool Class(ref ReadOnlySpan<char> pattern, char c)
    {
        int i = 1;
        bool not = i < pattern.Length && pattern[i] == '^';
        i += not ? 1 : 0;
        bool found = false;
        for (int first = i; i < pattern.Length && (pattern[i] != ']' || i == first); i++)
        {
            char low = pattern[i];
            char high = low;
            if (i + 2 < pattern.Length && pattern[i + 1] == '-' && pattern[i + 2] != ']')
            {
                high = pattern[i + 2];
                i += 2;
            }
            found |= c >= low && c <= high;
        }
        if (i >= pattern.Length)
        {
            return false;
        }
        pattern = pattern[(i + 1)..];
        return found != not;
    }
}
