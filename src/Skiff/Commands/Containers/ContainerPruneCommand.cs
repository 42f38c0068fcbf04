using System.Globalization;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Events;
using Skiff.Engine.Launch;
using Skiff.Linux;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff container prune</c>.</summary>
internal static class ContainerPruneCommand
{
    public static Command Define() =>
        new()
        {
            Name = "prune",
            Summary = "Remove all containers that do not run",
            Usage = "[OPTIONS]",
            Description =
                "Filters: until=TIME (created before), label=NAME[=VALUE], label!=NAME[=VALUE]. Volumes stay, the anonymous ones too: volume prune removes those that nobody uses.",
            Flags =
            [
                Flag.List("filter", "Remove only what fits the condition", valueName: "filter"),
                Flag.Bool("force", "Do not ask", 'f'),
            ],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        Filters filters = Filters.Parse(invocation.Values("filter"), "until", "label", "label!");
        _ = Until(filters);
        if (!invocation.Is("force") && !Prompt.Confirm(invocation.Output, "WARNING! This will remove all stopped containers."))
        {
            return 0;
        }
        (IReadOnlyList<string> removed, long bytes) = Prune(engine, filters);
        invocation.Output.Write(
            (removed.Count > 0 ? "Deleted Containers:\n" + string.Join('\n', removed) + "\n\n" : "")
                + $"Total reclaimed space: {Human.Size(bytes)}\n"
        );
        return 0;
    }

    /// <summary>Removes them; the ids and the bytes given back.</summary>
    internal static (IReadOnlyList<string> Removed, long Bytes) Prune(SkiffEngine engine, Filters filters)
    {
        DateTimeOffset? until = Until(filters);
        engine.Reconciler.Remains(engine.Containers.ListIds());
        long bytes = 0;
        List<string> removed = [];
        foreach (ContainerRecord record in engine.Containers.List())
        {
            if (
                engine.Reconciler.Check(record)?.Status is ContainerStatus.Created or ContainerStatus.Exited or ContainerStatus.Dead
                && (until is not { } limit || record.Created < limit)
                && filters.LabelsMatch(record.Labels)
                && filters.LabelsSpare(record.Labels)
            )
            {
                long size = DiskUse.Of(engine.Paths.Container(record.Id));
                if (TryRemove(engine, record))
                {
                    bytes += size;
                    removed.Add(record.Id);
                }
            }
        }
        engine.Events.Write(EventType.Container, "prune", "", ("reclaimed", bytes.ToString(CultureInfo.InvariantCulture)));
        return (removed, bytes);
    }

    /// <summary>The time of the filter; null without one.</summary>
    internal static DateTimeOffset? Until(Filters filters) =>
        filters.Of("until") is [.., var text] ? TimeArgument.Parse(text, TimeProvider.System.GetUtcNow(), "--filter until") : null;

    /// <summary>One that somebody has started since we looked stays, and so does the work of the prune on the others.</summary>
    private static bool TryRemove(SkiffEngine engine, ContainerRecord record)
    {
        try
        {
            ContainerRemoval.Remove(engine, record, force: false, volumes: false);
            return true;
        }
        catch (SkiffException) when (engine.Reconciler.Check(record) is { IsUp: true })
        {
            return false;
        }
    }
}
