using Skiff.Build.Cache;
using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Spec;

namespace Skiff.Commands.Builds;

/// <summary><c>skiff builder …</c>.</summary>
internal static class BuilderGroup
{
    public static Command Define() =>
        new()
        {
            Name = "builder",
            Summary = "Manage what builds keep",
            Usage = "COMMAND",
            Subcommands = [new("build", BuildCommand.Define), new("prune", DefinePrune)],
        };

    public static Command DefinePrune() =>
        new()
        {
            Name = "prune",
            Summary = "Remove the results of steps and the content of cache mounts",
            Usage = "[OPTIONS]",
            Description =
                "Filters: until=TIME (not used since). What the layer of an image is, too, stays without --all, and takes no space of its own.",
            Flags =
            [
                Flag.Bool("all", "Also results that an image shares", 'a'),
                Flag.List("filter", "Remove only what fits the condition", valueName: "filter"),
                Flag.Bool("force", "Do not ask", 'f'),
                Flag.Text("keep-storage", "Keep what was used last, up to this size", valueName: "bytes"),
            ],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        Filters filters = Filters.Parse(invocation.Values("filter"), "until", "unused-for");
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        IReadOnlyList<string> moments = [.. filters.Of("until"), .. filters.Of("unused-for")];
        DateTimeOffset? until = moments.Count > 0 ? TimeArgument.Parse(moments[^1], now, "--filter until") : null;
        long keep = invocation.Value("keep-storage") is { } size ? OptionValue.Bytes("keep-storage", size) : 0;
        bool all = invocation.Is("all");
        if (
            !invocation.Is("force")
            && !Prompt.Confirm(invocation.Output, $"WARNING! This will remove all {(all ? "" : "dangling ")}build cache.")
        )
        {
            return 0;
        }
        (IReadOnlyList<string> removed, long bytes) = BuildCache.Prune(engine, all, until, keep, DiskUse.Of);
        invocation.Output.Write(
            (removed.Count > 0 ? "Deleted build cache objects:\n" + string.Join('\n', removed) + "\n\n" : "")
                + $"Total reclaimed space: {Human.Size(bytes)}\n"
        );
        return 0;
    }
}
