namespace Skiff.Images;

/// <summary>Tests of whole texts, without tables to build at start.</summary>
internal static class Ascii
{
    /// <summary>True if there are only lower-case hexadecimal digits.</summary>
    internal static bool IsLowerHex(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiHexDigitLower(c))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>True if there are only letters, digits and characters of <paramref name="also"/>.</summary>
    internal static bool IsWord(ReadOnlySpan<char> text, ReadOnlySpan<char> also)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !also.Contains(c))
            {
                return false;
            }
        }
        return true;
    }
}
