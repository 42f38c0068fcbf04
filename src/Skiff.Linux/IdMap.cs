using System.Text;

namespace Skiff.Linux;

/// <summary>One line of a user namespace's uid_map or gid_map, user_namespaces(7).</summary>
/// <param name="Inside">First id inside.</param>
/// <param name="Outside">First id in the parent namespace.</param>
/// <param name="Count">How many.</param>
public readonly record struct IdRange(uint Inside, uint Outside, uint Count);

/// <summary>A map of user or group ids.</summary>
public static class IdMap
{
    /// <summary>The kernel takes at most 340 lines (UID_GID_MAP_MAX_EXTENTS, 4.15).</summary>
    public const int MaximumRanges = 340;

    /// <summary>Reads <c>--uidmap</c> or <c>--gidmap</c> values of the form inside:outside[:count].</summary>
    public static IReadOnlyList<IdRange> Parse(IEnumerable<string> values, string flag)
    {
        List<IdRange> ranges = [];
        foreach (string value in values)
        {
            string[] parts = value.Split(':');
            uint count = 1;
            if (
                parts.Length is not (2 or 3)
                || !TryNumber(parts[0], out uint inside)
                || !TryNumber(parts[1], out uint outside)
                || (parts.Length == 3 && !TryNumber(parts[2], out count))
                || count == 0
            )
            {
                throw new SkiffException(
                    $"{flag} {value}: write first id inside, first id on the host and how many, such as 0:100000:65536",
                    125
                );
            }
            ranges.Add(new IdRange(inside, outside, count));
        }
        Check(ranges, flag);
        return ranges;
    }

    /// <summary>The text for uid_map or gid_map: one write(2) of all lines.</summary>
    public static string Text(IEnumerable<IdRange> ranges)
    {
        StringBuilder text = new();
        foreach (IdRange range in ranges)
        {
            text.Append(range.Inside).Append(' ').Append(range.Outside).Append(' ').Append(range.Count).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>The ranges of <c>/etc/subuid</c> or <c>/etc/subgid</c> (subuid(5)) for a user, by name or number, in file order.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="user">Login name; may be empty.</param>
    /// <param name="id">User id.</param>
    public static IReadOnlyList<(uint First, uint Count)> ReadSubordinate(string text, string user, uint id)
    {
        List<(uint, uint)> ranges = [];
        foreach (string line in text.Split('\n'))
        {
            string[] parts = line.Trim().Split(':');
            bool own = parts.Length == 3 && (parts[0] == user || parts[0] == id.ToString()) && parts[0].Length > 0;
            if (own && TryNumber(parts[1], out uint first) && TryNumber(parts[2], out uint count) && count > 0)
            {
                ranges.Add((first, count));
            }
        }
        return ranges;
    }

    /// <summary>The map of a rootless container: the user becomes root, subordinate ids follow from 1 on.</summary>
    public static IReadOnlyList<IdRange> Rootless(uint id, IEnumerable<(uint First, uint Count)> subordinate)
    {
        List<IdRange> ranges = [new(0, id, 1)];
        uint next = 1;
        foreach ((uint first, uint count) in subordinate)
        {
            ranges.Add(new IdRange(next, first, count));
            next += count;
        }
        return ranges;
    }

    /// <summary>Refuses what the kernel would answer with a bare EINVAL: overlaps, overflows, too many lines.</summary>
    public static void Check(IReadOnlyList<IdRange> ranges, string flag)
    {
        if (ranges.Count > MaximumRanges)
        {
            throw new SkiffException(
                $"{flag}: {ranges.Count} ranges are more than the {MaximumRanges} that the kernel takes; join neighbouring ones",
                125
            );
        }
        for (int i = 0; i < ranges.Count; i++)
        {
            IdRange a = ranges[i];
            if ((ulong)a.Inside + a.Count > uint.MaxValue || (ulong)a.Outside + a.Count > uint.MaxValue)
            {
                throw new SkiffException($"{flag} {a.Inside}:{a.Outside}:{a.Count}: the range ends above the largest id, 4294967294", 125);
            }
            for (int j = 0; j < i; j++)
            {
                IdRange b = ranges[j];
                if (Overlaps(a.Inside, b.Inside, a.Count, b.Count) || Overlaps(a.Outside, b.Outside, a.Count, b.Count))
                {
                    throw new SkiffException(
                        $"{flag} {a.Inside}:{a.Outside}:{a.Count}: it overlaps {b.Inside}:{b.Outside}:{b.Count}; every id can be mapped once",
                        125
                    );
                }
            }
        }
    }

    private static bool Overlaps(uint a, uint b, uint countA, uint countB) => a < (ulong)b + countB && b < (ulong)a + countA;

    private static bool TryNumber(string text, out uint value) =>
        uint.TryParse(text, System.Globalization.NumberStyles.None, null, out value);
}
