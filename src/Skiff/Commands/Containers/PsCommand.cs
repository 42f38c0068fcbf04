using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Format;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff ps</c>, <c>skiff container ls</c>.</summary>
internal static class PsCommand
{
    private static readonly (string, string)[] s_titles =
    [
        ("ID", "CONTAINER ID"),
        ("Image", "IMAGE"),
        ("Command", "COMMAND"),
        ("CreatedAt", "CREATED AT"),
        ("RunningFor", "CREATED"),
        ("Status", "STATUS"),
        ("Ports", "PORTS"),
        ("Names", "NAMES"),
        ("Size", "SIZE"),
        ("Mounts", "MOUNTS"),
        ("Networks", "NETWORKS"),
        ("Labels", "LABELS"),
        ("LocalVolumes", "LOCAL VOLUMES"),
        ("State", "STATE"),
    ];

    public static Command Define() =>
        new()
        {
            Name = "ps",
            Summary = "List containers",
            Usage = "[OPTIONS]",
            Description = "Filters: " + string.Join(", ", ContainerFilter.Known) + ".",
            Flags =
            [
                Flag.Bool("all", "Show all containers, not only running ones", 'a'),
                Flag.List("filter", "Show only what fits the condition", 'f', "filter"),
                Listing.FormatFlag(),
                Flag.Number("last", "Show the last n containers created, in any state", 'n'),
                Flag.Bool("latest", "Show the container created last, in any state", 'l'),
                Flag.Bool("no-trunc", "Do not shorten"),
                Flag.Bool("quiet", "Only show ids", 'q'),
                Flag.Bool("size", "Show sizes", 's'),
            ],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        int last = invocation.Is("latest") ? 1 : (int)invocation.Number("last", -1);
        ContainerFilter filter = new(engine, Filters.Parse(invocation.Values("filter"), ContainerFilter.Known));
        bool all = invocation.Is("all") || last >= 0 || filter.AsksForState;
        if (all)
        {
            engine.Reconciler.Remains(engine.Containers.ListIds());
        }
        bool size = invocation.Is("size") || (invocation.Value("format")?.Contains(".Size", StringComparison.Ordinal) ?? false);
        List<Value> rows = [];
        foreach (ContainerRecord record in engine.Containers.List())
        {
            if (last >= 0 && rows.Count == last)
            {
                break;
            }
            ContainerState? state = engine.Reconciler.Check(record);
            if (state is not null && (all || state.IsUp || state.Status == ContainerStatus.Restarting) && filter.Matches(record, state))
            {
                rows.Add(Row(engine, record, state, invocation.Is("no-trunc"), size, now));
            }
        }
        var listing = new Listing(
            "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
                + (invocation.Is("size") ? "\t{{.Size}}" : ""),
            s_titles
        );
        listing.Write(invocation.Output, invocation.Value("format"), rows, invocation.Is("quiet"));
        return 0;
    }

    /// <summary>A row with docker's fields.</summary>
    internal static Value Row(SkiffEngine engine, ContainerRecord record, ContainerState state, bool full, bool size, DateTimeOffset now)
    {
        IEnumerable<string> mounts = record.Mounts.Select(static m => m.Name.Length > 0 ? m.Name : m.Source);
        return Value.Row(
            record.Labels,
            ("Command", Value.Of(StatusText.Command(record.Command, full))),
            ("CreatedAt", Value.Of(ImagesCommand.CreatedAt(record.Created))),
            ("ID", Value.Of(full ? record.Id : record.ShortId)),
            ("Image", Value.Of(record.Image)),
            ("Labels", Value.Of(string.Join(',', record.Labels.Select(static l => $"{l.Key}={l.Value}")))),
            ("LocalVolumes", Value.Of(record.Mounts.Count(static m => m.Type == "volume").ToString())),
            ("Mounts", Value.Of(string.Join(',', full ? mounts : mounts.Select(static m => Human.Ellipsis(m, 15))))),
            ("Names", Value.Of(record.Name)),
            (
                "Networks",
                Value.Of(state.Endpoints.Count > 0 ? string.Join(',', state.Endpoints.Select(static e => e.Network)) : record.NetworkMode)
            ),
            ("Ports", Value.Of(StatusText.Ports(state.Ports, state.IsUp ? record.ExposedPorts : []))),
            ("RunningFor", Value.Of(Human.Ago(record.Created, now))),
            ("Size", Value.Of(size ? SizeText(engine, record) : "0B")),
            ("State", Value.Of(StatusText.Word(state.Status))),
            ("Status", Value.Of(StatusText.Of(state, now)))
        );
    }

    private static string SizeText(SkiffEngine engine, ContainerRecord record)
    {
        long own = DiskUse.Of(engine.Paths.Upper(record.Id));
        long image = record.ImageId.Length > 0 ? engine.Images.Find(record.ImageId)?.Size ?? 0 : 0;
        return $"{Human.ShortSize(own)} (virtual {Human.ShortSize(own + image)})";
    }
}
