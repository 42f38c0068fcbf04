using System.Text;

namespace Skiff.Commands.Run;

/// <summary>Several calls that are made again and again, each time for another file: hiding a path, mounting a controller, joining a cgroup.</summary>
/// <param name="First">The calls for the first file.</param>
/// <param name="Others">The other files.</param>
/// <param name="Length">How many calls it is in all.</param>
internal sealed record CallGroup(IReadOnlyList<PlanCall> First, IReadOnlyList<string> Others, int Length)
{
    private const int Longest = 16;
    private const int Fewest = 3;

    /// <summary>The group that begins at a call; null when there is none, or when it is just one call that is repeated.</summary>
    internal static CallGroup? At(IReadOnlyList<PlanCall> calls, int start)
    {
        for (int period = 2; period <= Longest && start + (period * Fewest) <= calls.Count; period++)
        {
            if (!Varied(calls, start, period))
            {
                continue;
            }
            List<string> others = Rounds(calls, start, period);
            if (others.Count + 1 < Fewest || BeginsLater(calls, start, period, others.Count))
            {
                continue;
            }
            List<PlanCall> first = [];
            for (int i = start; i < start + period; i++)
            {
                first.Add(calls[i]);
            }
            return new CallGroup(first, others, period * (others.Count + 1));
        }
        return null;
    }

    /// <summary>What each further round is about, as far as they go.</summary>
    private static List<string> Rounds(IReadOnlyList<PlanCall> calls, int start, int period)
    {
        List<string> others = [];
        for (
            int next = start + period;
            next + period <= calls.Count && Other(calls, start, next, period) is { } other && !others.Contains(other);
            next += period
        )
        {
            others.Add(other);
        }
        return others;
    }

    /// <summary>What stands before a group may look like the end of a round: as many rounds that begin later are the real ones.</summary>
    private static bool BeginsLater(IReadOnlyList<PlanCall> calls, int start, int period, int rounds)
    {
        for (int later = start + 1; later < start + period; later++)
        {
            if (Rounds(calls, later, period).Count >= rounds)
            {
                return true;
            }
        }
        return false;
    }

    private static bool Varied(IReadOnlyList<PlanCall> calls, int start, int period)
    {
        for (int i = 1; i < period; i++)
        {
            if (calls[start + i].Name != calls[start].Name)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The first string by which one round differs from the first; null when it differs in more than strings and descriptors, or in nothing.</summary>
    private static string? Other(IReadOnlyList<PlanCall> calls, int first, int next, int period)
    {
        string? other = null;
        for (int i = 0; i < period; i++)
        {
            (string shape, List<string> strings) = Take(calls[first + i].Text);
            (string nextShape, List<string> nextStrings) = Take(calls[next + i].Text);
            if (shape != nextShape)
            {
                return null;
            }
            for (int s = 0; other is null && s < strings.Count; s++)
            {
                other = strings[s] == nextStrings[s] ? null : nextStrings[s];
            }
        }
        return other;
    }

    /// <summary>A text without its strings and the numbers of its descriptors, and the strings.</summary>
    private static (string Shape, List<string> Strings) Take(string text)
    {
        StringBuilder shape = new(text.Length);
        List<string> strings = [];
        for (int i = 0; i < text.Length; i++)
        {
            int end = text[i] == '"' ? text.IndexOf('"', i + 1) : -1;
            if (end > 0)
            {
                strings.Add(text[(i + 1)..end]);
                shape.Append("\"\"");
                i = end;
                continue;
            }
            shape.Append(text[i]);
            if (text.AsSpan(i).StartsWith("fd", StringComparison.Ordinal))
            {
                shape.Append('d');
                for (i++; i + 1 < text.Length && char.IsAsciiDigit(text[i + 1]); i++) { }
            }
        }
        return (shape.ToString(), strings);
    }
}
