using System.Text;

namespace Skiff.Display;

/// <summary>Lines with tabs set in columns as docker's listings have them: at least 10 wide, 3 spaces between, nothing after the last.</summary>
internal static class Columns
{
    private const int MinimumWidth = 10;
    private const int Gap = 3;

    /// <summary>Aligns the cells, which are separated by tabs, of all lines.</summary>
    public static string Align(string text)
    {
        string[] lines = text.Split('\n');
        var widths = new List<int>();
        foreach (string line in lines)
        {
            string[] cells = line.Split('\t');
            for (int i = 0; i < cells.Length - 1; i++)
            {
                if (i == widths.Count)
                {
                    widths.Add(MinimumWidth);
                }
                widths[i] = Math.Max(widths[i], Length(cells[i]) + Gap);
            }
        }
        var aligned = new StringBuilder();
        for (int l = 0; l < lines.Length; l++)
        {
            string[] cells = lines[l].Split('\t');
            for (int i = 0; i < cells.Length - 1; i++)
            {
                aligned.Append(cells[i]).Append(' ', widths[i] - Length(cells[i]));
            }
            aligned.Append(cells[^1]);
            if (l + 1 < lines.Length)
            {
                aligned.Append('\n');
            }
        }
        return aligned.ToString();
    }

    /// <summary>Characters, not UTF-16 units.</summary>
    private static int Length(string cell)
    {
        int length = 0;
        foreach (Rune _ in cell.EnumerateRunes())
        {
            length++;
        }
        return length;
    }
}
