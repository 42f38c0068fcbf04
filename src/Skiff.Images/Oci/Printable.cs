using System.Text;

namespace Skiff.Images;

/// <summary>Text of strangers in our messages: one line, no terminal escapes, not endless.</summary>
public static class Printable
{
    /// <summary>At most <paramref name="limit"/> characters of <paramref name="text"/>, control and bidirectional format characters as <c>?</c>.</summary>
    /// <remarks>A registry's error text reaches the terminal; ESC sequences in it could rewrite what the user sees.</remarks>
    public static string Of(string? text, int limit = 200)
    {
        if (text is null)
        {
            return "";
        }
        StringBuilder builder = new(Math.Min(text.Length, limit + 1));
        foreach (char c in text)
        {
            if (builder.Length == limit)
            {
                builder.Append('…');
                break;
            }
            bool hidden =
                char.IsControl(c)
                || char.IsSurrogate(c)
                || c is (>= '\u200B' and <= '\u200F') or (>= '\u2028' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
            builder.Append(
                c is '\n' or '\t' ? ' '
                : hidden ? '?'
                : c
            );
        }
        return builder.ToString();
    }
}
