using System.Diagnostics;
using System.Globalization;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Format;
using Skiff.Linux.Cgroups;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff stats</c>.</summary>
internal static class StatsCommand
{
    private static readonly (string, string)[] s_titles =
    [
        ("ID", "CONTAINER ID"),
        ("Name", "NAME"),
        ("CPUPerc", "CPU %"),
        ("MemUsage", "MEM USAGE / LIMIT"),
        ("MemPerc", "MEM %"),
        ("NetIO", "NET I/O"),
        ("BlockIO", "BLOCK I/O"),
        ("PIDs", "PIDS"),
    ];

    public static Command Define() =>
        new()
        {
            Name = "stats",
            Summary = "Show what containers use",
            Usage = "[OPTIONS] [CONTAINER...]",
            Flags =
            [
                Flag.Bool("all", "Show all containers, not only running ones", 'a'),
                Listing.FormatFlag(),
                Flag.Bool("no-stream", "Show one measurement and end"),
                Flag.Bool("no-trunc", "Do not shorten"),
            ],
            Completes = [Completion.RunningContainer],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        bool once = invocation.Is("no-stream");
        while (true)
        {
            List<Value> rows = Measure(engine, invocation);
            invocation.Output.Write(once ? "" : "\u001b[H\u001b[J");
            new Listing(
                "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}",
                s_titles
            ).Write(invocation.Output, invocation.Value("format"), rows);
            if (once)
            {
                return 0;
            }
        }
    }

    private static List<Value> Measure(SkiffEngine engine, Invocation invocation)
    {
        List<(ContainerRecord Record, ContainerState State)> shown =
            invocation.Arguments.Count > 0
                ? [.. invocation.Arguments.Select(name => ContainerAccess.Find(engine, name))]
                :
                [
                    .. engine
                        .Containers.List()
                        .Select(r => (r, State: engine.Reconciler.Check(r)))
                        .Where(p => p.State is { } s && (s.IsUp || invocation.Is("all")))
                        .Select(static p => (p.r, p.State!)),
                ];
        long began = Stopwatch.GetTimestamp();
        List<ulong> before =
        [
            .. shown.Select(static p => p.State.IsUp ? PauseCommand.CgroupOf(p.Record, p.State).ReadStats().CpuUsage ?? 0 : 0),
        ];
        Thread.Sleep(500);
        double elapsed = Stopwatch.GetElapsedTime(began).TotalNanoseconds;
        List<Value> rows = [];
        for (int i = 0; i < shown.Count; i++)
        {
            (ContainerRecord record, ContainerState state) = shown[i];
            CgroupStats stats = state.IsUp ? PauseCommand.CgroupOf(record, state).ReadStats() : new CgroupStats();
            rows.Add(Row(record, stats, before[i], elapsed, invocation.Is("no-trunc")));
        }
        return rows;
    }

    private static Value Row(ContainerRecord record, CgroupStats stats, ulong cpuBefore, double elapsed, bool full)
    {
        // As docker counts: caches that can be dropped at once are not use.
        double used = Math.Max(0, (double)(stats.Memory ?? 0) - (stats.MemoryInactiveFile ?? 0));
        double limit = Math.Min(stats.MemoryLimit ?? ulong.MaxValue, (double)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        double cpu = stats.CpuUsage is { } now && now > cpuBefore && cpuBefore > 0 ? (now - cpuBefore) / elapsed * 100 : 0;
        return Value.Row(
            null,
            ("BlockIO", Value.Of($"{Human.ShortSize(stats.IoRead ?? 0)} / {Human.ShortSize(stats.IoWrite ?? 0)}")),
            ("CPUPerc", Value.Of(cpu.ToString("0.00", CultureInfo.InvariantCulture) + "%")),
            ("Container", Value.Of(record.ShortId)),
            ("ID", Value.Of(full ? record.Id : record.ShortId)),
            ("MemPerc", Value.Of((limit > 0 ? used / limit * 100 : 0).ToString("0.00", CultureInfo.InvariantCulture) + "%")),
            ("MemUsage", Value.Of($"{Human.BinarySize(used)} / {Human.BinarySize(limit)}")),
            ("Name", Value.Of(record.Name)),
            ("NetIO", Value.Of("-- / --")),
            ("PIDs", Value.Of((stats.Pids ?? 0).ToString(CultureInfo.InvariantCulture)))
        );
    }
}
