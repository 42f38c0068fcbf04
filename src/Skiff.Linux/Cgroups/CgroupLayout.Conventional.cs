namespace Skiff.Linux.Cgroups;

public sealed partial record CgroupLayout
{
    private const string Root = "/sys/fs/cgroup";
    private const long CGROUP_SUPER_MAGIC = 0x27e0eb;
    private const long CGROUP2_SUPER_MAGIC = 0x63677270;

    /// <summary>The layout of a host where everything is at its conventional place, which a question per hierarchy tells: the list of all mounts, which grows with the containers of others, need not be read.
    /// Null elsewhere. One version 2 hierarchy at <c>/sys/fs/cgroup</c> is taken for the only one, as by runc and systemd.</summary>
    /// <param name="cgroup">The text of /proc/self/cgroup: a line for each hierarchy that is in use.</param>
    /// <param name="typeOf">statfs(2): the type of the file system at a path, 0 where there is none.</param>
    internal static CgroupLayout? Conventional(ReadOnlySpan<byte> cgroup, Func<string, long> typeOf)
    {
        bool unifiedOnly = typeOf(Root) == CGROUP2_SUPER_MAGIC;
        List<CgroupHierarchy> hierarchies = [];
        string? own = null;
        foreach (Range range in cgroup.Split((byte)'\n'))
        {
            if (!TryMembership(cgroup[range], out string list, out string path))
            {
                continue;
            }
            if (list.Length == 0)
            {
                own = path;
            }
            else if (!unifiedOnly)
            {
                string mountPoint = $"{Root}/{(list.StartsWith("name=", StringComparison.Ordinal) ? list[5..] : list)}";
                if (typeOf(mountPoint) != CGROUP_SUPER_MAGIC)
                {
                    return null;
                }
                hierarchies.Insert(0, new CgroupHierarchy(list.Split(','), mountPoint, path)); // the oldest is the last line
            }
        }
        string unified = unifiedOnly ? Root : Root + "/unified";
        if (own is null || (!unifiedOnly && (hierarchies.Count == 0 || typeOf(unified) != CGROUP2_SUPER_MAGIC)))
        {
            return null;
        }
        return new CgroupLayout
        {
            Mode = unifiedOnly ? CgroupMode.V2 : CgroupMode.Hybrid,
            Hierarchies = [.. hierarchies],
            UnifiedMount = unified,
            UnifiedOwn = own,
        };
    }

    private static unsafe long TypeOf(string path)
    {
        long* buffer = stackalloc long[32]; // struct statfs begins with f_type
        fixed (byte* p = CString.Encode(path))
        {
            return RawCall.Invoke(SyscallNumber.statfs, (nint)p, (nint)buffer) == 0 ? *buffer : 0;
        }
    }
}
