using Skiff.Engine.Spec;
using Skiff.Engine.Transfer;
using Skiff.Linux;

namespace Skiff.Engine.Rootless;

/// <summary>The id maps of the user namespace that this process is in, user_namespaces(7).</summary>
internal static class UserIdMap
{
    /// <summary>What gives an ordinary user's namespace more ids, as the end of a sentence.</summary>
    internal const string MoreIds =
        "get more ids: install the package uidmap, add a line such as USER:100000:65536 to /etc/subuid and /etc/subgid, and end your containers";

    /// <summary>Reads one of them.</summary>
    /// <param name="file"><c>uid_map</c> or <c>gid_map</c>.</param>
    internal static ValueList<IdMapping> Own(string file) => Parse(Files.TryReadText("/proc/self/" + file, out _) ?? "");

    /// <summary>The lines of such a file: an id inside, the one outside, how many. Empty for the host's own.</summary>
    internal static ValueList<IdMapping> Parse(string text)
    {
        List<IdMapping> map = [];
        foreach (IdRange range in ContainerIds.Parse(text))
        {
            map.Add(new IdMapping(range.Inside, range.Outside, range.Count));
        }
        return [.. map];
    }

    /// <summary>The ids of an ordinary user's namespace beside the user's own, as it counts them: all that follow 0; null for none.</summary>
    internal static IdMapping? Others(ValueList<IdMapping> map)
    {
        uint last = UserNamespaceMaps.LastFrom(map, 0) ?? 0;
        return last == 0 ? null : new IdMapping(0, 1, last);
    }

    /// <summary>Who an id of the namespace is outside of it; null for nobody.</summary>
    internal static uint? Outside(ValueList<IdMapping> map, uint inside)
    {
        foreach (IdMapping mapping in map)
        {
            if (inside >= mapping.ContainerId && inside - mapping.ContainerId < mapping.Size)
            {
                return mapping.HostId + (inside - mapping.ContainerId);
            }
        }
        return null;
    }
}
