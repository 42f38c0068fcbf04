using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Events;
using Skiff.Engine.Launch;

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
            Description = "Filters: until=TIME (created before), label=NAME[=VALUE], label!=NAME[=VALUE].",
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
        DateTimeOffset? until = filters.Of("until") is [.., var text]
            ? TimeArgument.Parse(text, TimeProvider.System.GetUtcNow(), "--filter until")
            : null;
        if (!invocation.Is("force") && !Prompt.Confirm(invocation.Output, "WARNING! This will remove all stopped containers."))
        {
            return 0;
        }
        engine.Reconciler.Remains(engine.Containers.ListIds());
        long bytes = 0;
        List<string> removed = [];
        foreach (ContainerRecord record in engine.Containers.List())
        {
            ContainerState? state = engine.Reconciler.Check(record);
            bool fits =
                state?.Status is ContainerStatus.Created or ContainerStatus.Exited or ContainerStatus.Dead
                && (until is not { } limit || record.Created < limit)
                && filters.LabelsMatch(record.Labels)
                && !filters
                    .Labels("label!")
                    .Any(l => record.Labels.TryGetValue(l.Name, out string? have) && (l.Value is null || l.Value == have));
            if (fits)
            {
                bytes += DiskUse.Of(engine.Paths.Container(record.Id));
                ContainerRemoval.Remove(engine, record, force: false, volumes: true);
                removed.Add(record.Id);
            }
        }
        engine.Events.Write(EventType.Container, "prune", "", ("reclaimed", $"{bytes}"));
        invocation.Output.Write(
            (removed.Count > 0 ? "Deleted Containers:\n" + string.Join('\n', removed) + "\n\n" : "")
                + $"Total reclaimed space: {Human.Size(bytes)}\n"
        );
        return 0;
    }
}
