using Skiff.CommandLine;
using Skiff.Commands;
using Skiff.Commands.Run;
using Skiff.Display;
using Skiff.Engine.Spec;
using Xunit;

namespace Skiff.Tests.Spec;

/// <summary>Reads command lines with the program's own parser and flag table.</summary>
internal static class Options
{
    internal static RunOptions Parse(params string[] words)
    {
        Command run = new()
        {
            Name = "run",
            Summary = "",
            Flags = RunFlags.All(),
            StopAtFirstPositional = true,
            Run = static _ => 0,
        };
        Command root = new()
        {
            Name = "skiff",
            Summary = "",
            Flags = Globals.Flags(),
            Subcommands = [new("run", () => run)],
        };
        RunOptionsContext context = new(
            "/home/me",
            static name => name == "FROM_HOST" ? "here" : null,
            static path => System.Text.Encoding.UTF8.GetBytes(path)
        );
        return RunFlags.Options(CommandParser.Parse(["run", .. words], root, null!), context);
    }

    internal static string Error(params string[] words) => Assert.Throws<Linux.SkiffException>(() => Parse(words)).Message;
}
