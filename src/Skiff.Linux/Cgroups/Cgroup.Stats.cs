namespace Skiff.Linux.Cgroups;

public sealed partial class Cgroup
{
    /// <summary>Nanoseconds of a tick of USER_HZ, which is 100 on every architecture of Skiff.</summary>
    private const ulong NanosecondsPerTick = 10_000_000;

    /// <summary>Reads the counters; those of a cgroup that is gone are null.</summary>
    public CgroupStats ReadStats()
    {
        CgroupStats stats = ReadCpu(new CgroupStats());
        stats = ReadMemory(stats);
        stats = ReadIo(stats);
        string? pids = Find("pids") ?? UnifiedDirectory;
        return stats with
        {
            Pids = CgroupFile.Number(pids + "/pids.current"),
            PidsLimit = CgroupFile.Number(pids + "/pids.max"),
            CpuPressure = CgroupFile.Pressure(UnifiedDirectory + "/cpu.pressure"),
            MemoryPressure = CgroupFile.Pressure(UnifiedDirectory + "/memory.pressure"),
            IoPressure = CgroupFile.Pressure(UnifiedDirectory + "/io.pressure"),
        };
    }

    /// <summary>What the OOM killer did here; limit and peak only where it did anything. It must be read before the cgroup is removed; the counter of version 1 exists since kernel 4.13.</summary>
    public OomState ReadOom()
    {
        if (Find("memory") is string v1)
        {
            ReadOnlySpan<byte> control = Files.TryReadAll(v1 + "/memory.oom_control", out _);
            return CgroupFile.Key(control, "oom_kill"u8) is not (> 0 and var kills)
                ? default
                : new OomState(
                    kills,
                    CgroupFile.Number(v1 + "/memory.max_usage_in_bytes"),
                    CgroupFile.LimitV1(v1 + "/memory.limit_in_bytes")
                );
        }
        string? v2 = UnifiedDirectory;
        ReadOnlySpan<byte> events = Files.TryReadAll(v2 + "/memory.events", out _);
        return CgroupFile.Key(events, "oom_kill"u8) is not (> 0 and var killed)
            ? default
            : new OomState(killed, CgroupFile.Number(v2 + "/memory.peak"), CgroupFile.Number(v2 + "/memory.max"));
    }

    /// <summary>Watches the OOM killer; null where the host has no memory controller.</summary>
    public OomWatch? WatchOom() => OomWatch.TryOpen(Find("memory"), UnifiedDirectory);

    private CgroupStats ReadCpu(CgroupStats stats)
    {
        if (Find("cpuacct") is string accounting)
        {
            ReadOnlySpan<byte> ticks = Files.TryReadAll(accounting + "/cpuacct.stat", out _);
            stats = stats with
            {
                CpuUsage = CgroupFile.Number(accounting + "/cpuacct.usage"),
                CpuUser = CgroupFile.Key(ticks, "user"u8) * NanosecondsPerTick,
                CpuSystem = CgroupFile.Key(ticks, "system"u8) * NanosecondsPerTick,
            };
        }
        else
        {
            ReadOnlySpan<byte> times = Files.TryReadAll(UnifiedDirectory + "/cpu.stat", out _);
            stats = stats with
            {
                CpuUsage = CgroupFile.Key(times, "usage_usec"u8) * 1000,
                CpuUser = CgroupFile.Key(times, "user_usec"u8) * 1000,
                CpuSystem = CgroupFile.Key(times, "system_usec"u8) * 1000,
            };
        }
        string? cpu = Find("cpu");
        ReadOnlySpan<byte> throttling = Files.TryReadAll((cpu ?? UnifiedDirectory) + "/cpu.stat", out _);
        return stats with
        {
            CpuPeriods = CgroupFile.Key(throttling, "nr_periods"u8),
            CpuThrottledPeriods = CgroupFile.Key(throttling, "nr_throttled"u8),
            CpuThrottledTime = cpu is null
                ? CgroupFile.Key(throttling, "throttled_usec"u8) * 1000
                : CgroupFile.Key(throttling, "throttled_time"u8),
        };
    }

    private CgroupStats ReadMemory(CgroupStats stats)
    {
        if (Find("memory") is string v1)
        {
            ReadOnlySpan<byte> parts = Files.TryReadAll(v1 + "/memory.stat", out _);
            ulong? memory = CgroupFile.Number(v1 + "/memory.usage_in_bytes");
            ulong? sum = CgroupFile.Number(v1 + "/memory.memsw.usage_in_bytes");
            return stats with
            {
                Memory = memory,
                MemoryCache = CgroupFile.Key(parts, "total_cache"u8),
                MemoryInactiveFile = CgroupFile.Key(parts, "total_inactive_file"u8),
                MemoryPeak = CgroupFile.Number(v1 + "/memory.max_usage_in_bytes"),
                MemoryLimit = CgroupFile.LimitV1(v1 + "/memory.limit_in_bytes"),
                // The two files are read one after the other, so the difference may be off by a page or two.
                Swap =
                    sum >= memory ? sum - memory
                    : sum is null ? null
                    : 0,
            };
        }
        string? v2 = UnifiedDirectory;
        ReadOnlySpan<byte> text = Files.TryReadAll(v2 + "/memory.stat", out _);
        return stats with
        {
            Memory = CgroupFile.Number(v2 + "/memory.current"),
            MemoryCache = CgroupFile.Key(text, "file"u8),
            MemoryInactiveFile = CgroupFile.Key(text, "inactive_file"u8),
            MemoryPeak = CgroupFile.Number(v2 + "/memory.peak"),
            MemoryLimit = CgroupFile.Number(v2 + "/memory.max"),
            Swap = CgroupFile.Number(v2 + "/memory.swap.current"),
        };
    }

    private CgroupStats ReadIo(CgroupStats stats)
    {
        if (Find("blkio") is string v1)
        {
            ReadOnlySpan<byte> text = Files.TryReadAll(v1 + "/blkio.throttle.io_service_bytes_recursive", out int errno);
            return errno != 0
                ? stats
                : stats with
                {
                    IoRead = CgroupFile.SumOf(text, " Read "u8),
                    IoWrite = CgroupFile.SumOf(text, " Write "u8),
                };
        }
        ReadOnlySpan<byte> io = Files.TryReadAll(UnifiedDirectory + "/io.stat", out int missing);
        return missing != 0
            ? stats
            : stats with
            {
                IoRead = CgroupFile.SumOf(io, " rbytes="u8),
                IoWrite = CgroupFile.SumOf(io, " wbytes="u8),
            };
    }
}
