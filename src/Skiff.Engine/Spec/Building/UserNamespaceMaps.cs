using System.Globalization;
using Skiff.Engine.Rootless;
using Skiff.Linux;

namespace Skiff.Engine.Spec;

/// <summary>Chooses the id maps of a container's own user namespace, by podman's rules.</summary>
/// <param name="o">What was asked.</param>
/// <param name="c">The host's ranges, and who has which.</param>
internal readonly struct UserNamespaceMaps(RunOptions o, SpecContext c)
{
    /// <summary>podman's default size of an automatic range; <c>auto:size=N</c> overrides it.</summary>
    private const uint AutoSize = 65536;

    /// <summary>The maps of users and groups.</summary>
    /// <exception cref="SkiffException">There is no range of ids, or none left.</exception>
    public (ValueList<IdMapping> Uids, ValueList<IdMapping> Gids) Choose()
    {
        if (o.Userns.Kind == NamespaceKind.Auto && c.KeptIds is { } kept)
        {
            return kept;
        }
        if (!(o.UidMap.IsEmpty && o.GidMap.IsEmpty) && (o.SubUidName ?? o.SubGidName) is not null)
        {
            throw new SkiffException("--uidmap and --subuidname exclude each other: the one says which ids, the other whose", 125);
        }
        // docker and podman: one map given alone counts for both kinds of ids.
        ValueList<IdMapping> uids =
            !o.UidMap.IsEmpty ? o.UidMap
            : !o.GidMap.IsEmpty ? o.GidMap
            : Map("uid", c.Host.Uid, c.Host.SubordinateUids);
        ValueList<IdMapping> gids =
            !o.GidMap.IsEmpty ? o.GidMap
            : !o.UidMap.IsEmpty ? o.UidMap
            : Map("gid", c.Host.Gid, c.Host.SubordinateGids);
        Check(uids, "--uidmap");
        Check(gids, "--gidmap");
        return (uids, gids);
    }

    /// <summary>True when the map has an id of the container.</summary>
    public static bool Contains(ValueList<IdMapping> map, uint id)
    {
        foreach (IdMapping mapping in map)
        {
            if (id >= mapping.ContainerId && id - mapping.ContainerId < mapping.Size)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Those of some ids that are in the map; all of them without one.</summary>
    public static ValueList<uint> Only(ValueList<IdMapping> map, ValueList<uint> ids)
    {
        List<uint> mapped = [];
        foreach (uint id in ids)
        {
            if (map.IsEmpty || Contains(map, id))
            {
                mapped.Add(id);
            }
        }
        return [.. mapped];
    }

    /// <summary>The last id of the unbroken range of mapped ids that begins at <paramref name="id"/>; the greatest signed number without a map, null when it is not mapped.</summary>
    public static uint? LastFrom(ValueList<IdMapping> map, uint id)
    {
        if (map.IsEmpty)
        {
            return int.MaxValue;
        }
        uint? last = null;
        for (bool more = true; more; )
        {
            more = false;
            foreach (IdMapping mapping in map)
            {
                if (id >= mapping.ContainerId && id - mapping.ContainerId < mapping.Size)
                {
                    last = mapping.ContainerId + (mapping.Size - 1);
                    id = last.Value + 1;
                    more = id != 0;
                }
            }
        }
        return last;
    }

    /// <summary>The host's id of one in the container; the same without a map.</summary>
    public static uint ToHost(ValueList<IdMapping> map, uint id)
    {
        foreach (IdMapping mapping in map)
        {
            if (id >= mapping.ContainerId && id - mapping.ContainerId < mapping.Size)
            {
                return mapping.HostId + (id - mapping.ContainerId);
            }
        }
        return id;
    }

    /// <summary>The container's id of one of the host's; the same where the container has none for it.</summary>
    public static uint ToContainer(ValueList<IdMapping> map, uint id)
    {
        foreach (IdMapping mapping in map)
        {
            if (id >= mapping.HostId && id - mapping.HostId < mapping.Size)
            {
                return mapping.ContainerId + (id - mapping.HostId);
            }
        }
        return id;
    }

    // The kernel answers overlaps and overflows with a bare EINVAL.
    private static void Check(ValueList<IdMapping> map, string flag)
    {
        List<IdRange> ranges = [];
        foreach (IdMapping mapping in map)
        {
            ranges.Add(new IdRange(mapping.ContainerId, mapping.HostId, mapping.Size));
        }
        IdMap.Check(ranges, flag);
    }

    private ValueList<IdMapping> Map(string kind, uint caller, IdMapping? range)
    {
        string? name = kind == "uid" ? o.SubUidName ?? o.SubGidName : o.SubGidName ?? o.SubUidName;
        string asked = name is not null ? $"--sub{kind}name {name}" : "--userns " + OptionGrammar.Format(o.Userns);
        if (o.Userns.Kind == NamespaceKind.KeepId && caller == 0)
        {
            throw new SkiffException(
                "--userns keep-id keeps the caller's own id, but the caller is root: run it as that user, or use --uidmap",
                125
            );
        }
        if (o.Userns.Kind == NamespaceKind.NoMap && caller == 0)
        {
            throw new SkiffException(
                "--userns nomap leaves the caller's own id out, but the caller is root, who is never mapped: use --userns auto",
                125
            );
        }
        if (range is not { } ids)
        {
            throw c.Host.Rootless
                ? new SkiffException($"{asked} needs more ids than your own: {UserIdMap.MoreIds}", 125)
                : new SkiffException(
                    $"{asked} needs a range of ids for {name ?? (caller == 0 ? "root or containers" : "this user")} in /etc/sub{kind}: add a line such as {name ?? "containers"}:2147483648:1073741824, or give --{kind}map",
                    125
                );
        }
        if (o.Userns.Kind == NamespaceKind.Auto)
        {
            return [Free(kind, ids)];
        }
        return o.Userns.Kind == NamespaceKind.KeepId ? Keep(kind, caller, ids) : [new IdMapping(0, ids.HostId, ids.Size)];
    }

    /// <summary>The first piece of the range that no other container has.</summary>
    private IdMapping Free(string kind, IdMapping range)
    {
        uint size = Option("size") is { } text ? Number("size", text) : AutoSize;
        List<IdMapping> taken = [.. c.TakenIds(kind == "uid")];
        taken.Sort(static (a, b) => a.HostId.CompareTo(b.HostId));
        ulong start = range.HostId;
        foreach (IdMapping other in taken)
        {
            if (other.HostId < start + size && (ulong)other.HostId + other.Size > start)
            {
                start = (ulong)other.HostId + other.Size;
            }
        }
        return start + size <= (ulong)range.HostId + range.Size
            ? new IdMapping(0, (uint)start, size)
            : throw new SkiffException(
                $"--userns auto finds no {size} free ids in {range.HostId}–{(ulong)range.HostId + range.Size - 1} of /etc/sub{kind}: remove containers that have such ids, ask for fewer with auto:size=N, or make the range larger",
                125
            );
    }

    private ValueList<IdMapping> Keep(string kind, uint caller, IdMapping ids)
    {
        uint inside = Option(kind) is { } text ? Number(kind, text) : caller;
        List<IdMapping> map = [];
        uint below = Math.Min(inside, ids.Size);
        if (below > 0)
        {
            map.Add(new IdMapping(0, ids.HostId, below));
        }
        map.Add(new IdMapping(inside, c.Host.Rootless ? 0 : caller, 1)); // in a user's namespace the user is root
        if (ids.Size > below)
        {
            map.Add(new IdMapping(inside + 1, ids.HostId + below, ids.Size - below));
        }
        return [.. map];
    }

    private uint Number(string name, string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) && (number > 0 || name != "size")
            ? number
            : throw OptionValue.Wrong("userns", OptionGrammar.Format(o.Userns), $"{name} is a number");

    private string? Option(string name)
    {
        foreach (string field in o.Userns.Target.Split(','))
        {
            if (field.StartsWith(name + "=", StringComparison.Ordinal))
            {
                return field[(name.Length + 1)..];
            }
        }
        return null;
    }
}
