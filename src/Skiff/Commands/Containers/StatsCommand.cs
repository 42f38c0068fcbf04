using System.Text;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Format;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff stats</c>.</summary>
internal static class StatsCommand
{
    private const int Interval = 500;
    private const string Plain = "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";
    private const string Pressed = Plain + "\t{{.Throttled}}\t{{.CPUPressure}}\t{{.MemPressure}}\t{{.IOPressure}}";

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
        ("Throttled", "THROTTLED"),
        ("CPUPressure", "CPU PRESSURE"),
        ("MemPressure", "MEM PRESSURE"),
        ("IOPressure", "IO PRESSURE"),
    ];

    public static Command Define() =>
        new()
        {
            Name = "stats",
            Summary = "Show what containers use",
            Usage = "[OPTIONS] [CONTAINER...]",
            Description =
                "Without --no-stream it goes on until it is interrupted. CPU % is of one processor, as docker counts; memory is without the page cache that can be dropped at once.\n\n"
                + "With --pressure (and in --format: Throttled, CPUPressure, MemPressure, IOPressure): how often a CPU limit held the container back since the last look, "
                + "and the share of the last 10 seconds in which some process waited for the processor, memory or disks. -- where the kernel does not count it.",
            Flags =
            [
                Flag.Bool("all", "Show all containers, not only running ones", 'a'),
                Listing.FormatFlag(),
                Flag.Bool("no-stream", "Show one measurement and end"),
                Flag.Bool("no-trunc", "Do not shorten"),
                Flag.Bool("pressure", "Also show throttling and pressure"),
            ],
            Completes = [Completion.RunningContainer],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        bool once = invocation.Is("no-stream");
        bool live = !once && Tty.IsTerminal(1);
        Listing listing = new(invocation.Is("pressure") ? Pressed : Plain, s_titles);
        double memory = InfoCommand.MemTotal(Files.TryReadText("/proc/meminfo", out _) ?? "");
        Dictionary<string, ContainerSample> before = Samples(engine, invocation);
        while (true)
        {
            Thread.Sleep(Interval);
            Dictionary<string, ContainerSample> now = Samples(engine, invocation);
            List<Value> rows = [];
            foreach ((string name, ContainerSample sample) in now)
            {
                string? asked = invocation.Arguments.Count > 0 ? name : null;
                rows.Add(sample.Row(before.GetValueOrDefault(name, sample), memory, invocation.Is("no-trunc"), asked));
            }
            StringBuilder text = new();
            listing.Write(new Output(text, text), invocation.Value("format"), rows);
            // From the top left, each line cleared behind its end and what is below too: nothing flickers.
            invocation.Output.Write(live ? $"\e[H{text.Replace("\n", "\e[K\n")}\e[J" : text.ToString());
            if (once)
            {
                return 0;
            }
            before = now;
            Thread.Sleep(1000 - Interval);
        }
    }

    /// <summary>By the name or id that was given: those that were named, in their order, or all that run (with -a: all there are), newest first.</summary>
    private static Dictionary<string, ContainerSample> Samples(SkiffEngine engine, Invocation invocation)
    {
        Dictionary<string, ContainerSample> samples = [];
        foreach (string name in invocation.Arguments)
        {
            (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, name);
            samples[name] = ContainerSample.Take(record, state);
        }
        foreach (ContainerRecord record in invocation.Arguments.Count > 0 ? [] : engine.Containers.List())
        {
            if (
                engine.Reconciler.Check(record) is { } state
                && (state.IsUp || state.Status == ContainerStatus.Restarting || invocation.Is("all"))
            )
            {
                samples[record.Id] = ContainerSample.Take(record, state);
            }
        }
        return samples;
    }
}
