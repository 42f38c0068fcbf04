using Skiff.Linux;
using Skiff.Linux.Cgroups;

namespace Skiff.Engine.Spec;

/// <summary>Turns <c>linux.resources</c> of a spec into the kernel part's <see cref="Resources"/>.</summary>
public static class KernelResources
{
    /// <summary>The same limits; one that Skiff cannot set is a <see cref="SkiffException"/>, not left out.</summary>
    public static Resources Of(ResourcesSpec? spec)
    {
        if (spec is null)
        {
            return Resources.None;
        }
        Refuse(
            spec.Memory?.Kernel is > 0 || spec.Memory?.KernelTcp is > 0,
            "linux.resources.memory.kernel",
            "Linux has not limited kernel memory apart since 5.16"
        );
        Refuse(
            spec.Network is { ClassId: not null } or { Priorities.IsEmpty: false },
            "linux.resources.network",
            "Skiff does not set net_cls and net_prio"
        );
        Refuse(!spec.Rdma.IsEmpty, "linux.resources.rdma", "Skiff does not set RDMA limits; use linux.resources.unified on cgroup v2");
        BlockIoSpec io = spec.BlockIo ?? new BlockIoSpec();
        Refuse(io.LeafWeight is not null, "linux.resources.blockIO.leafWeight", "Linux has no leaf weights since 5.0");
        return new Resources
        {
            Memory = spec.Memory?.Limit,
            MemorySwap = spec.Memory?.Swap,
            MemoryReservation = spec.Memory?.Reservation,
            Swappiness = spec.Memory?.Swappiness,
            OomKillDisable = spec.Memory?.DisableOomKiller ?? false,
            CpuShares = spec.Cpu?.Shares is 0 ? null : spec.Cpu?.Shares,
            CpuQuota = spec.Cpu?.Quota,
            CpuPeriod = spec.Cpu?.Period is 0 ? null : spec.Cpu?.Period,
            CpuBurst = spec.Cpu?.Burst,
            CpuIdle = spec.Cpu?.Idle,
            CpuRealtimeRuntime = spec.Cpu?.RealtimeRuntime,
            CpuRealtimePeriod = spec.Cpu?.RealtimePeriod,
            CpusetCpus = spec.Cpu?.Cpus is { Length: > 0 } cpus ? cpus : null,
            CpusetMems = spec.Cpu?.Mems is { Length: > 0 } mems ? mems : null,
            PidsLimit = spec.PidsLimit,
            BlkioWeight = io.Weight,
            BlkioWeightDevice = Map(io.WeightDevices, d => new DeviceLimit(d.Major, d.Minor, (ulong)(d.Weight ?? 0))),
            DeviceReadBps = Map(io.ReadBps, Limit),
            DeviceWriteBps = Map(io.WriteBps, Limit),
            DeviceReadIops = Map(io.ReadIops, Limit),
            DeviceWriteIops = Map(io.WriteIops, Limit),
            Hugetlb = Map(spec.HugepageLimits, h => (h.PageSize, h.Limit)),
            Unified = Map(spec.Unified, u => (u.Name, u.Value)),
            Devices = spec.Devices.IsEmpty ? null : Map(spec.Devices, Rule),
        };
    }

    private static DeviceLimit Limit(ThrottleDevice d) => new(d.Major, d.Minor, d.Rate);

    // An empty access means all of them (runtime-spec config-linux "Allowed Device list"); -1 stands for every number in docker's specs.
    private static Linux.Cgroups.DeviceRule Rule(DeviceRuleSpec d)
    {
        DeviceKind kind = d.Type switch
        {
            'b' => DeviceKind.Block,
            'c' or 'u' => DeviceKind.Char,
            _ => DeviceKind.All,
        };
        DeviceAccess access = DeviceAccess.All;
        if (d.Access.Length > 0 && !Linux.Cgroups.DeviceRule.TryAccess(d.Access, out access))
        {
            throw new SkiffException($"linux.resources.devices: \"{d.Access}\" is no access; write any of r, w and m", 125);
        }
        return new Linux.Cgroups.DeviceRule(d.Allow, kind, d.Major is < 0 ? null : d.Major, d.Minor is < 0 ? null : d.Minor, access);
    }

    private static TOut[] Map<TIn, TOut>(ValueList<TIn> list, Func<TIn, TOut> convert)
    {
        TOut[] result = new TOut[list.Count];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = convert(list[i]);
        }
        return result;
    }

    private static void Refuse(bool asked, string field, string reason)
    {
        if (asked)
        {
            throw new SkiffException($"{field}: {reason}; leave it out of the spec", 125);
        }
    }
}
