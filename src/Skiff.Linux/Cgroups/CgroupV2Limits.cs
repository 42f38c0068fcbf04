using Skiff.Linux.Actions;

namespace Skiff.Linux.Cgroups;

/// <summary>Limits of the version 2 controllers (kernel: admin-guide/cgroup-v2.rst), for those that no version 1 hierarchy owns.</summary>
internal static class CgroupV2Limits
{
    internal static void Add(List<HostAction> actions, CgroupLayout layout, string directory, Resources r)
    {
        if (layout.Find("memory") is null)
        {
            AddMemory(actions, directory, r);
        }
        if (layout.Find("cpu") is null)
        {
            AddCpu(actions, directory, r);
        }
        if (layout.Find("cpuset") is null)
        {
            Limit(actions, directory, "cpuset.cpus", r.CpusetCpus, "--cpuset-cpus");
            Limit(actions, directory, "cpuset.mems", r.CpusetMems, "--cpuset-mems");
        }
        if (layout.Find("pids") is null && r.PidsLimit is long limit)
        {
            Limit(actions, directory, "pids.max", limit <= 0 ? "max" : limit.ToString(), "--pids-limit");
        }
        if (layout.Find("blkio") is null)
        {
            AddIo(actions, directory, r);
        }
        if (layout.Find("hugetlb") is null)
        {
            foreach ((string size, ulong bytes) in r.Hugetlb)
            {
                Limit(actions, directory, $"hugetlb.{size}.max", bytes.ToString(), $"hugepage limit {size}");
            }
        }
        foreach ((string file, string value) in r.Unified)
        {
            Limit(actions, directory, file, value, $"--cgroup-conf {file}=");
        }
        if (layout.Find("devices") is null && r.Devices is { Count: > 0 } rules)
        {
            actions.Add(new AttachDeviceProgram(directory, rules));
        }
    }

    /// <summary>cpu.weight for version 1 shares: 2→1, 1024→100, 262144→10000 on the curve that runc 1.3.2 and crun 1.23 agreed on, which unlike the old
    /// straight line keeps the default at the default.</summary>
    public static int WeightOfShares(ulong shares)
    {
        if (shares <= 2)
        {
            return 1;
        }
        if (shares >= 262144)
        {
            return 10000;
        }
        const double Log2Of10 = 3.321928094887362;
        double l = PowerOfTwo.Log2(shares);
        double exponent = (((l * l) + (125 * l)) / 612.0) - (7.0 / 34.0); // to the base of 10
        // The small term keeps a whole result such as 100 from being rounded up.
        return (int)Math.Ceiling(PowerOfTwo.Exp2(exponent * Log2Of10) - 1e-9);
    }

    private static void AddMemory(List<HostAction> actions, string directory, Resources r)
    {
        Limit(actions, directory, "memory.max", Max(r.Memory), "--memory");
        if (r.MemorySwap is long sum)
        {
            // memory.swap.max is swap alone. LimitChecks has seen to it that a sum comes with a memory limit, given now or set before.
            long memory = r.Memory ?? Present(directory + "/memory.max");
            if (sum >= 0 && (memory < 0 || sum < memory))
            {
                throw new SkiffException(
                    $"--memory-swap {sum}: it is the sum of memory and swap, so it needs --memory and cannot be smaller than it",
                    125
                );
            }
            Limit(actions, directory, "memory.swap.max", sum < 0 ? "max" : (sum - memory).ToString(), "--memory-swap");
        }
        Limit(actions, directory, "memory.low", Max(r.MemoryReservation), "--memory-reservation");
    }

    private static long Present(string file) => long.TryParse(Files.TryReadText(file, out _), out long value) ? value : -1;

    private static void AddCpu(List<HostAction> actions, string directory, Resources r)
    {
        if (r.CpuShares is ulong shares and not 0)
        {
            actions.Add(new WriteLimit(directory + "/cpu.weight", WeightOfShares(shares).ToString(), $"--cpu-shares {shares}"));
        }
        if (r.CpuQuota is not null || r.CpuPeriod is not null)
        {
            // "quota period"; a quota alone keeps the period, a period alone must repeat the quota.
            string quota = r.CpuQuota is long q
                ? (q <= 0 ? "max" : q.ToString())
                : Files.TryReadText(directory + "/cpu.max", out _)?.Split(' ')[0] ?? "max";
            string value = r.CpuPeriod is ulong period ? $"{quota} {period}" : quota;
            Limit(actions, directory, "cpu.max", value, "--cpus/--cpu-quota/--cpu-period");
        }
        Limit(actions, directory, "cpu.max.burst", r.CpuBurst?.ToString(), "cpu burst");
        Limit(actions, directory, "cpu.idle", r.CpuIdle?.ToString(), "cpu idle");
    }

    private static void AddIo(List<HostAction> actions, string directory, Resources r)
    {
        if (r.BlkioWeight is int weight and not 0)
        {
            AddWeight(actions, directory, "default", (ulong)weight, $"--blkio-weight {weight}");
        }
        foreach (DeviceLimit d in r.BlkioWeightDevice)
        {
            AddWeight(actions, directory, $"{d.Major}:{d.Minor}", d.Value, $"--blkio-weight-device {d.Major}:{d.Minor} {d.Value}");
        }
        Rates(actions, directory, "rbps", r.DeviceReadBps, "--device-read-bps");
        Rates(actions, directory, "wbps", r.DeviceWriteBps, "--device-write-bps");
        Rates(actions, directory, "riops", r.DeviceReadIops, "--device-read-iops");
        Rates(actions, directory, "wiops", r.DeviceWriteIops, "--device-write-iops");
    }

    // io.bfq.weight takes 1-1000 as it is; io.weight (iocost) 1-10000, so 10-1000 is stretched.
    private static void AddWeight(List<HostAction> actions, string directory, string device, ulong weight, string asked)
    {
        ulong stretched = 1 + ((weight - 10) * 9999 / 990);
        actions.Add(new WriteIoWeight(directory, device, weight, stretched, asked));
    }

    private static void Rates(List<HostAction> actions, string directory, string key, IReadOnlyList<DeviceLimit> limits, string flag)
    {
        foreach (DeviceLimit d in limits)
        {
            string value = $"{d.Major}:{d.Minor} {key}={(d.Value == 0 ? "max" : d.Value.ToString())}";
            Limit(actions, directory, "io.max", value, flag);
        }
    }

    private static string? Max(long? value) => value is long v ? (v < 0 ? "max" : v.ToString()) : null;

    private static void Limit(List<HostAction> actions, string directory, string file, string? value, string flag)
    {
        if (value is not null)
        {
            actions.Add(new WriteLimit($"{directory}/{file}", value, $"{flag} {value}"));
        }
    }
}

/// <summary>Writes a block I/O weight to <c>io.bfq.weight</c>, or where BFQ is not there to <c>io.weight</c> on its own scale.</summary>
/// <param name="Directory">The cgroup.</param>
/// <param name="Device"><c>default</c> or <c>major:minor</c>.</param>
/// <param name="Bfq">Weight 1–1000.</param>
/// <param name="Iocost">Weight 1–10000.</param>
/// <param name="Asked">The user's flag.</param>
internal sealed record WriteIoWeight(string Directory, string Device, ulong Bfq, ulong Iocost, string Asked) : HostAction
{
    private bool HasBfq => Files.Exists(Directory + "/io.bfq.weight");

    /// <inheritdoc/>
    public override string Text => HasBfq ? Write("io.bfq.weight", Bfq).Text : Write("io.weight", Iocost).Text;

    /// <inheritdoc/>
    public override string ManPage => "cgroups(7)";

    /// <inheritdoc/>
    public override void Run() => (HasBfq ? Write("io.bfq.weight", Bfq) : Write("io.weight", Iocost)).Run();

    private WriteLimit Write(string file, ulong weight) => new($"{Directory}/{file}", $"{Device} {weight}", Asked);
}
