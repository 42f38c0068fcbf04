using System.Globalization;
using Skiff.Engine.Rootless;
using Skiff.Linux;
using Skiff.Linux.Capabilities;
using Skiff.Linux.Cgroups;

namespace Skiff.Engine.Spec;

public sealed partial record HostFacts
{
    /// <summary>Asks the host for what <paramref name="options"/> need: a few questions for a plain run.</summary>
    public static HostFacts Read(RunOptions options)
    {
        RootlessUser? user = RootlessUser.Current;
        uint uid = user?.Uid ?? (uint)RawCall.Invoke(SyscallNumber.geteuid);
        bool ranges = options.Userns.Kind is NamespaceKind.Private or NamespaceKind.KeepId or NamespaceKind.Auto or NamespaceKind.NoMap;
        string? name = ranges ? UserName(uid) : null;
        string? users = options.SubUidName ?? options.SubGidName;
        string? groups = options.SubGidName ?? options.SubUidName;
        bool rootless = user is not null;
        ValueList<IdMapping> ownUids = rootless ? UserIdMap.Own("uid_map") : default;
        ValueList<IdMapping> ownGids = rootless ? UserIdMap.Own("gid_map") : default;
        return new HostFacts
        {
            Rootless = rootless,
            OwnUids = ownUids,
            OwnGids = ownGids,
            Hostname = KernelName.Node is { Length: > 0 } node ? node : "localhost",
            Capabilities = Bounding(),
            Uid = uid,
            Gid = user?.Gid ?? (uint)RawCall.Invoke(SyscallNumber.getegid),
            SubordinateUids =
                rootless ? UserIdMap.Others(ownUids)
                : users is not null ? Range("/etc/subuid", uint.MaxValue, users)
                : ranges ? Range("/etc/subuid", uid, name)
                : null,
            SubordinateGids =
                rootless ? UserIdMap.Others(ownGids)
                : groups is not null ? Range("/etc/subgid", uint.MaxValue, groups)
                : ranges ? Range("/etc/subgid", uid, name)
                : null,
            SeLinux = !options.Security.Labels.IsEmpty && Files.Exists("/sys/fs/selinux/enforce"),
            SwapAccounting = options.Memory is null || LimitsSwap(),
            HasMessageQueues = options.Ipc.Kind != NamespaceKind.Host || Files.Exists("/dev/mqueue"),
            Processors = options.NanoCpus is null ? int.MaxValue : CpuLimits.OnlineCpus(),
            ThermalThrottleProcessors = Files.Exists("/sys/devices/system/cpu/cpu0/thermal_throttle")
                ? Count(Files.TryReadText("/sys/devices/system/cpu/possible", out _))
                : 0,
        };
    }

    /// <summary>The bounding set of this process. A process that may raise everything, and has inherited nothing, got that within the set, capabilities(7): the file in /proc takes the kernel a hundred times as long to write.</summary>
    private static CapabilitySet Bounding() =>
        ProcessCapabilities.Own() is { Permitted: var permitted, Inheritable.Size: 0 } && permitted == CapabilitySet.All
            ? permitted
            : Bounding(Files.TryReadText("/proc/self/status", out _));

    /// <summary>The CapBnd line of proc_pid_status(5).</summary>
    internal static CapabilitySet Bounding(string? status)
    {
        const string Key = "CapBnd:\t";
        int at = status?.IndexOf(Key, StringComparison.Ordinal) ?? -1;
        return
            at >= 0
            && ulong.TryParse(
                status.AsSpan(at + Key.Length, 16),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out ulong bits
            )
            ? new CapabilitySet(bits) & CapabilitySet.All
            : CapabilitySet.All;
    }

    /// <summary>The highest number of a list such as <c>0-7</c>, plus one.</summary>
    internal static int Count(string? list)
    {
        string text = list?.Trim() ?? "";
        int start = text.AsSpan().LastIndexOfAny('-', ',') + 1;
        return int.TryParse(text.AsSpan(start), NumberStyles.None, CultureInfo.InvariantCulture, out int last)
            ? Math.Min(last + 1, 4096)
            : 1;
    }

    /// <summary>The first range of a user in the text of /etc/subuid, subuid(5): <c>name-or-uid:first:count</c>. For root also podman's user <c>containers</c>.</summary>
    internal static IdMapping? ParseRange(string text, uint uid, string? name)
    {
        string number = uid.ToString(CultureInfo.InvariantCulture);
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            int first = line.IndexOf(':');
            int second = line.LastIndexOf(':');
            if (first <= 0 || second == first)
            {
                continue;
            }
            ReadOnlySpan<char> owner = line[..first];
            bool mine = owner.SequenceEqual(number) || owner.SequenceEqual(name) || (uid == 0 && owner is "containers");
            if (
                mine
                && uint.TryParse(line[(first + 1)..second], NumberStyles.None, CultureInfo.InvariantCulture, out uint start)
                && uint.TryParse(line[(second + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out uint count)
                && count > 0
            )
            {
                return new IdMapping(0, start, count);
            }
        }
        return null;
    }

    private static IdMapping? Range(string path, uint uid, string? name) =>
        Files.TryReadText(path, out _) is { } text ? ParseRange(text, uid, name) : null;

    /// <summary>The name of a user in /etc/passwd; null where it is not there.</summary>
    internal static string? UserName(uint uid)
    {
        string key = $":{uid}:";
        foreach (ReadOnlySpan<char> line in (Files.TryReadText("/etc/passwd", out _) ?? "").AsSpan().EnumerateLines())
        {
            int first = line.IndexOf(':');
            int second = first < 0 ? -1 : line[(first + 1)..].IndexOf(':');
            if (second >= 0 && line[(first + 1 + second)..].StartsWith(key))
            {
                return line[..first].ToString();
            }
        }
        return null;
    }

    /// <summary>cgroup v1 has memory.memsw files only with swap accounting; v2 has memory.swap.max wherever the kernel has swap at all.</summary>
    internal static bool LimitsSwap() =>
        Files.Exists("/sys/fs/cgroup/memory")
            ? Files.Exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes")
            : Files.Exists("/proc/swaps");
}
