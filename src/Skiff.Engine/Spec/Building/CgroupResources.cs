using Skiff.Linux.Cgroups;
using CgroupRule = Skiff.Linux.Cgroups.DeviceRule;

namespace Skiff.Engine.Spec;

/// <summary>The limits of a spec in the words of the cgroup code.</summary>
public static class CgroupResources
{
    /// <summary>Translates field by field.</summary>
    /// <param name="spec"><c>linux.resources</c>.</param>
    public static Resources From(ResourcesSpec spec) =>
        new()
        {
            Memory = spec.Memory?.Limit,
            MemorySwap = spec.Memory?.Swap,
            MemoryReservation = spec.Memory?.Reservation,
            Swappiness = spec.Memory?.Swappiness,
            OomKillDisable = spec.Memory?.DisableOomKiller ?? false,
            CpuShares = spec.Cpu?.Shares,
            CpuQuota = spec.Cpu?.Quota,
            CpuPeriod = spec.Cpu?.Period,
            CpuBurst = spec.Cpu?.Burst,
            CpuIdle = spec.Cpu?.Idle,
            CpuRealtimeRuntime = spec.Cpu?.RealtimeRuntime,
            CpuRealtimePeriod = spec.Cpu?.RealtimePeriod,
            CpusetCpus = spec.Cpu?.Cpus,
            CpusetMems = spec.Cpu?.Mems,
            PidsLimit = spec.PidsLimit,
            BlkioWeight = spec.BlockIo?.Weight,
            BlkioWeightDevice = Weights(spec.BlockIo),
            DeviceReadBps = Rates(spec.BlockIo?.ReadBps ?? default),
            DeviceWriteBps = Rates(spec.BlockIo?.WriteBps ?? default),
            DeviceReadIops = Rates(spec.BlockIo?.ReadIops ?? default),
            DeviceWriteIops = Rates(spec.BlockIo?.WriteIops ?? default),
            Hugetlb = Huge(spec.HugepageLimits),
            Unified = Files(spec.Unified),
            Devices = Rules(spec.Devices),
        };

    private static DeviceLimit[] Weights(BlockIoSpec? io)
    {
        if (io is null || io.WeightDevices.IsEmpty)
        {
            return [];
        }
        DeviceLimit[] result = new DeviceLimit[io.WeightDevices.Count];
        for (int i = 0; i < result.Length; i++)
        {
            WeightDevice device = io.WeightDevices[i];
            result[i] = new DeviceLimit(device.Major, device.Minor, (ulong)(device.Weight ?? 0));
        }
        return result;
    }

    private static DeviceLimit[] Rates(ValueList<ThrottleDevice> devices)
    {
        DeviceLimit[] result = devices.IsEmpty ? [] : new DeviceLimit[devices.Count];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = new DeviceLimit(devices[i].Major, devices[i].Minor, devices[i].Rate);
        }
        return result;
    }

    private static (string PageSize, ulong Limit)[] Huge(ValueList<HugepageLimit> limits)
    {
        (string, ulong)[] result = limits.IsEmpty ? [] : new (string, ulong)[limits.Count];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = (limits[i].PageSize, limits[i].Limit);
        }
        return result;
    }

    private static (string File, string Value)[] Files(ValueList<NameValue> files)
    {
        (string, string)[] result = files.IsEmpty ? [] : new (string, string)[files.Count];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = (files[i].Name, files[i].Value);
        }
        return result;
    }

    /// <summary>null, which leaves devices alone, for no rules and for the one rule of privileged containers that allows everything.</summary>
    private static CgroupRule[]? Rules(ValueList<DeviceRuleSpec> rules)
    {
        if (rules.IsEmpty || (rules.Count == 1 && rules[0] is { Allow: true, Type: 'a', Major: null, Minor: null }))
        {
            return null;
        }
        CgroupRule[] result = new CgroupRule[rules.Count];
        for (int i = 0; i < result.Length; i++)
        {
            DeviceRuleSpec rule = rules[i];
            DeviceAccess access = DeviceAccess.None;
            foreach (char c in rule.Access)
            {
                access |= c switch
                {
                    'r' => DeviceAccess.Read,
                    'w' => DeviceAccess.Write,
                    _ => DeviceAccess.Mknod,
                };
            }
            result[i] = new CgroupRule(
                rule.Allow,
                (DeviceKind)rule.Type,
                rule.Major,
                rule.Minor,
                access == DeviceAccess.None ? DeviceAccess.All : access
            );
        }
        return result;
    }
}
