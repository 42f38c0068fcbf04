using System.Globalization;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Format;
using Skiff.Images;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary><c>skiff images</c>, <c>skiff image ls</c>.</summary>
internal static class ImagesCommand
{
    private const string None = "<none>";
    private static readonly (string, string)[] s_titles =
    [
        ("ID", "IMAGE ID"),
        ("Repository", "REPOSITORY"),
        ("Tag", "TAG"),
        ("Digest", "DIGEST"),
        ("CreatedSince", "CREATED"),
        ("CreatedAt", "CREATED AT"),
        ("Size", "SIZE"),
    ];

    public static Command Define() =>
        new()
        {
            Name = "images",
            Summary = "List images",
            Usage = "[OPTIONS] [REPOSITORY[:TAG]]",
            Description = "Filters: dangling=true|false, reference=PATTERN, before=IMAGE, since=IMAGE, label=NAME[=VALUE], until=TIME.",
            Flags =
            [
                Flag.Bool("all", "Also images that are only parts of others (there are none here)", 'a'),
                Flag.Bool("digests", "Show digests"),
                Flag.List("filter", "Show only what fits the condition", 'f', "filter"),
                Listing.FormatFlag(),
                Flag.Bool("no-trunc", "Do not shorten ids"),
                Flag.Bool("quiet", "Only show ids", 'q'),
                Flag.Bool("tree", "Show each image once with its names and its platform, and what it takes of the disk"),
            ],
            MaxArguments = 1,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        ImageStore store = EngineAccess.Images(invocation.Globals);
        var filters = Filters.Parse(invocation.Values("filter"), "dangling", "reference", "before", "since", "label", "until");
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        ImageFilter filter = ImageFilter.From(filters, invocation.Arguments.Count > 0 ? invocation.Arguments[0] : null, store.Get, now);
        IEnumerable<Image> images = store.List().OrderByDescending(static i => i.Config.Created ?? DateTimeOffset.UnixEpoch);
        if (invocation.Is("tree"))
        {
            return Tree(invocation, images, filter);
        }
        List<Value> rows = [];
        foreach (Image image in images)
        {
            rows.AddRange(filter.NamesOf(image).Select(name => Row(image, name, invocation.Is("no-trunc"), now)));
        }
        bool digests = invocation.Is("digests");
        var listing = new Listing(
            $"{{{{.Repository}}}}\t{{{{.Tag}}}}\t{(digests ? "{{.Digest}}\t" : "")}{{{{.ID}}}}\t{{{{.CreatedSince}}}}\t{{{{.Size}}}}",
            s_titles
        );
        listing.Write(invocation.Output, invocation.Value("format"), rows, invocation.Is("quiet"));
        return 0;
    }

    private static int Tree(Invocation invocation, IEnumerable<Image> images, ImageFilter filter)
    {
        string[] given = [.. ((string[])["quiet", "no-trunc", "digests"]).Where(name => invocation.Is(name))];
        if (given.Length > 0 || invocation.Value("format") is not null)
        {
            throw invocation.Usage($"--{(given.Length > 0 ? given[0] : "format")} is not for --tree", 1);
        }
        Func<Digest, string?> usedBy = EngineAccess.UsedBy(invocation.Globals);
        invocation.Output.Write(
            ImageTree.Of(images.Select(i => (i, filter.NamesOf(i))).Where(static p => p.Item2.Count > 0), i => usedBy(i) is not null)
        );
        return 0;
    }

    /// <summary>A row with docker's fields.</summary>
    internal static Value Row(Image image, Reference? name, bool full, DateTimeOffset now)
    {
        DateTimeOffset created = image.Config.Created ?? DateTimeOffset.UnixEpoch;
        return Value.Row(
            image.Config.Labels,
            ("Containers", Value.Of("N/A")),
            ("CreatedAt", Value.Of(CreatedAt(created))),
            ("CreatedSince", Value.Of(Human.Ago(created, now))),
            ("Digest", Value.Of(name is null ? None : image.TopDigest.ToString())),
            ("ID", Value.Of(full ? image.Id.ToString() : image.Id.Short)),
            ("Platform", Value.Of(image.Config.Platform.ToString())),
            ("Repository", Value.Of(name?.FamiliarName ?? None)),
            ("SharedSize", Value.Of("N/A")),
            ("Size", Value.Of(Human.ShortSize(image.Size))),
            ("Tag", Value.Of(name?.Tag ?? None)),
            ("UniqueSize", Value.Of("N/A")),
            ("VirtualSize", Value.Of(Human.ShortSize(image.Size)))
        );
    }

    /// <summary>Go's default format of a time, which docker prints in UTC here.</summary>
    internal static string CreatedAt(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " +0000 UTC";
}
