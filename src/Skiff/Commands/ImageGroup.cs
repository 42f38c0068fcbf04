using Skiff.CommandLine;

namespace Skiff.Commands;

/// <summary><c>skiff image …</c>: the verbs for images under docker's group names.</summary>
internal static class ImageGroup
{
    public static Command Define() =>
        new()
        {
            Name = "image",
            Summary = "Manage images",
            Usage = "COMMAND",
            Subcommands =
            [
                new("build", Builds.BuildCommand.Define),
                new("history", HistoryCommand.Define),
                new("import", ImportCommand.Define),
                new("inspect", ImageInspectCommand.Define),
                new("load", LoadCommand.Define),
                new("ls", ImagesCommand.Define, "list"),
                new("prune", ImagePruneCommand.Define),
                new("pull", PullCommand.Define),
                new("rm", RmiCommand.Define, "remove"),
                new("save", SaveCommand.Define),
                new("tag", TagCommand.Define),
            ],
        };
}
