using Skiff.CommandLine;

namespace Skiff.Commands;

/// <summary><c>skiff explain VERB …</c>: what a verb would do, without doing it. A table of its own: one line per verb that can be explained.</summary>
internal static class ExplainCommand
{
    public static Command Define() =>
        new()
        {
            Name = "explain",
            Summary = "Show what a command would do, and why, without doing it",
            Usage = "COMMAND",
            Subcommands = [new("compose", Compose.ComposeGroup.DefineExplain), new("pull", ExplainPullCommand.Define), new("run", Run.ExplainRunCommand.Define)],
        };
}
