using System.Text.RegularExpressions;
using Skiff.CommandLine;
using Skiff.Commands;
using Xunit;

namespace Skiff.Tests.Cli;

/// <summary>What messages and pages tell people to type exists.</summary>
public sealed partial class NamedVerbsTests
{
    [Fact]
    public void Every_command_that_a_message_or_a_page_names_exists()
    {
        string repository = Repository();
        string[] files =
        [
            .. Directory.EnumerateFiles($"{repository}/src", "*.cs", SearchOption.AllDirectories),
            .. Directory.EnumerateFiles($"{repository}/docs", "*.md", SearchOption.AllDirectories),
            .. Directory.EnumerateFiles(repository, "*.md"),
        ];
        int found = 0;
        foreach (string file in files.Where(static f => !f.Contains("/obj/", StringComparison.Ordinal)))
        {
            foreach (Match match in Named().Matches(File.ReadAllText(file)))
            {
                found++;
                Assert.True(Exists(match.Groups[1].Value.Split(' ')), $"{file}: there is no such command: {match.Value}");
            }
        }
        Assert.True(found > 30, "the commands were not found");
    }

    private static bool Exists(string[] words)
    {
        Command command = CommandTable.Root();
        foreach (string word in words)
        {
            // What follows a verb that takes arguments is one.
            CommandEntry? entry = command.Subcommands.Cast<CommandEntry?>().FirstOrDefault(e => e!.Value.Name == word);
            if (entry is null)
            {
                return command.Run is not null && command.Subcommands.Count == 0;
            }
            command = entry.Value.Make();
        }
        return true;
    }

    private static string Repository()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Skiff.slnx")))
        {
            directory = Path.GetDirectoryName(directory);
        }
        return directory!;
    }

    [GeneratedRegex(@"[`'(]skiff ([a-z]+(?: [a-z]+)*)\b")]
    private static partial Regex Named();
}
