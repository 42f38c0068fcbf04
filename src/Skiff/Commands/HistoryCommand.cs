using System.Globalization;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Format;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary><c>skiff history</c>.</summary>
internal static class HistoryCommand
{
    private const int CommandWidth = 45;
    private static readonly (string, string)[] s_titles =
    [
        ("ID", "IMAGE"),
        ("CreatedSince", "CREATED"),
        ("CreatedAt", "CREATED AT"),
        ("CreatedBy", "CREATED BY"),
        ("Size", "SIZE"),
        ("Comment", "COMMENT"),
    ];

    public static Command Define() =>
        new()
        {
            Name = "history",
            Summary = "Show how an image was made",
            Usage = "[OPTIONS] IMAGE",
            Flags =
            [
                Listing.FormatFlag(),
                Flag.Bool("human", "Sizes and dates in words", 'H') with
                {
                    Default = "true",
                },
                Flag.Bool("no-trunc", "Do not shorten anything"),
                Flag.Bool("quiet", "Only show ids", 'q'),
            ],
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        Image image = EngineAccess.Images(invocation.Globals).Get(invocation.Arguments[0]);
        bool human = invocation.Is("human", true);
        IReadOnlyList<Value> rows = Rows(image, human, invocation.Is("no-trunc"), TimeProvider.System.GetUtcNow());
        string created = human ? "{{.CreatedSince}}" : "{{.CreatedAt}}";
        new Listing($"{{{{.ID}}}}\t{created}\t{{{{.CreatedBy}}}}\t{{{{.Size}}}}\t{{{{.Comment}}}}", s_titles).Write(
            invocation.Output,
            invocation.Value("format"),
            rows,
            invocation.Is("quiet")
        );
        return 0;
    }

    /// <summary>The newest step first; only the last one has an id, as all others are no images of their own.</summary>
    internal static IReadOnlyList<Value> Rows(Image image, bool human, bool full, DateTimeOffset now)
    {
        List<Value> rows = [];
        int layer = 0;
        foreach (HistoryEntry entry in image.Config.History)
        {
            long size = entry.EmptyLayer || layer >= image.LayerSizes.Count ? 0 : image.LayerSizes[layer++];
            rows.Add(Row(image, rows.Count == image.Config.History.Count - 1, entry, size, human, full, now));
        }
        // A config may have no history, or less of it than layers.
        for (; layer < image.LayerSizes.Count; layer++)
        {
            rows.Add(
                Row(
                    image,
                    layer == image.LayerSizes.Count - 1,
                    new HistoryEntry(null, "", "", "", false),
                    image.LayerSizes[layer],
                    human,
                    full,
                    now
                )
            );
        }
        rows.Reverse();
        return rows;
    }

    private static Value Row(Image image, bool last, HistoryEntry entry, long size, bool human, bool full, DateTimeOffset now)
    {
        string command = entry.CreatedBy.ReplaceLineEndings(" ").Replace('\t', ' ');
        DateTimeOffset created = entry.Created ?? DateTimeOffset.UnixEpoch;
        return Value.Row(
            null,
            ("Comment", Value.Of(entry.Comment)),
            (
                "CreatedAt",
                Value.Of(
                    entry.Created is null ? "" : created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
                )
            ),
            ("CreatedBy", Value.Of(full ? command : Human.Ellipsis(command, CommandWidth))),
            ("CreatedSince", Value.Of(Human.Ago(created, now))),
            (
                "ID",
                Value.Of(
                    !last ? "<missing>"
                    : full ? image.Id.ToString()
                    : image.Id.Short
                )
            ),
            ("Size", Value.Of(human ? Human.ShortSize(size) : size.ToString(CultureInfo.InvariantCulture)))
        );
    }
}
