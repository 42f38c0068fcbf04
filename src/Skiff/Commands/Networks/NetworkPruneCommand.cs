using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Events;
using Skiff.Linux;

namespace Skiff.Commands.Networks;

/// <summary><c>skiff network prune</c>.</summary>
internal static class NetworkPruneCommand
{
    public static Command Define() =>
        new()
        {
            Name = "prune",
            Summary = "Remove networks that no container uses",
            Usage = "[OPTIONS]",
            Description =
                "A network that a container names which does not run stays: it could not be started any more. Filters: until=TIME (created before), label=NAME[=VALUE], label!=NAME[=VALUE].",
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
        _ = ContainerPruneCommand.Until(filters);
        if (
            !invocation.Is("force")
            && !Prompt.Confirm(invocation.Output, "WARNING! This will remove all custom networks not used by at least one container.")
        )
        {
            return 0;
        }
        IReadOnlyList<string> removed = Prune(engine, filters);
        if (removed.Count > 0)
        {
            invocation.Output.Write("Deleted Networks:\n" + string.Join('\n', removed) + "\n\n");
        }
        return 0;
    }

    /// <summary>Removes them; their names.</summary>
    internal static IReadOnlyList<string> Prune(SkiffEngine engine, Filters filters)
    {
        DateTimeOffset? until = ContainerPruneCommand.Until(filters);
        NetworkUsers users = NetworkUsers.Read(engine);
        List<string> removed = [];
        foreach (ShownNetwork network in NetworkAccess.All(engine))
        {
            bool fits =
                !network.IsBuiltIn
                && !users.Uses(network)
                && (until is not { } limit || network.Definition!.Created < limit)
                && filters.LabelsMatch(network.Labels)
                && filters.LabelsSpare(network.Labels);
            if (fits && TryRemove(engine, network))
            {
                removed.Add(network.Name);
            }
        }
        engine.Events.Write(EventType.Network, "prune", "", ("reclaimed", "0"));
        return removed;
    }

    /// <summary>A container may have joined since we looked.</summary>
    private static bool TryRemove(SkiffEngine engine, ShownNetwork network)
    {
        try
        {
            NetworkRemoveCommand.Remove(engine, network);
            return true;
        }
        catch (SkiffException) when (NetworkAccess.Members(engine, network).Count > 0 || engine.Networks.TryFind(network.Name) is null)
        {
            return false;
        }
    }
}
