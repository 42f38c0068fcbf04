using System.Diagnostics.CodeAnalysis;

namespace Skiff.Linux.Cgroups;

/// <summary>The kernel's list format of CPUs and memory nodes, cpuset(7): <c>0-3,7</c>.</summary>
public sealed class NumberList
{
    private const int Limit = 8192;
    private readonly SortedSet<int> _numbers = [];

    /// <summary>The numbers in ascending order.</summary>
    public IReadOnlyCollection<int> Numbers => _numbers;

    /// <summary>Reads a list; an empty one, a falling range or a number of 8192 and more is no list.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NumberList? list)
    {
        list = new NumberList();
        foreach (string part in text.Split(','))
        {
            int dash = part.IndexOf('-');
            bool ok = int.TryParse(dash < 0 ? part : part[..dash], System.Globalization.NumberStyles.None, null, out int first);
            int last = first;
            ok &= dash < 0 || int.TryParse(part[(dash + 1)..], System.Globalization.NumberStyles.None, null, out last);
            if (!ok || last < first || last >= Limit)
            {
                list = null;
                return false;
            }
            for (int i = first; i <= last; i++)
            {
                list._numbers.Add(i);
            }
        }
        return true;
    }

    /// <summary>True if every number is in the other list.</summary>
    public bool IsSubsetOf(NumberList other) => _numbers.IsSubsetOf(other._numbers);
}
