namespace Skiff.Linux.Cgroups;

/// <summary>Refuses, before anything is made, limits that are out of range or that this host has no controller for.</summary>
internal static class LimitChecks
{
    internal static void Check(CgroupLayout layout, Resources r)
    {
        Controller(layout, "memory", r.Memory is not null, "--memory");
        Controller(layout, "memory", r.MemorySwap is not null, "--memory-swap");
        Controller(layout, "memory", r.MemoryReservation is not null, "--memory-reservation");
        Controller(layout, "cpu", r.CpuShares is not null, "--cpu-shares");
        Controller(layout, "cpu", r.CpuQuota is not null || r.CpuPeriod is not null, "--cpus/--cpu-quota/--cpu-period");
        Controller(layout, "cpuset", r.CpusetCpus is not null, "--cpuset-cpus");
        Controller(layout, "cpuset", r.CpusetMems is not null, "--cpuset-mems");
        Controller(layout, "pids", r.PidsLimit is > 0, "--pids-limit");
        Controller(layout, "io", r.BlkioWeight is not (null or 0) || r.BlkioWeightDevice.Count > 0, "--blkio-weight");
        Controller(layout, "io", r.DeviceReadBps.Count + r.DeviceWriteBps.Count > 0, "--device-read-bps/--device-write-bps");
        Controller(layout, "io", r.DeviceReadIops.Count + r.DeviceWriteIops.Count > 0, "--device-read-iops/--device-write-iops");
        Controller(layout, "hugetlb", r.Hugetlb.Count > 0, "a hugepage limit");
        Memory(layout, r);
        Cpu(layout, r);
        Cpuset(layout, "cpuset.cpus", r.CpusetCpus, "--cpuset-cpus", "CPUs");
        Cpuset(layout, "cpuset.mems", r.CpusetMems, "--cpuset-mems", "memory nodes");
        if (r.BlkioWeight is int weight and (< 0 or (> 0 and < 10) or > 1000))
        {
            throw Refuse($"--blkio-weight {weight}: the weight is a number from 10 to 1000, or 0 for none");
        }
        foreach (DeviceLimit d in r.BlkioWeightDevice)
        {
            if (d.Value is < 10 or > 1000)
            {
                throw Refuse($"--blkio-weight-device {d.Major}:{d.Minor} {d.Value}: the weight is a number from 10 to 1000");
            }
        }
        Unified(layout, r);
    }

    private static void Memory(CgroupLayout layout, Resources r)
    {
        if (r.MemorySwap is >= 0 && r.Memory is > 0 && r.MemorySwap < r.Memory)
        {
            throw Refuse(
                $"--memory-swap {r.MemorySwap}: it is the sum of memory and swap, so it cannot be smaller than --memory {r.Memory}; -1 means unlimited swap"
            );
        }
        if (r.MemoryReservation is > 0 && r.Memory is > 0 && r.MemoryReservation > r.Memory)
        {
            throw Refuse($"--memory-reservation {r.MemoryReservation}: it must not be larger than --memory {r.Memory}");
        }
        if (r.Swappiness is > 100)
        {
            throw Refuse($"--memory-swappiness {r.Swappiness}: the value is a number from 0 to 100");
        }
        bool v1 = layout.Find("memory") is not null;
        if (r.Swappiness is not null && !v1)
        {
            throw Refuse("--memory-swappiness: cgroup v2 has no swappiness per cgroup; leave it out, or limit swap with --memory-swap");
        }
        if (r.OomKillDisable && !v1)
        {
            throw Refuse(
                "--oom-kill-disable: cgroup v2 cannot switch the OOM killer off for a cgroup; leave it out, or protect memory with --memory-reservation"
            );
        }
        if (r.MemorySwap is not null && !layout.HasSwapLimit())
        {
            throw Refuse("--memory-swap: this kernel does not account swap per cgroup (boot it with swapaccount=1, or leave the flag out)");
        }
    }

    private static void Cpu(CgroupLayout layout, Resources r)
    {
        if (r.CpuPeriod is ulong period and not 0 and (< 1000 or > 1_000_000))
        {
            throw Refuse($"--cpu-period {period}: the kernel takes 1000 to 1000000 microseconds");
        }
        if (r.CpuQuota is long quota and > 0 and < CpuLimits.MinimumQuota)
        {
            throw Refuse($"--cpu-quota {quota}: the kernel takes at least {CpuLimits.MinimumQuota} microseconds, or -1 for no limit");
        }
        if (r.CpuShares is 1 or > 262144)
        {
            throw Refuse($"--cpu-shares {r.CpuShares}: the weight is a number from 2 to 262144; 1024 is the default");
        }
        if (r.CpuRealtimeRuntime is not (null or 0) || r.CpuRealtimePeriod is not null)
        {
            if (layout.Find("cpu") is not { } cpu)
            {
                throw Refuse("--cpu-rt-runtime/--cpu-rt-period: cgroup v2 has no real-time limits; leave them out");
            }
            if (!Files.Exists(cpu.MountPoint + "/cpu.rt_runtime_us"))
            {
                throw Refuse("--cpu-rt-runtime/--cpu-rt-period: this kernel is built without CONFIG_RT_GROUP_SCHED; leave them out");
            }
        }
    }

    private static void Cpuset(CgroupLayout layout, string file, string? list, string flag, string what)
    {
        if (list is null)
        {
            return;
        }
        NumberList wanted = NumberList.TryParse(list, out NumberList? parsed)
            ? parsed
            : throw Refuse($"{flag} {list}: write numbers and ranges separated by commas, such as 0-3,5");
        // The root's effective list: what is online. "cpuset.effective_cpus" in version 1, "cpuset.cpus.effective" in version 2.
        string path = layout.Find("cpuset") is { } v1
            ? $"{v1.MountPoint}/cpuset.effective_{file[7..]}"
            : $"{layout.UnifiedMount}/{file}.effective";
        if (
            Files.TryReadText(path, out _) is string text
            && NumberList.TryParse(text.Trim(), out NumberList? present)
            && !wanted.IsSubsetOf(present)
        )
        {
            throw Refuse($"{flag} {list}: this host has the {what} {text.Trim()}; ask for some of those");
        }
    }

    private static void Unified(CgroupLayout layout, Resources r)
    {
        foreach ((string file, string _) in r.Unified)
        {
            int dot = file.IndexOf('.');
            if (dot <= 0 || file.Contains('/') || file.Contains('\0'))
            {
                throw Refuse($"--cgroup-conf {file}: name a file of cgroup v2 such as memory.high");
            }
            if (
                layout.UnifiedMount is null
                || (file[..dot] != "cgroup" && !CgroupV2.Lists(layout.UnifiedMount + "/cgroup.controllers", file[..dot]))
            )
            {
                throw Refuse($"--cgroup-conf {file}: this host has no {file[..dot]} controller in cgroup v2");
            }
        }
    }

    private static void Controller(CgroupLayout layout, string controller, bool asked, string flag)
    {
        if (asked && !layout.HasController(controller))
        {
            throw Refuse(
                layout.WhyNone is { } why ? $"{flag}: {why}, or leave the flag out"
                : layout.Mode == CgroupMode.None
                    ? $"{flag}: no cgroup file system is mounted, so nothing can be limited; mount it (mount -t cgroup2 none /sys/fs/cgroup) or leave the flag out"
                : $"{flag}: this host offers no {controller} controller ({(layout.UnifiedMount is null ? "/proc/cgroups" : layout.UnifiedMount + "/cgroup.controllers")} lists those it has); enable it on the kernel command line or for this user's slice, or leave the flag out"
            );
        }
    }

    private static SkiffException Refuse(string sentence) => new(sentence, 125);
}
