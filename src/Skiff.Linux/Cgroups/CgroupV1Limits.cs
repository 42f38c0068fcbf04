using Skiff.Linux.Actions;

namespace Skiff.Linux.Cgroups;

/// <summary>Limits of the version 1 controllers (kernel: admin-guide/cgroup-v1).</summary>
internal static class CgroupV1Limits
{
    internal static void Add(List<HostAction> actions, CgroupLayout layout, string path, Resources r, bool update)
    {
        string? Directory(string controller) => layout.Find(controller) is { } hierarchy ? hierarchy.MountPoint + path : null;
        if (Directory("memory") is string memory)
        {
            AddMemory(actions, memory, r, update);
        }
        if (Directory("cpu") is string cpu)
        {
            AddCpu(actions, cpu, r);
        }
        if (Directory("cpuset") is string cpuset)
        {
            Limit(actions, cpuset, "cpuset.cpus", r.CpusetCpus, "--cpuset-cpus");
            Limit(actions, cpuset, "cpuset.mems", r.CpusetMems, "--cpuset-mems");
        }
        if (Directory("pids") is string pids && r.PidsLimit is long limit)
        {
            Limit(actions, pids, "pids.max", limit <= 0 ? "max" : limit.ToString(), "--pids-limit");
        }
        if (Directory("blkio") is string blkio)
        {
            AddBlkio(actions, blkio, r);
        }
        if (Directory("hugetlb") is string hugetlb)
        {
            foreach ((string size, ulong bytes) in r.Hugetlb)
            {
                Limit(actions, hugetlb, $"hugetlb.{size}.limit_in_bytes", bytes.ToString(), $"hugepage limit {size}");
            }
        }
        if (Directory("devices") is string devices && r.Devices is { Count: > 0 } rules)
        {
            AddDevices(actions, devices, rules);
        }
    }

    private static void AddMemory(List<HostAction> actions, string directory, Resources r, bool update)
    {
        // The kernel keeps limit <= memsw.limit at every moment: when the sum rises it goes first, otherwise last.
        bool swapFirst =
            update && r.Memory is not null && r.MemorySwap is long swap && Rises(directory + "/memory.memsw.limit_in_bytes", swap);
        if (swapFirst)
        {
            Limit(actions, directory, "memory.memsw.limit_in_bytes", r.MemorySwap, "--memory-swap");
        }
        Limit(actions, directory, "memory.limit_in_bytes", r.Memory, "--memory");
        if (!swapFirst)
        {
            Limit(actions, directory, "memory.memsw.limit_in_bytes", r.MemorySwap, "--memory-swap");
        }
        Limit(actions, directory, "memory.soft_limit_in_bytes", r.MemoryReservation, "--memory-reservation");
        Limit(actions, directory, "memory.swappiness", (long?)r.Swappiness, "--memory-swappiness");
        if (r.OomKillDisable)
        {
            actions.Add(new WriteLimit(directory + "/memory.oom_control", "1", "--oom-kill-disable"));
        }
    }

    private static bool Rises(string file, long value) =>
        value < 0 || (long.TryParse(Files.TryReadText(file, out _), out long present) && value > present);

    private static void AddCpu(List<HostAction> actions, string directory, Resources r)
    {
        Limit(actions, directory, "cpu.shares", (long?)r.CpuShares, "--cpu-shares");
        Limit(actions, directory, "cpu.cfs_period_us", (long?)r.CpuPeriod, "--cpu-period");
        Limit(actions, directory, "cpu.cfs_quota_us", r.CpuQuota is 0 ? -1 : r.CpuQuota, "--cpus/--cpu-quota");
        Limit(actions, directory, "cpu.cfs_burst_us", (long?)r.CpuBurst, "cpu burst");
        Limit(actions, directory, "cpu.idle", r.CpuIdle, "cpu idle");
        Limit(actions, directory, "cpu.rt_period_us", (long?)r.CpuRealtimePeriod, "--cpu-rt-period");
        Limit(actions, directory, "cpu.rt_runtime_us", r.CpuRealtimeRuntime, "--cpu-rt-runtime");
    }

    private static void AddBlkio(List<HostAction> actions, string directory, Resources r)
    {
        // BFQ owns weights since the CFQ scheduler went (5.0); older kernels and some distributions have the plain names.
        if (r.BlkioWeight is int weight and not 0)
        {
            actions.Add(
                new WriteLimit(directory + "/blkio.bfq.weight", weight.ToString(), $"--blkio-weight {weight}", directory + "/blkio.weight")
            );
        }
        foreach (DeviceLimit d in r.BlkioWeightDevice)
        {
            string value = $"{d.Major}:{d.Minor} {d.Value}";
            actions.Add(
                new WriteLimit(
                    directory + "/blkio.bfq.weight_device",
                    value,
                    $"--blkio-weight-device {value}",
                    directory + "/blkio.weight_device"
                )
            );
        }
        Rates(actions, directory, "blkio.throttle.read_bps_device", r.DeviceReadBps, "--device-read-bps");
        Rates(actions, directory, "blkio.throttle.write_bps_device", r.DeviceWriteBps, "--device-write-bps");
        Rates(actions, directory, "blkio.throttle.read_iops_device", r.DeviceReadIops, "--device-read-iops");
        Rates(actions, directory, "blkio.throttle.write_iops_device", r.DeviceWriteIops, "--device-write-iops");
    }

    private static void Rates(List<HostAction> actions, string directory, string file, IReadOnlyList<DeviceLimit> limits, string flag)
    {
        foreach (DeviceLimit d in limits)
        {
            Limit(actions, directory, file, $"{d.Major}:{d.Minor} {d.Value}", flag);
        }
    }

    // Neighbouring rules of the same kind share one open file; their order is kept, later ones win.
    private static void AddDevices(List<HostAction> actions, string directory, IReadOnlyList<DeviceRule> rules)
    {
        for (int i = 0; i < rules.Count; )
        {
            bool allow = rules[i].Allow;
            List<string> lines = [];
            for (; i < rules.Count && rules[i].Allow == allow; i++)
            {
                lines.Add(rules[i].ToString());
            }
            actions.Add(new WriteDeviceRules(directory + (allow ? "/devices.allow" : "/devices.deny"), lines));
        }
    }

    private static void Limit(List<HostAction> actions, string directory, string file, long? value, string flag) =>
        Limit(actions, directory, file, value?.ToString(), flag);

    private static void Limit(List<HostAction> actions, string directory, string file, string? value, string flag)
    {
        if (value is not null)
        {
            actions.Add(new WriteLimit($"{directory}/{file}", value, $"{flag} {value}"));
        }
    }
}
