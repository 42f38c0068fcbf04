using Skiff.CommandLine;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary><c>skiff help</c> and <c>skiff man</c>: the table as text for people.</summary>
internal static class HelpCommand
{
    public static Command Define() =>
        new()
        {
            Name = "help",
            WorksOutside = true,
            Summary = "Show the help of a command",
            Usage = "[COMMAND...]",
            Completes = [Completion.Verb],
            Run = static invocation =>
            {
                (Command command, string path) = Find(invocation);
                invocation.Output.Write(Help.Text(command, path));
                return 0;
            },
        };

    public static Command DefineMan() =>
        new()
        {
            Name = "man",
            WorksOutside = true,
            Summary = "Print a manual page, or write all of them to a directory",
            Usage = "[OPTIONS] [COMMAND...]",
            Description = "skiff man pull | man -l -",
            Flags =
            [
                Flag.Text("output", "Write the pages of all commands to this directory", 'o', "dir") with
                {
                    Completes = Completion.Directory,
                },
            ],
            Completes = [Completion.Verb],
            Run = Man,
        };

    private static int Man(Invocation invocation)
    {
        if (invocation.Value("output") is not { Length: > 0 } directory)
        {
            (Command command, string path) = Find(invocation);
            invocation.Output.Write(ManPage.Text(command, path, BuildInfo.Version));
            return 0;
        }
        int errno = Files.TryMakeDirectory(directory, 0x1ED);
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("mkdir", directory, errno);
        }
        foreach ((string name, string text) in ManPage.All(CommandTable.Root(), BuildInfo.Version))
        {
            Files.Replace($"{directory}/{name}.1", System.Text.Encoding.UTF8.GetBytes(text), 0x1A4);
        }
        return 0;
    }

    private static (Command Command, string Path) Find(Invocation invocation)
    {
        Command command = CommandTable.Root();
        foreach (string word in invocation.Arguments)
        {
            command = (
                CommandParser.Find(command, word)
                ?? throw invocation.Usage($"there is no command '{string.Join(' ', invocation.Arguments)}'", 1)
            ).Make();
        }
        return (command, string.Join(' ', invocation.Arguments));
    }
}
