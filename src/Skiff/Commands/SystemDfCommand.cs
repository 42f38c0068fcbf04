using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Format;

namespace Skiff.Commands;

/// <summary><c>skiff system df</c>.</summary>
internal static class SystemDfCommand
{
    private static readonly (string, string)[] s_titles =
    [
        ("Type", "TYPE"),
        ("TotalCount", "TOTAL"),
        ("Active", "ACTIVE"),
        ("Size", "SIZE"),
        ("Reclaimable", "RECLAIMABLE"),
    ];

    public static Command Define() =>
        new()
        {
            Name = "df",
            Summary = "Show how much disk images, containers, volumes and the build cache take",
            Usage = "[OPTIONS]",
            Description =
                "A layer that several images share is counted once. Reclaimable is what rmi, rm and volume rm would give back of what no container uses; system prune does it in one go.",
            Flags = [Listing.FormatFlag(), Flag.Bool("verbose", "Show every image, container and volume", 'v')],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        DiskReport report = DiskReport.Of(engine);
        if (!invocation.Is("verbose"))
        {
            Value[] rows =
            [
                Row("Images", report.ImageTotals),
                Row("Containers", report.ContainerTotals),
                Row("Local Volumes", report.VolumeTotals),
                Row("Build Cache", report.BuildCacheTotals),
            ];
            new Listing("{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}", s_titles).Write(
                invocation.Output,
                invocation.Value("format"),
                rows
            );
            return 0;
        }
        string format = invocation.Value("format") ?? "";
        DiskDetails details = new(report, TimeProvider.System.GetUtcNow());
        if (format is "" or "table")
        {
            details.Write(invocation.Output);
        }
        else
        {
            Value value = details.ToValue();
            invocation.Output.Line(format == "json" ? ValueJson.Line(value) : new Template(format).Run(value));
        }
        return 0;
    }

    private static Value Row(string type, DiskTotals totals) =>
        Value.Row(
            null,
            ("Active", Value.Of(totals.Active.ToString())),
            ("Reclaimable", Value.Of(Reclaimable(totals))),
            ("Size", Value.Of(Human.ShortSize(totals.Size))),
            ("TotalCount", Value.Of(totals.Count.ToString())),
            ("Type", Value.Of(type))
        );

    private static string Reclaimable(DiskTotals totals) =>
        totals.Size > 0
            ? $"{Human.ShortSize(totals.Reclaimable)} ({totals.Reclaimable * 100 / totals.Size}%)"
            : Human.ShortSize(totals.Reclaimable);
}
