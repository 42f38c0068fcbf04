using System.Text;

namespace Skiff.Build.Parsing;

/// <summary>The patterns of <c>${x#pattern}</c> and its kin: <c>*</c>, <c>?</c>, and a backslash before a character that means itself.</summary>
internal static class ShellPattern
{
    /// <summary>Without the shortest, or longest, beginning that fits.</summary>
    internal static string TrimStart(string value, string pattern, bool greedy)
    {
        for (int i = 0; i <= value.Length; i++)
        {
            int length = greedy ? value.Length - i : i;
            if (Fits(value.AsSpan(0, length), pattern))
            {
                return value[length..];
            }
        }
        return value;
    }

    /// <summary>Without the shortest, or longest, end that fits.</summary>
    internal static string TrimEnd(string value, string pattern, bool greedy)
    {
        for (int i = 0; i <= value.Length; i++)
        {
            int start = greedy ? i : value.Length - i;
            if (Fits(value.AsSpan(start), pattern))
            {
                return value[..start];
            }
        }
        return value;
    }

    /// <summary>With the first fit, or every one, replaced; a fit is as long as it can be.</summary>
    internal static string Replace(string value, string pattern, string replacement, bool all)
    {
        StringBuilder result = new();
        int at = 0;
        while (at < value.Length)
        {
            int length = value.Length - at;
            while (length > 0 && !Fits(value.AsSpan(at, length), pattern))
            {
                length--;
            }
            if (length == 0)
            {
                result.Append(value[at++]);
                continue;
            }
            result.Append(replacement);
            at += length;
            if (!all)
            {
                break;
            }
        }
        return result.Append(value.AsSpan(at)).ToString();
    }

    /// <summary>True if the whole text fits the pattern; linear but for going back to the last star.</summary>
    private static bool Fits(ReadOnlySpan<char> text, ReadOnlySpan<char> pattern)
    {
        int t = 0;
        int p = 0;
        int star = -1;
        int mark = 0;
        while (t < text.Length)
        {
            int width = p < pattern.Length && pattern[p] == '\\' && p + 1 < pattern.Length ? 2 : 1;
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = t;
            }
            else if (p < pattern.Length && (width == 2 ? pattern[p + 1] == text[t] : pattern[p] == '?' || pattern[p] == text[t]))
            {
                p += width;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '*')
        {
            p++;
        }
        return p == pattern.Length;
    }
}
