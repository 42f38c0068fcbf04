using System.Globalization;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Engine.Rootless;

/// <summary>The ids that /etc/subuid and /etc/subgid give to a user beside the user's own, subuid(5).</summary>
internal static class SubordinateIds
{
    // uid_map takes 340 lines (Linux 4.15), the first is the user's own
    private const int MaxRanges = 339;

    /// <summary>The maps of the user's namespace: the user is root, the other ids follow from 1 on. Null where the user has none of either kind.</summary>
    internal static (ValueList<IdMapping> Uids, ValueList<IdMapping> Gids)? Of(uint uid, uint gid)
    {
        string? name = HostFacts.UserName(uid) ?? Environment.GetEnvironmentVariable("USER");
        ValueList<IdMapping> uids = Map(uid, Files.TryReadText("/etc/subuid", out _), uid, name);
        ValueList<IdMapping> gids = Map(gid, Files.TryReadText("/etc/subgid", out _), uid, name);
        return uids.Count > 1 && gids.Count > 1 ? (uids, gids) : null;
    }

    /// <summary>One map from the text of a file.</summary>
    internal static ValueList<IdMapping> Map(uint own, string? text, uint uid, string? name)
    {
        List<IdMapping> map = [new IdMapping(0, own, 1)];
        ulong next = 1;
        string number = uid.ToString(CultureInfo.InvariantCulture);
        foreach (string line in (text ?? "").Split('\n'))
        {
            string[] fields = line.Trim().Split(':');
            if (
                fields.Length == 3
                && (fields[0] == number || fields[0] == name)
                && uint.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint first)
                && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint count)
                && count > 0
                && next + count <= uint.MaxValue
                && map.Count <= MaxRanges
            )
            {
                map.Add(new IdMapping((uint)next, first, count));
                next += count;
            }
        }
        return [.. map];
    }
}
