using Skiff.Engine.Spec;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>Which ids of the host the containers with <c>--userns auto</c> have: no two have the same.</summary>
internal static class AutomaticIds
{
    /// <summary>Keeps others from choosing until the choice is recorded; null where nothing is chosen.</summary>
    internal static FileLock? Lock(SkiffEngine engine, RunOptions options)
    {
        if (options.Userns.Kind != NamespaceKind.Auto)
        {
            return null;
        }
        _ = Files.TryMakeDirectory(engine.Paths.Root, 0x1C0);
        return FileLock.Acquire(engine.Paths.Root + "/userns.lock");
    }

    /// <summary>Ids of the host that containers have.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="users">User ids, or else group ids.</param>
    internal static IReadOnlyList<IdMapping> Taken(SkiffEngine engine, bool users)
    {
        List<IdMapping> taken = [];
        foreach (ContainerRecord record in engine.Containers.List())
        {
            foreach (string text in users ? record.UidMap : record.GidMap)
            {
                taken.Add(IdMapGrammar.Parse("uidmap", text));
            }
        }
        return taken;
    }

    /// <summary>The maps of a container that is started again; null for a new one.</summary>
    internal static (ValueList<IdMapping> Uids, ValueList<IdMapping> Gids)? Of(ContainerRecord? before) =>
        before is { UidMap.Count: > 0 } ? (Maps(before.UidMap), Maps(before.GidMap)) : null;

    /// <summary>Maps as a record keeps them.</summary>
    internal static IReadOnlyList<string> Text(ValueList<IdMapping> map)
    {
        string[] lines = map.Count == 0 ? [] : new string[map.Count];
        for (int i = 0; i < lines.Length; i++)
        {
            lines[i] = IdMapGrammar.Format(map[i]);
        }
        return lines;
    }

    private static ValueList<IdMapping> Maps(IReadOnlyList<string> lines)
    {
        List<IdMapping> map = [];
        foreach (string line in lines)
        {
            map.Add(IdMapGrammar.Parse("uidmap", line));
        }
        return [.. map];
    }
}
