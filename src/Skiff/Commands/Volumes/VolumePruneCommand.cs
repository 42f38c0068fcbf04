using System.Globalization;
using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Events;
using Skiff.Engine.Volumes;
using Skiff.Linux;

namespace Skiff.Commands.Volumes;

/// <summary><c>skiff volume prune</c>.</summary>
internal static class VolumePruneCommand
{
    public static Command Define() =>
        new()
        {
            Name = "prune",
            Summary = "Remove anonymous volumes that no container uses",
            Usage = "[OPTIONS]",
            Description = "Filters: label=NAME[=VALUE], label!=NAME[=VALUE], all=true (the same as --all).",
            Flags =
            [
                Flag.Bool("all", "Also volumes that have a name", 'a'),
                Flag.List("filter", "Remove only what fits the condition", valueName: "filter"),
                Flag.Bool("force", "Do not ask", 'f'),
            ],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = VolumeAccess.Open(invocation);
        Filters filters = Filters.Parse(invocation.Values("filter"), "all", "label", "label!");
        bool all = invocation.Is("all") || filters.Switch("all") == true;
        if (
            !invocation.Is("force")
            && !Prompt.Confirm(
                invocation.Output,
                $"WARNING! This will remove {(all ? "all" : "anonymous local")} volumes not used by at least one container."
            )
        )
        {
            return 0;
        }
        (IReadOnlyList<string> removed, long bytes) = Prune(engine, filters, all);
        invocation.Output.Write(
            (removed.Count > 0 ? "Deleted Volumes:\n" + string.Join('\n', removed) + "\n\n" : "")
                + $"Total reclaimed space: {Human.Size(bytes)}\n"
        );
        return 0;
    }

    /// <summary>Removes them; the names and the bytes given back.</summary>
    internal static (IReadOnlyList<string> Removed, long Bytes) Prune(SkiffEngine engine, Filters filters, bool all)
    {
        engine.Reconciler.Remains(engine.Containers.ListIds());
        VolumeUsers users = VolumeUsers.Read(engine.Containers);
        long bytes = 0;
        List<string> removed = [];
        foreach (Volume volume in engine.Volumes.List())
        {
            bool fits =
                (all || volume.IsAnonymous)
                && users.Of(volume.Name).Count == 0
                && filters.LabelsMatch(volume.Labels)
                && !filters
                    .Labels("label!")
                    .Any(l => volume.Labels.TryGetValue(l.Name, out string? have) && (l.Value is null || l.Value == have));
            if (fits)
            {
                long size = DiskUse.Of(engine.Volumes.Data(volume.Name));
                if (TryRemove(engine, volume.Name))
                {
                    bytes += size;
                    removed.Add(volume.Name);
                }
            }
        }
        engine.Events.Write(EventType.Volume, "prune", "", ("reclaimed", bytes.ToString(CultureInfo.InvariantCulture)));
        return (removed, bytes);
    }

    /// <summary>A container may have come since the list was made: the records are read again under the volume's lock.</summary>
    private static bool TryRemove(SkiffEngine engine, string name)
    {
        bool used = false;
        try
        {
            return engine.Volumes.Remove(
                name,
                () => VolumeUsers.Read(engine.Containers).Refusal(name) is { } reason && (used = true) ? reason : null
            );
        }
        catch (SkiffException) when (used)
        {
            return false;
        }
    }
}
