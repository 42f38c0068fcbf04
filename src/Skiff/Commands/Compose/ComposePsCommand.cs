using System.Globalization;
using System.Text;
using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Compose.Planning;
using Skiff.Display;
using Skiff.Engine.Containers;
using Skiff.Format;
using Skiff.Linux;

namespace Skiff.Commands.Compose;

/// <summary><c>skiff compose ps</c> and <c>ls</c>.</summary>
internal static class ComposePsCommand
{
    private static readonly (string, string)[] s_titles =
    [
        ("Name", "NAME"),
        ("Image", "IMAGE"),
        ("Command", "COMMAND"),
        ("Service", "SERVICE"),
        ("RunningFor", "CREATED"),
        ("Status", "STATUS"),
        ("Ports", "PORTS"),
        ("ID", "CONTAINER ID"),
    ];

    public static Command Define() =>
        new()
        {
            Name = "ps",
            Summary = "List the containers of the project",
            Usage = "[OPTIONS] [SERVICE...]",
            Flags =
            [
                Flag.Bool("all", "Those that do not run too, and those of 'compose run'", 'a'),
                Flag.List("filter", "Only what fits the condition", valueName: "filter") with
                {
                    Choices = ["status="],
                },
                Listing.FormatFlag(),
                Flag.Bool("no-trunc", "Do not shorten"),
                Flag.Bool("orphans", "Show containers of services that the file has no more") with
                {
                    Default = "true",
                },
                Flag.Bool("quiet", "Only show ids", 'q'),
                Flag.Bool("services", "Show the names of the services"),
                Flag.List("status", "Only containers in this state") with
                {
                    Choices = ["paused", "restarting", "removing", "running", "dead", "created", "exited"],
                },
            ],
            Completes = [Completion.Service],
            Run = Run,
        };

    public static Command DefineList() =>
        new()
        {
            Name = "ls",
            Summary = "List the projects",
            Usage = "[OPTIONS]",
            Flags =
            [
                Flag.Bool("all", "Projects of which nothing runs too", 'a'),
                Flag.List("filter", "Only what fits the condition: name=", valueName: "filter") with
                {
                    Choices = ["name="],
                },
                Listing.FormatFlag(),
                Flag.Bool("quiet", "Only show names", 'q'),
            ],
            MaxArguments = 0,
            Run = List,
        };

    private static int Run(Invocation invocation)
    {
        ObservedProject observed = ComposeAccess.Observe(invocation);
        List<string> states = [.. invocation.Values("status")];
        foreach (string filter in invocation.Values("filter"))
        {
            int equals = filter.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? filter : filter[..equals];
            if (key is not ("status" or "source"))
            {
                throw new SkiffException($"unsupported filter {key}: status= is known");
            }
            states.AddRange(key == "status" ? [filter[(equals + 1)..]] : []);
        }
        bool all = invocation.Is("all") || states.Count > 0;
        List<ObservedContainer> shown =
        [
            .. observed
                .Of(invocation.Arguments, invocation, oneOff: true)
                .Where(c => (all || IsActive(c)) && (states.Count == 0 || states.Contains(StatusText.Word(c.State.Status)))),
        ];
        if (invocation.Is("services"))
        {
            invocation.Output.Write(string.Concat(shown.Select(static c => c.Service).Distinct().Select(static s => s + "\n")));
            return 0;
        }
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        bool full = invocation.Is("no-trunc");
        string format = (invocation.Value("format") ?? "").Trim(' ');
        if (invocation.Is("quiet"))
        {
            invocation.Output.Write(string.Concat(shown.Select(static c => c.Record.Id + "\n")));
            return 0;
        }
        if (format is "" or "table")
        {
            invocation.Output.Write(Table(shown, full, now));
            return 0;
        }
        new Listing("", s_titles).Write(invocation.Output, format, [.. shown.Select(c => Row(c, observed.Name, full, now))]);
        return 0;
    }

    private static bool IsActive(ObservedContainer container) =>
        container.State.IsUp || container.State.Status == ContainerStatus.Restarting;

    private static string Table(List<ObservedContainer> shown, bool full, DateTimeOffset now)
    {
        StringBuilder text = new(256 * (shown.Count + 1));
        text.Append("NAME\tIMAGE\tCOMMAND\tSERVICE\tCREATED\tSTATUS\tPORTS\n");
        foreach (ObservedContainer container in shown)
        {
            (ContainerRecord record, ContainerState state) = (container.Record, container.State);
            text.Append(record.Name).Append('\t').Append(record.Image).Append('\t');
            text.Append(StatusText.Command(record.Command, full)).Append('\t').Append(container.Service).Append('\t');
            text.Append(Human.Ago(record.Created, now)).Append('\t').Append(StatusText.Of(state, now)).Append('\t');
            text.Append(StatusText.Ports(state.Ports, state.IsUp ? record.ExposedPorts : [])).Append('\n');
        }
        return Columns.Align(text.ToString());
    }

    private static Value Row(ObservedContainer container, string project, bool full, DateTimeOffset now)
    {
        (ContainerRecord record, ContainerState state) = (container.Record, container.State);
        Value plain = PsCommand.Row(record, state, full, "0B", now);
        List<(string, Value)> fields = [];
        foreach (KeyValuePair<string, Value> field in plain.Fields)
        {
            fields.Add((field.Key, field.Value));
        }
        fields.AddRange([
            ("ExitCode", Value.Of(state.IsUp ? 0 : state.ExitCode)),
            ("Health", Value.Of(state.Health?.Status ?? "")),
            ("Name", Value.Of(record.Name)),
            ("Project", Value.Of(project)),
            (
                "Publishers",
                Value.List([
                    .. state.Ports.Select(static p =>
                        Value.Row(
                            null,
                            ("Protocol", Value.Of(p.Protocol)),
                            ("PublishedPort", Value.Of(p.HostPort)),
                            ("TargetPort", Value.Of(p.ContainerPort)),
                            ("URL", Value.Of(p.HostIp))
                        )
                    ),
                ])
            ),
            ("Service", Value.Of(container.Service)),
        ]);
        fields.Sort(static (a, b) => string.CompareOrdinal(a.Item1, b.Item1));
        return Value.Row(record.Labels, [.. fields]);
    }

    private static int List(Invocation invocation)
    {
        Engine.SkiffEngine engine = ContainerAccess.Open(invocation);
        List<Value> rows = [];
        string? name = invocation
            .Values("filter")
            .Select(static f =>
                f.StartsWith("name=", StringComparison.Ordinal)
                    ? f[5..]
                    : throw new SkiffException($"unsupported filter {f}: name= is known")
            )
            .LastOrDefault();
        foreach (
            Group<string, ObservedContainer> project in ComposeAccess
                .Containers(engine, null)
                .GroupBy(static c => c.Label(Labels.Project))
                .OrderBy(static g => g.Key, StringComparer.Ordinal)
        )
        {
            if (
                (!invocation.Is("all") && !project.Any(IsActive))
                || (name is not null && !project.Key.Contains(name, StringComparison.Ordinal))
            )
            {
                continue;
            }
            string status = string.Join(
                ", ",
                project
                    .Where(c => invocation.Is("all") || IsActive(c))
                    .GroupBy(static c => StatusText.Word(c.State.Status))
                    .OrderBy(static g => g.Key, StringComparer.Ordinal)
                    .Select(static g => string.Create(CultureInfo.InvariantCulture, $"{g.Key}({g.Count()})"))
            );
            rows.Add(
                Value.Row(
                    null,
                    ("Name", Value.Of(project.Key)),
                    ("Status", Value.Of(status)),
                    ("ConfigFiles", Value.Of(project.First().Label(Labels.Files)))
                )
            );
        }
        new Listing("{{.Name}}\t{{.Status}}\t{{.ConfigFiles}}", ("Name", "NAME"), ("Status", "STATUS"), ("ConfigFiles", "CONFIG FILES"))
        {
            MinimumWidth = 20,
            IsArray = true,
        }.Write(invocation.Output, invocation.Value("format"), rows, invocation.Is("quiet"));
        return 0;
    }
}
