using System.Globalization;
using System.Text;
using Skiff.Build.Cache;
using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Commands.Networks;
using Skiff.Commands.Volumes;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Images;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary><c>skiff system prune</c>.</summary>
internal static class SystemPruneCommand
{
    public static Command Define() =>
        new()
        {
            Name = "prune",
            Summary = "Remove containers that do not run, and networks, images and build cache that nobody uses",
            Usage = "[OPTIONS]",
            Description =
                "Filters: until=TIME (created before), label=NAME[=VALUE], label!=NAME[=VALUE]. Volumes with a name are never removed.",
            Flags =
            [
                Flag.Bool("all", "Remove all images without a container, not only those without a name", 'a'),
                Flag.List("filter", "Remove only what fits the condition", valueName: "filter"),
                Flag.Bool("force", "Do not ask", 'f'),
                Flag.Bool("volumes", "Remove anonymous volumes too"),
            ],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        Filters filters = Filters.Parse(invocation.Values("filter"), "until", "label", "label!");
        bool volumes = invocation.Is("volumes");
        if (volumes && filters.Of("until").Count > 0)
        {
            throw new SkiffException("the filter \"until\" does not work with --volumes: volumes are not pruned by age");
        }
        DateTimeOffset? until = ContainerPruneCommand.Until(filters);
        if (!invocation.Is("force") && !Prompt.Confirm(invocation.Output, Warning(invocation, volumes)))
        {
            return 0;
        }
        StringBuilder text = new();
        (IReadOnlyList<string> containers, long bytes) = ContainerPruneCommand.Prune(engine, filters);
        Append(text, "Containers", containers);
        Append(text, "Networks", NetworkPruneCommand.Prune(engine, filters));
        if (volumes)
        {
            (IReadOnlyList<string> removed, long freed) = VolumePruneCommand.Prune(engine, filters, all: false);
            Append(text, "Volumes", removed);
            bytes += freed;
        }
        RemovedImages images = PruneImages(invocation, engine, filters, until);
        Append(
            text,
            "Images",
            [.. images.Untagged.Select(static n => $"untagged: {n}"), .. images.Deleted.Select(static d => $"deleted: {d}")]
        );
        bytes += images.Bytes;
        if (filters.Labels().Count == 0 && filters.Labels("label!").Count == 0)
        {
            (IReadOnlyList<string> cache, long freed) = BuildCache.Prune(engine, invocation.Is("all"), until, keep: 0, DiskUse.Of);
            Append(text, "build cache objects", cache);
            bytes += freed;
        }
        invocation.Output.Write(text.Append($"Total reclaimed space: {Human.Size(bytes)}\n").ToString());
        return 0;
    }

    private static RemovedImages PruneImages(Invocation invocation, SkiffEngine engine, Filters filters, DateTimeOffset? until)
    {
        PruneFilter filter = new()
        {
            All = invocation.Is("all"),
            Until = until,
            Labels = filters.Labels(),
            NotLabels = filters.Labels("label!"),
        };
        Func<Digest, string?> usedBy = EngineAccess.UsedBy(invocation.Globals);
        return engine.Images.Prune(engine.Images.PlanPrune(filter, usedBy), usedBy);
    }

    private static string Warning(Invocation invocation, bool volumes)
    {
        StringBuilder text = new(
            "WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n"
        );
        text.Append(volumes ? "  - all anonymous volumes not used by at least one container\n" : "");
        text.Append(
            invocation.Is("all") ? "  - all images without at least one container associated to them\n" : "  - all dangling images\n"
        );
        text.Append(invocation.Is("all") ? "  - all build cache\n" : "  - unused build cache\n");
        if (invocation.Has("filter"))
        {
            text.Append("\n  Items to be pruned will be filtered with:\n");
            foreach (string filter in invocation.Values("filter"))
            {
                text.Append(CultureInfo.InvariantCulture, $"  - {filter}\n");
            }
        }
        return text.ToString();
    }

    private static void Append(StringBuilder text, string what, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"Deleted {what}:\n").AppendJoin('\n', names).Append("\n\n");
        }
    }
}
