using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Secrets;
using Skiff.Format;

namespace Skiff.Commands.Secrets;

/// <summary><c>skiff secret ls</c>.</summary>
internal static class SecretListCommand
{
    private const string Table = "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}";

    public static Command Define() =>
        new()
        {
            Name = "ls",
            Summary = "List secrets",
            Usage = "[OPTIONS]",
            Description =
                "Filters: id=BEGINNING, name=REGULAR EXPRESSION, label=NAME[=VALUE].\n\nFields of --format: ID, Name, Driver, CreatedAt, UpdatedAt, Labels, and Label \"NAME\".",
            Flags =
            [
                Flag.List("filter", "Show only what fits the condition", 'f', "filter") with
                {
                    Choices = ["id=", "label=", "name="],
                },
                Listing.FormatFlag(),
                Flag.Bool("noheading", "Do not print the titles of the table", 'n'),
                Flag.Bool("quiet", "Only show ids", 'q'),
            ],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = SecretAccess.Open(invocation);
        Filters filters = Filters.Parse(invocation.Values("filter"), "id", "label", "name");
        NamePattern[] names = [.. filters.Of("name").Select(NamePattern.Parse)];
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        List<Value> rows = [];
        foreach (Secret secret in engine.Secrets.List())
        {
            bool fits =
                filters.LabelsMatch(secret.Labels)
                && (filters.Of("id").Count == 0 || filters.Of("id").Any(id => secret.Id.StartsWith(id, StringComparison.Ordinal)))
                && (names.Length == 0 || names.Any(name => name.Matches(secret.Name)));
            if (fits)
            {
                rows.Add(Row(secret, now));
            }
        }
        string? format = invocation.Value("format");
        bool plain = invocation.Is("noheading") && format is null or "" or "table";
        Listing listing = new(
            Table,
            ("ID", "ID"),
            ("Name", "NAME"),
            ("Driver", "DRIVER"),
            ("CreatedAt", "CREATED"),
            ("UpdatedAt", "UPDATED"),
            ("Labels", "LABELS")
        )
        {
            NoTitles = plain,
        };
        listing.Write(invocation.Output, format, rows, invocation.Is("quiet"));
        return 0;
    }

    private static Value Row(Secret secret, DateTimeOffset now) =>
        Value.Row(
            secret.Labels,
            ("CreatedAt", Value.Of(Human.Ago(secret.Created, now))),
            ("Driver", Value.Of("file")),
            ("ID", Value.Of(secret.Id)),
            (
                "Labels",
                Value.Of(
                    string.Join(
                        ',',
                        secret.Labels.OrderBy(static l => l.Key, StringComparer.Ordinal).Select(static l => $"{l.Key}={l.Value}")
                    )
                )
            ),
            ("Name", Value.Of(secret.Name)),
            ("UpdatedAt", Value.Of(Human.Ago(secret.Updated, now)))
        );
}
