namespace Skiff.Linux;

/// <summary>"Did you mean": the nearest of the known words.</summary>
public static class Suggestion
{
    /// <summary>The known word nearest to <paramref name="typed"/> by edits and neighbour swaps (optimal string alignment), or null if none is near.</summary>
    public static string? Nearest(string typed, IEnumerable<string> known)
    {
        string? best = null;
        int bestDistance = Math.Max(1, typed.Length / 3) + 1;
        foreach (string word in known)
        {
            int distance = typed.Length > 2 && word.StartsWith(typed, StringComparison.Ordinal) ? 1 : Distance(typed, word);
            if (distance < bestDistance)
            {
                bestDistance = distance;
                best = word;
            }
        }
        return best;
    }

    /// <summary>The number of insertions, deletions, replacements and swaps of neighbours between two words.</summary>
    public static int Distance(string a, string b)
    {
        int[] beforeLast = new int[b.Length + 1];
        int[] last = new int[b.Length + 1];
        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            row[j] = j;
        }
        for (int i = 1; i <= a.Length; i++)
        {
            (beforeLast, last, row) = (last, row, beforeLast);
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(replace, Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }
        }
        return row[b.Length];
    }
}
