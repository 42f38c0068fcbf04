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
                new("__complete", CompletionCommand.DefineComplete) { Hidden = true },
                new("completion", CompletionCommand.Define),
                new("explain", ExplainCommand.Define),
                new("help", HelpCommand.Define),
                new("history", HistoryCommand.Define),
                new("image", ImageGroup.Define),
                new("images", ImagesCommand.Define),
                new("import", ImportCommand.Define),
                new("info", InfoCommand.Define),
                new("load", LoadCommand.Define),
                new("login", LoginCommand.Define),
                new("logout", LogoutCommand.Define),
                new("man", HelpCommand.DefineMan),
                new("pull", PullCommand.Define),
                new("rmi", RmiCommand.Define),
                new("run", Run.RunCommand.Define),
                new("save", SaveCommand.Define),
                new("system", SystemGroup.Define),
                new("tag", TagCommand.Define),
                new("version", VersionCommand.Define),
            ],
        };
}
