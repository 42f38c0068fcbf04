namespace Skiff.Linux.Cgroups;

/// <content>The difference between two sets of limits, for a cgroup that lives.</content>
public sealed partial record Resources
{
    /// <summary>Only what differs from <paramref name="old"/>. Memory and its sum with swap go together: the kernel compares them (version 1), or is told their difference (version 2).</summary>
    public Resources Since(Resources old)
    {
        bool memory = Memory != old.Memory || MemorySwap != old.MemorySwap;
        return new Resources
        {
            Memory = memory ? Memory : null,
            MemorySwap = memory ? MemorySwap : null,
            MemoryReservation = New(MemoryReservation, old.MemoryReservation),
            Swappiness = New(Swappiness, old.Swappiness),
            CpuShares = New(CpuShares, old.CpuShares),
            CpuQuota = New(CpuQuota, old.CpuQuota),
            CpuPeriod = New(CpuPeriod, old.CpuPeriod),
            CpuRealtimeRuntime = New(CpuRealtimeRuntime, old.CpuRealtimeRuntime),
            CpuRealtimePeriod = New(CpuRealtimePeriod, old.CpuRealtimePeriod),
            CpusetCpus = CpusetCpus == old.CpusetCpus ? null : CpusetCpus,
            CpusetMems = CpusetMems == old.CpusetMems ? null : CpusetMems,
            PidsLimit = New(PidsLimit, old.PidsLimit),
            BlkioWeight = New(BlkioWeight, old.BlkioWeight),
            BlkioWeightDevice = New(BlkioWeightDevice, old.BlkioWeightDevice),
            DeviceReadBps = New(DeviceReadBps, old.DeviceReadBps),
            DeviceWriteBps = New(DeviceWriteBps, old.DeviceWriteBps),
            DeviceReadIops = New(DeviceReadIops, old.DeviceReadIops),
            DeviceWriteIops = New(DeviceWriteIops, old.DeviceWriteIops),
        };
    }

    /// <summary>For taking a change back: what <paramref name="change"/> limits and this does not becomes the kernel's default again.</summary>
    public Resources OrUnlimited(Resources change) =>
        this with
        {
            Memory = change.Memory is null ? Memory : Memory ?? -1,
            MemorySwap = change.MemorySwap is null ? MemorySwap : MemorySwap ?? -1,
            MemoryReservation = change.MemoryReservation is null ? MemoryReservation : MemoryReservation ?? -1,
            CpuShares = change.CpuShares is null ? CpuShares : CpuShares ?? 1024,
            CpuQuota = change.CpuQuota is null ? CpuQuota : CpuQuota ?? -1,
            CpuPeriod = change.CpuPeriod is null ? CpuPeriod : CpuPeriod ?? CpuLimits.Period,
            BlkioWeight = change.BlkioWeight is null ? BlkioWeight : BlkioWeight ?? 100,
        };

    private static T? New<T>(T? value, T? old)
        where T : struct => EqualityComparer<T?>.Default.Equals(value, old) ? null : value;

    private static List<DeviceLimit> New(IReadOnlyList<DeviceLimit> limits, IReadOnlyList<DeviceLimit> old)
    {
        List<DeviceLimit> changed = [];
        foreach (DeviceLimit limit in limits)
        {
            if (!old.Contains(limit))
            {
                changed.Add(limit);
            }
        }
        return changed;
    }
}
