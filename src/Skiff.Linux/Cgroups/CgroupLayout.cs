using System.Text;
using Skiff.Linux.Mounts;

namespace Skiff.Linux.Cgroups;

/// <summary>Which of the kernel's two cgroup interfaces a host has mounted.</summary>
public enum CgroupMode
{
    /// <summary>Nothing usable is mounted: containers run without limits.</summary>
    None,

    /// <summary>Version 1 hierarchies only.</summary>
    V1,

    /// <summary>Version 1 hierarchies and a version 2 one (usually <c>/sys/fs/cgroup/unified</c>) beside them.</summary>
    Hybrid,

    /// <summary>One version 2 hierarchy for everything.</summary>
    V2,
}

/// <summary>One mounted version 1 hierarchy.</summary>
/// <param name="Names">Its controllers (<c>cpu</c>, <c>cpuacct</c>) or <c>name=systemd</c>.</param>
/// <param name="MountPoint">Where it is mounted.</param>
/// <param name="Own">The cgroup of this process in it, from /proc/self/cgroup.</param>
public sealed record CgroupHierarchy(string[] Names, string MountPoint, string Own);

/// <summary>Where the host's cgroup hierarchies are, cgroups(7): looked up once per command.</summary>
public sealed partial record CgroupLayout
{
    /// <summary>The interface in use.</summary>
    public required CgroupMode Mode { get; init; }

    /// <summary>Version 1 hierarchies in mount order, each once.</summary>
    public required CgroupHierarchy[] Hierarchies { get; init; }

    /// <summary>Mount point of the version 2 hierarchy, or null.</summary>
    public string? UnifiedMount { get; init; }

    /// <summary>This process's cgroup in the version 2 hierarchy, relative to its mount point's root.</summary>
    public string UnifiedOwn { get; init; } = "/";

    /// <summary>With <see cref="CgroupMode.None"/>: why there is nothing usable and what helps, as the end of a sentence that begins with a flag; null where nothing is mounted.</summary>
    public string? WhyNone { get; init; }

    /// <summary>Reads the layout of this process's mount namespace.</summary>
    public static CgroupLayout Detect()
    {
        byte[] cgroup = Files.TryReadAll("/proc/self/cgroup", out _) ?? [];
        return Conventional(cgroup, TypeOf)
            ?? Parse(
                Files.TryReadAll("/proc/self/mountinfo", out int errno) ?? throw new LinuxException("read", "/proc/self/mountinfo", errno),
                cgroup
            );
    }

    /// <summary>Computes the layout from the texts of the two files.</summary>
    public static CgroupLayout Parse(ReadOnlySpan<byte> mountinfo, ReadOnlySpan<byte> cgroup)
    {
        List<CgroupHierarchy> hierarchies = [];
        string? unified = null;
        foreach (MountInfoLine line in MountInfo.Lines(mountinfo))
        {
            if (line.FileSystem.SequenceEqual("cgroup2"u8))
            {
                // The same hierarchy can be mounted several times (a container's own view); the conventional places come first.
                unified ??= Encoding.UTF8.GetString(line.MountPoint());
            }
            else if (line.FileSystem.SequenceEqual("cgroup"u8) && HierarchyNames(line.SuperOptions) is { Length: > 0 } names)
            {
                if (!hierarchies.Exists(h => h.Names[0] == names[0]))
                {
                    string mountPoint = Encoding.UTF8.GetString(line.MountPoint());
                    hierarchies.Add(new CgroupHierarchy(names, mountPoint, OwnPath(cgroup, names[0])));
                }
            }
        }
        return new CgroupLayout
        {
            Mode =
                hierarchies.Count == 0
                    ? unified is null
                        ? CgroupMode.None
                        : CgroupMode.V2
                    : unified is null
                        ? CgroupMode.V1
                        : CgroupMode.Hybrid,
            Hierarchies = [.. hierarchies],
            UnifiedMount = unified,
            UnifiedOwn = OwnPath(cgroup, ""),
        };
    }

    /// <summary>The version 1 hierarchy of a controller, or null.</summary>
    public CgroupHierarchy? Find(string controller)
    {
        foreach (CgroupHierarchy hierarchy in Hierarchies)
        {
            foreach (string name in hierarchy.Names)
            {
                if (name == controller)
                {
                    return hierarchy;
                }
            }
        }
        return null;
    }

    /// <summary>True if limits of <paramref name="controller"/> (v2's word: <c>cpu memory pids io cpuset hugetlb</c>) can be set on this host.</summary>
    public bool HasController(string controller) =>
        Find(controller == "io" ? "blkio" : controller) is not null
        || (UnifiedMount is not null && CgroupV2.Lists(UnifiedMount + "/cgroup.controllers", controller));

    /// <summary>True if the kernel accounts swap per cgroup, so that <c>--memory-swap</c> can be set.</summary>
    public bool HasSwapLimit() =>
        Find("memory") is { } v1
            ? Files.Exists(v1.MountPoint + "/memory.memsw.limit_in_bytes")
            : UnifiedMount is not null && Files.Exists("/proc/swaps");

    /// <summary>True if this process may make cgroups: the first hierarchy is mounted writable and belongs to it.</summary>
    public bool IsWritable() =>
        Mode != CgroupMode.None && Files.IsWritable(Hierarchies.Length > 0 ? Hierarchies[0].MountPoint : UnifiedMount!);

    private static string[] HierarchyNames(ReadOnlySpan<byte> superOptions)
    {
        List<string> names = [];
        foreach (Range range in superOptions.Split((byte)','))
        {
            ReadOnlySpan<byte> option = superOptions[range];
            bool other =
                option.SequenceEqual("rw"u8)
                || option.SequenceEqual("ro"u8)
                || option.SequenceEqual("xattr"u8)
                || option.SequenceEqual("noprefix"u8)
                || option.SequenceEqual("clone_children"u8)
                || option.SequenceEqual("cpuset_v2_mode"u8)
                || option.StartsWith("release_agent="u8);
            if (!other && !option.IsEmpty)
            {
                names.Add(Encoding.UTF8.GetString(option));
            }
        }
        return [.. names];
    }

    private static string OwnPath(ReadOnlySpan<byte> cgroup, string name)
    {
        foreach (Range range in cgroup.Split((byte)'\n'))
        {
            if (
                TryMembership(cgroup[range], out string list, out string path)
                && (list == name || Array.IndexOf(list.Split(','), name) >= 0)
            )
            {
                return path;
            }
        }
        return "/";
    }

    // Lines "id:controllers:path"; version 2 is the line with an empty list.
    private static bool TryMembership(ReadOnlySpan<byte> line, out string list, out string path)
    {
        int first = line.IndexOf((byte)':');
        int second = first < 0 ? -1 : line[(first + 1)..].IndexOf((byte)':');
        list = second < 0 ? "" : Encoding.UTF8.GetString(line.Slice(first + 1, second));
        path = second < 0 ? "" : Encoding.UTF8.GetString(line[(first + second + 2)..]);
        return second >= 0;
    }
}
