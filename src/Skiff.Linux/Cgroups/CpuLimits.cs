namespace Skiff.Linux.Cgroups;

/// <summary><c>--cpus</c> in the scheduler's terms: a quota of microseconds per period (kernel: scheduler/sched-bwc.rst).</summary>
public static class CpuLimits
{
    /// <summary>The period docker uses: 100 ms.</summary>
    public const ulong Period = 100_000;

    /// <summary>The least quota the kernel accepts: 1 ms.</summary>
    public const long MinimumQuota = 1000;

    /// <summary>The quota per <see cref="Period"/> for a decimal number of CPUs such as <c>0.5</c>; 0 means no limit and gives null.</summary>
    /// <param name="text">What the user wrote after <c>--cpus</c>.</param>
    public static long? QuotaOfCpus(string text)
    {
        const System.Globalization.NumberStyles plain = System.Globalization.NumberStyles.AllowDecimalPoint;
        if (!decimal.TryParse(text, plain, System.Globalization.CultureInfo.InvariantCulture, out decimal cpus))
        {
            throw new SkiffException($"--cpus {text}: write a number of CPUs such as 2 or 0.5", 125);
        }
        if (cpus == 0)
        {
            return null;
        }
        if (cpus > Environment.ProcessorCount && cpus > OnlineCpus())
        {
            throw new SkiffException($"--cpus {text}: this host has {OnlineCpus()} CPUs; choose a number from 0.01 to {OnlineCpus()}", 125);
        }
        long quota = (long)(cpus * Period);
        return quota >= MinimumQuota
            ? quota
            : throw new SkiffException($"--cpus {text}: the kernel cannot give less than 0.01 CPUs (1 ms in 100 ms)", 125);
    }

    // Environment.ProcessorCount obeys the affinity of this process; the limit is about the host.
    private static int OnlineCpus() =>
        Files.TryReadText("/sys/devices/system/cpu/online", out _) is string text && NumberList.TryParse(text.Trim(), out NumberList? list)
            ? list.Numbers.Count
            : Environment.ProcessorCount;
}
