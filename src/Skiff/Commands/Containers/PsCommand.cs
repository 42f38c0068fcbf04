using System.Text;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
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
            Description =
                $"Filters: {string.Join(", ", ContainerFilter.Known)}. Values of one filter are alternatives, different filters must all fit; name takes a regular expression.\n\n"
                + "Fields of --format: ID, Image, Command, CreatedAt, RunningFor, Status, State, Ports, Names, Size, Mounts, Networks, Labels, LocalVolumes, and Label \"NAME\".",
            Flags =
            [
                Flag.Bool("all", "Show all containers, not only running ones", 'a'),
                Flag.List("filter", "Show only what fits the condition", 'f', "filter") with
                {
                    Choices =
                    [
                        .. ContainerFilter.Known.Where(static f => f is not ("status" or "health")).Select(static f => f + "="),
                        .. ContainerFilter.States.Select(static s => "status=" + s),
                        .. ContainerFilter.Healths.Select(static h => "health=" + h),
                    ],
                },
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
        int last = invocation.Is("latest") ? 1 : (int)Math.Clamp(invocation.Number("last", 0), 0, int.MaxValue);
        ContainerFilter? filter = invocation.Has("filter")
            ? new(engine, Filters.Parse(invocation.Values("filter"), ContainerFilter.Known))
            : null;
        bool all = invocation.Is("all") || last > 0 || filter is { AsksForState: true };
        List<(ContainerRecord Record, ContainerState State)> shown = Find(engine, filter, all);
        if (last > 0 && shown.Count > last)
        {
            shown.RemoveRange(last, shown.Count - last);
        }
        string format = (invocation.Value("format") ?? "").Trim(' ');
        bool full = invocation.Is("no-trunc");
        bool quiet = invocation.Is("quiet");
        if (quiet && format.Length > 0)
        {
            invocation.Output.Warn("--format is not looked at: --quiet shows the ids alone");
        }
        if (quiet || format is "" or "table")
        {
            invocation.Output.Write(quiet ? Ids(shown, full) : Table(engine, shown, full, invocation.Is("size"), now));
            return 0;
        }
        bool size = invocation.Is("size") || format.Contains(".Size", StringComparison.Ordinal);
        List<Value> rows = [.. shown.Select(c => Row(c.Record, c.State, full, size ? SizeText(engine, c.Record) : "0B", now))];
        new Listing("", s_titles) { ChecksFields = true }.Write(invocation.Output, format, rows);
        return 0;
    }

    /// <summary>What is to be shown, newest first.</summary>
    private static List<(ContainerRecord Record, ContainerState State)> Find(SkiffEngine engine, ContainerFilter? filter, bool all)
    {
        ContainerListing listing = new(
            engine.Containers,
            engine.Reconciler,
            (record, state) => MonitorAdoption.Ensure(engine, record, state)
        );
        IReadOnlyList<(ContainerRecord Record, ContainerState State)> found = filter is { AsksForLayers: true }
            ? listing.ReadWhole(all)
            : listing.Read(all);
        return filter is null ? [.. found] : [.. found.Where(c => filter.Matches(c.Record, c.State))];
    }

    private static string Ids(List<(ContainerRecord Record, ContainerState State)> shown, bool full)
    {
        StringBuilder text = new(shown.Count * 65);
        foreach ((ContainerRecord record, _) in shown)
        {
            text.Append(full ? record.Id : record.ShortId).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>The default table, without the detour of a template: it is what is asked for most.</summary>
    private static string Table(
        SkiffEngine engine,
        List<(ContainerRecord Record, ContainerState State)> shown,
        bool full,
        bool size,
        DateTimeOffset now
    )
    {
        StringBuilder text = new(256 * (shown.Count + 1));
        text.Append("CONTAINER ID\tIMAGE\tCOMMAND\tCREATED\tSTATUS\tPORTS\tNAMES").Append(size ? "\tSIZE\n" : "\n");
        foreach ((ContainerRecord record, ContainerState state) in shown)
        {
            text.Append(full ? record.Id : record.ShortId).Append('\t');
            text.Append(record.Image).Append('\t');
            text.Append(StatusText.Command(record.Command, full)).Append('\t');
            text.Append(Human.Ago(record.Created, now)).Append('\t');
            text.Append(StatusText.Of(state, now)).Append('\t');
            text.Append(StatusText.Ports(state.Ports, state.IsUp ? record.ExposedPorts : [])).Append('\t');
            text.Append(record.Name);
            text.Append(size ? "\t" + SizeText(engine, record) : "").Append('\n');
        }
        return Columns.Align(text.ToString());
    }

    /// <summary>A row with docker's fields.</summary>
    internal static Value Row(ContainerRecord record, ContainerState state, bool full, string size, DateTimeOffset now)
    {
        IEnumerable<string> mounts = record.Mounts.Select(static m =>
            m.Name.Length > 0 ? m.Name
            : m.Source.Length > 0 ? m.Source
            : m.Destination
        );
        return Value.Row(
            record.Labels,
            ("Command", Value.Of(StatusText.Command(record.Command, full))),
            ("CreatedAt", Value.Of(ImagesCommand.CreatedAt(record.Created))),
            ("ID", Value.Of(full ? record.Id : record.ShortId)),
            ("Image", Value.Of(record.Image)),
            ("Labels", Value.Of(string.Join(',', record.Labels.Select(static l => $"{l.Key}={l.Value}").Order(StringComparer.Ordinal)))),
            ("LocalVolumes", Value.Of(record.Mounts.Count(static m => m.Type == "volume").ToString())),
            ("Mounts", Value.Of(string.Join(',', full ? mounts : mounts.Select(static m => Human.Ellipsis(m, 15))))),
            ("Names", Value.Of(record.Name)),
            (
                "Networks",
                Value.Of(
                    string.Join(
                        ',',
                        state.Endpoints.Count > 0
                            ? state.Endpoints.Select(static e => e.Network)
                            : [record.NetworkMode, .. record.MoreNetworks]
                    )
                )
            ),
            ("Platform", Value.Of(record.Platform)),
            ("Ports", Value.Of(StatusText.Ports(state.Ports, state.IsUp ? record.ExposedPorts : []))),
            ("RunningFor", Value.Of(Human.Ago(record.Created, now))),
            ("Size", Value.Of(size)),
            ("State", Value.Of(StatusText.Word(state.Status))),
            ("Status", Value.Of(StatusText.Of(state, now)))
        );
    }

    internal static string SizeText(SkiffEngine engine, ContainerRecord record)
    {
        long own = DiskUse.Of(engine.Paths.Upper(record.Id));
        long image = record.ImageId.Length > 0 ? engine.Images.Find(record.ImageId)?.Size ?? 0 : 0;
        return $"{Human.ShortSize(own)} (virtual {Human.ShortSize(own + image)})";
    }
}
