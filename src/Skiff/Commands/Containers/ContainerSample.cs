using System.Diagnostics;
using System.Globalization;
using Skiff.Display;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Format;
using Skiff.Linux;
using Skiff.Linux.Cgroups;

namespace Skiff.Commands.Containers;

/// <summary>What one container had used at one moment.</summary>
/// <param name="Record">The container.</param>
/// <param name="IsUp">Whether it runs.</param>
/// <param name="Stats">The counters of its cgroup; empty when it does not run.</param>
/// <param name="Network">Bytes received and sent over its links; null where the network is not its own.</param>
/// <param name="Taken">When, in ticks of the monotonic clock.</param>
internal sealed record ContainerSample(
    ContainerRecord Record,
    bool IsUp,
    CgroupStats Stats,
    (ulong Received, ulong Sent)? Network,
    long Taken
)
{
    private const string Unknown = "--";

    /// <summary>Reads the counters.</summary>
    public static ContainerSample Take(ContainerRecord record, ContainerState state)
    {
        bool ownNetwork = record.NetworkMode != "host" && state.IsUp;
        return new ContainerSample(
            record,
            state.IsUp,
            state.IsUp ? ContainerProcesses.Stats(record, state) : new CgroupStats(),
            ownNetwork ? Traffic(Files.TryReadText($"/proc/{state.Process.Pid}/net/dev", out _) ?? "") : null,
            Stopwatch.GetTimestamp()
        );
    }

    /// <summary>A row with docker's fields.</summary>
    /// <param name="before">The sample to compare with, for shares of time.</param>
    /// <param name="hostMemory">Bytes, the limit of a container without one.</param>
    /// <param name="full">Whole ids.</param>
    /// <param name="asked">What the user called it; null where it was not named: then its full id counts, as in docker.</param>
    public Value Row(ContainerSample before, double hostMemory, bool full, string? asked)
    {
        // As docker counts: caches that can be dropped at once are not use.
        double used = Math.Max(0, (double)(Stats.Memory ?? 0) - (Stats.MemoryInactiveFile ?? 0));
        double limit = IsUp ? Math.Min(Stats.MemoryLimit ?? ulong.MaxValue, hostMemory) : 0;
        return Value.Row(
            Record.Labels,
            ("BlockIO", Value.Of($"{Human.ShortSize(Stats.IoRead ?? 0)} / {Human.ShortSize(Stats.IoWrite ?? 0)}")),
            ("CPUPerc", Value.Of(Percent(Processors(before)))),
            ("CPUPressure", Value.Of(Text(Stats.CpuPressure))),
            ("Container", Value.Of(asked ?? Record.Id)),
            ("ID", Value.Of(full ? Record.Id : Record.ShortId)),
            ("IOPressure", Value.Of(Text(Stats.IoPressure))),
            ("MemPerc", Value.Of(Percent(limit > 0 ? used / limit : 0))),
            ("MemPressure", Value.Of(Text(Stats.MemoryPressure))),
            ("MemUsage", Value.Of($"{Human.BinarySize(used)} / {Human.BinarySize(limit)}")),
            ("Name", Value.Of(Record.Name)),
            ("NetIO", Value.Of($"{Human.ShortSize(Network?.Received ?? 0)} / {Human.ShortSize(Network?.Sent ?? 0)}")),
            ("PIDs", Value.Of((Stats.Pids ?? 0).ToString(CultureInfo.InvariantCulture))),
            ("Throttled", Value.Of(Throttled(before)))
        );
    }

    /// <summary>The sum over all links but loopback, proc_pid_net(5): the first number after the colon is received, the ninth sent.</summary>
    internal static (ulong Received, ulong Sent) Traffic(string table)
    {
        ulong received = 0;
        ulong sent = 0;
        foreach (string line in table.Split('\n'))
        {
            int colon = line.IndexOf(':');
            if (colon < 0 || line.AsSpan(0, colon).Trim().SequenceEqual("lo"))
            {
                continue;
            }
            string[] numbers = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (numbers.Length > 8 && ulong.TryParse(numbers[0], out ulong input) && ulong.TryParse(numbers[8], out ulong output))
            {
                received += input;
                sent += output;
            }
        }
        return (received, sent);
    }

    /// <summary>Processor time between the samples by the time between them; 1 is one processor.</summary>
    private double Processors(ContainerSample before)
    {
        double elapsed = Stopwatch.GetElapsedTime(before.Taken, Taken).TotalNanoseconds;
        return Stats.CpuUsage is { } now && before.Stats.CpuUsage is { } then && now > then && elapsed > 0 ? (now - then) / elapsed : 0;
    }

    private string Throttled(ContainerSample before)
    {
        if (Stats is not { CpuPeriods: { } periods, CpuThrottledPeriods: { } held })
        {
            return Unknown;
        }
        ulong passed = periods - Math.Min(periods, before.Stats.CpuPeriods ?? 0);
        ulong throttled = held - Math.Min(held, before.Stats.CpuThrottledPeriods ?? 0);
        return Percent(passed > 0 ? throttled / (double)passed : 0);
    }

    private static string Percent(double share) => (share * 100).ToString("0.00", CultureInfo.InvariantCulture) + "%";

    private static string Text(Pressure? pressure) =>
        pressure is { } p ? p.SomeAverage10.ToString("0.00", CultureInfo.InvariantCulture) + "%" : Unknown;
}
