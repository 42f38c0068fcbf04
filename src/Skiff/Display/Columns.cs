using System.Text;

namespace Skiff.Display;

/// <summary>Lines with tabs set in columns as docker's listings have them: at least 10 wide, 3 spaces between, nothing after the last.</summary>
internal static class Columns
{
    private const int MinimumWidth = 10;
    private const int Gap = 3;

    /// <summary>Aligns the cells, which are separated by tabs, of all lines.</summary>
    /// <param name="text">The lines.</param>
    /// <param name="minimum">The least width of a column.</param>
    /// <param name="gap">The least number of spaces between two columns.</param>
    public static string Align(string text, int minimum = MinimumWidth, int gap = Gap)
    {
        List<int> widths = [];
        int column = 0;
        for (ReadOnlySpan<char> rest = text; !rest.IsEmpty; )
        {
            ReadOnlySpan<char> cell = Next(ref rest, out char end);
            if (end == '\t')
            {
                if (column == widths.Count)
                {
                    widths.Add(minimum);
                }
                widths[column] = Math.Max(widths[column], Length(cell) + gap);
            }
            column = end == '\t' ? column + 1 : 0;
        }
        var aligned = new StringBuilder(text.Length * 2);
        column = 0;
        for (ReadOnlySpan<char> rest = text; !rest.IsEmpty; )
        {
            ReadOnlySpan<char> cell = Next(ref rest, out char end);
            aligned.Append(cell);
            if (end == '\t')
            {
                aligned.Append(' ', widths[column++] - Length(cell));
            }
            else if (end == '\n')
            {
                aligned.Append('\n');
                column = 0;
            }
        }
        return aligned.ToString();
    }

    /// <summary>Cuts the next cell off, with what ends it: a tab, a line feed, or nothing (zero).</summary>
    private static ReadOnlySpan<char> Next(ref ReadOnlySpan<char> rest, out char end)
    {
        int length = rest.IndexOfAny('\t', '\n');
        ReadOnlySpan<char> cell = length < 0 ? rest : rest[..length];
        end = length < 0 ? '\0' : rest[length];
        rest = length < 0 ? default : rest[(length + 1)..];
        return cell;
    }

    /// <summary>Characters, not UTF-16 units.</summary>
    private static int Length(ReadOnlySpan<char> cell)
    {
        if (Ascii.IsValid(cell))
        {
            return cell.Length;
        }
        int length = 0;
        foreach (Rune _ in cell.EnumerateRunes())
        {
            length++;
        }
        return length;
    }
}
