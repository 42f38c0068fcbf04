namespace Skiff.Images.Store;

/// <summary>Names like one that was mistyped.</summary>
internal static class Suggestions
{
    internal static IReadOnlyList<string> For(string name, IReadOnlyList<IndexEntry> entries)
    {
        string wanted = Reference.TryParse(name, out Reference? reference) ? reference.Familiar : name;
        List<(int Distance, string Name)> near = [];
        foreach (IndexEntry entry in entries)
        {
            if (entry.Reference is Reference known)
            {
                int distance = known.Repository == reference?.Repository ? 0 : Distance(wanted, known.Familiar);
                if (distance <= Math.Max(2, wanted.Length / 4))
                {
                    near.Add((distance, known.Familiar));
                }
            }
        }
        near.Sort();
        return [.. near.Take(3).Select(n => n.Name)];
    }

    /// <summary>Levenshtein's distance in one row.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            row[j] = j;
        }
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.Length];
    }
}
