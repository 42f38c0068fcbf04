using System.Globalization;

namespace Skiff.Engine.Spec;

/// <summary>Grammars of id maps: of a user namespace and of an id-mapped mount.</summary>
public static class IdMapGrammar
{
    /// <summary>Reads <c>container:host[:size]</c> of <c>--uidmap</c> and <c>--gidmap</c>.</summary>
    public static IdMapping Parse(string flag, string text)
    {
        string[] parts = text.Split(':');
        uint size = 1;
        if (
            parts.Length is 2 or 3
            && Number(parts[0], out uint inside)
            && Number(parts[1], out uint outside)
            && (parts.Length == 2 || Number(parts[2], out size))
            && size > 0
        )
        {
            return new IdMapping(inside, outside, size);
        }
        throw OptionValue.Wrong(flag, text, "expected container-id:host-id[:size], such as 0:100000:65536");
    }

    /// <summary>The canonical text of one mapping.</summary>
    public static string Format(IdMapping map) => $"{map.ContainerId}:{map.HostId}:{map.Size}";

    /// <summary>Checks the map of a mount, <c>uids=0-1000-1#…;gids=…</c> (crun's notation: container-host-size), and returns it.</summary>
    internal static string CheckMountMap(string flag, string whole, string map)
    {
        _ = ParseMountMap(flag, whole, map, "uids");
        return map;
    }

    /// <summary>The uid (<c>uids</c>) or gid (<c>gids</c>) part of a mount's map; empty when it has none.</summary>
    /// <exception cref="Skiff.Linux.SkiffException">The map is malformed.</exception>
    public static ValueList<IdMapping> ParseMountMap(string flag, string whole, string map, string kind)
    {
        List<IdMapping> result = [];
        foreach (string part in map.Length == 0 ? [] : map.Split(';'))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? "" : part[..equals];
            if (key is not ("uids" or "gids"))
            {
                throw OptionValue.Wrong(flag, whole, "an id map of a mount is written idmap=uids=0-1000-1;gids=0-1000-1");
            }
            foreach (string range in part[(equals + 1)..].Split('#'))
            {
                // crun's @ (relative to the container's namespace) is left to the runtime front door.
                string[] numbers = range.Split('-');
                if (
                    numbers.Length != 3
                    || !Number(numbers[0], out uint inside)
                    || !Number(numbers[1], out uint outside)
                    || !Number(numbers[2], out uint size)
                    || size == 0
                )
                {
                    throw OptionValue.Wrong(flag, whole, $"\"{range}\" is not container-host-size, such as 0-1000-1");
                }
                if (key == kind)
                {
                    result.Add(new IdMapping(inside, outside, size));
                }
            }
        }
        return [.. result];
    }

    private static bool Number(string text, out uint number) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
