using Skiff.CommandLine;

namespace Skiff.Commands;

/// <summary><c>skiff system …</c>.</summary>
internal static class SystemGroup
{
    public static Command Define() =>
        new()
        {
            Name = "system",
            Summary = "Manage Skiff itself",
            Usage = "COMMAND",
            Subcommands =
            [
                new("boot", Boot.BootCommand.Define),
                new("df", SystemDfCommand.Define),
                new("events", EventsCommand.Define),
                new("info", InfoCommand.Define),
                new("prune", SystemPruneCommand.Define),
            ],
        };
}
