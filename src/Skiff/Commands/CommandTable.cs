using Skiff.CommandLine;

namespace Skiff.Commands;

/// <summary>All verbs by name: one line each. A verb is made only when it is run or listed.</summary>
internal static class CommandTable
{
    /// <summary>The program itself.</summary>
    public static Command Root() =>
        new()
        {
            Name = "skiff",
            Summary = "A container engine in one program, without a daemon",
            Usage = "[OPTIONS] COMMAND",
            Flags = Globals.Flags(),
            Subcommands =
            [
                new("run", Run.RunCommand.Define),
                new("version", VersionCommand.Define),
            ],
        };
}
