using System.Text;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine.Events;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary><c>skiff image prune</c>.</summary>
internal static class ImagePruneCommand
{
    public static Command Define() =>
        new()
        {
            Name = "prune",
            Summary = "Remove unused images",
            Usage = "[OPTIONS]",
            Description =
                "Filters: until=TIME (created before), unused=TIME (no container started since), label=NAME[=VALUE], label!=NAME[=VALUE].",
            Flags =
            [
                Flag.Bool("all", "Remove all images that no container uses, not only those without a name", 'a'),
                Flag.Bool("dry-run", "Only show what would be removed"),
                Flag.List("filter", "Remove only what fits the condition", valueName: "filter"),
                Flag.Bool("force", "Do not ask", 'f'),
                Flag.Number("keep", "Keep this many of the images used last"),
            ],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        Output output = invocation.Output;
        var filters = Filters.Parse(invocation.Values("filter"), "until", "unused", "label", "label!");
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        var filter = new PruneFilter
        {
            All = invocation.Is("all"),
            Until = filters.Of("until") is [.., var until] ? TimeArgument.Parse(until, now, "--filter until") : null,
            UnusedSince = filters.Of("unused") is [.., var unused] ? TimeArgument.Parse(unused, now, "--filter unused") : null,
            Labels = filters.Labels(),
            NotLabels = filters.Labels("label!"),
            Keep = (int)Math.Clamp(invocation.Number("keep"), 0, int.MaxValue),
        };
        ImageStore store = EngineAccess.Images(invocation.Globals);
        Func<Digest, string?> usedBy = EngineAccess.UsedBy(invocation.Globals);
        IReadOnlyList<Image> plan = store.PlanPrune(filter, usedBy);
        if (invocation.Is("dry-run"))
        {
            output.Write(
                string.Concat(
                    plan.Select(static i =>
                        $"{i.Id.Short}  {Human.ShortSize(i.Size)}  {(i.Names.Count > 0 ? i.Names[0].Familiar : "<none>")}\n"
                    )
                )
            );
            return 0;
        }
        string warning = filter.All ? "This will remove all images that no container uses." : "This will remove all images without a name.";
        if (!invocation.Is("force") && !Prompt.Confirm(output, $"WARNING! {warning} ({plan.Count} now)"))
        {
            return 0;
        }
        // Containers may have come since the plan was shown.
        RemovedImages removed = store.Prune(plan, EngineAccess.UsedBy(invocation.Globals));
        ImageEvents.Removed(store, removed, ImageEvents.IdsOfNames(plan));
        ImageEvents.Of(store).Write(EventType.Image, "prune", "", ("reclaimed", $"{removed.Bytes}"));
        var text = new StringBuilder();
        if (removed.Deleted.Count > 0)
        {
            text.Append("Deleted Images:\n");
            foreach (string name in removed.Untagged)
            {
                text.Append($"untagged: {name}\n");
            }
            foreach (Digest digest in removed.Deleted)
            {
                text.Append($"deleted: {digest}\n");
            }
            text.Append('\n');
        }
        output.Write(text.Append($"Total reclaimed space: {Human.Size(removed.Bytes)}\n").ToString());
        return 0;
    }
}
