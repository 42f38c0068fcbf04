using System.Text;
using Skiff.CommandLine;
using Skiff.Commands;
using Skiff.Display;
using Xunit;

namespace Skiff.Tests.Cli;

/// <summary>Every verb of the table is explained, and its examples are command lines that the parser takes.</summary>
public sealed class ExamplesTests
{
    public static TheoryData<string> Verbs
    {
        get
        {
            TheoryData<string> data = [];
            foreach ((string path, Command command) in All(CommandTable.Root(), ""))
            {
                if (command.Run is not null)
                {
                    data.Add(path);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void A_verb_has_a_summary_help_for_its_flags_examples_and_a_manual_page(string path)
    {
        Command command = All(CommandTable.Root(), "").Single(c => c.Path == path).Command;
        Assert.True(command.Summary.Length > 10 && char.IsUpper(command.Summary[0]) && !command.Summary.EndsWith('.'), command.Summary);
        Assert.All(
            command.Flags.Where(static f => !f.Hidden),
            static f => Assert.True(f.Help.Length > 5 && !f.Help.EndsWith('.'), $"{f.Name}: {f.Help}")
        );
        IReadOnlyList<string> examples = Examples.Of(path);
        Assert.NotEmpty(examples);
        string help = Help.Text(command, path);
        Assert.StartsWith($"Usage:  skiff {path}", help, StringComparison.Ordinal);
        Assert.Contains($"Examples:\n  {examples[0]}\n", help, StringComparison.Ordinal);
        string page = ManPage.Text(command, path, "1");
        Assert.Contains(".SH EXAMPLES\n.EX\n", page, StringComparison.Ordinal);
        Assert.All(page, static c => Assert.True(c is '\n' or (>= ' ' and <= '~'), $"U+{(int)c:X4} is not for groff"));
        foreach (string example in examples)
        {
            Assert.StartsWith($"skiff {path}", example, StringComparison.Ordinal);
            Invocation read = CommandParser.Parse(
                Words(example),
                CommandTable.Root(),
                new Output(new StringBuilder(), new StringBuilder())
            );
            Assert.Equal(command.Name, read.Command.Name);
        }
    }

    private static IEnumerable<(string Path, Command Command)> All(Command group, string path)
    {
        foreach (CommandEntry entry in group.Subcommands.Where(static e => !e.Hidden))
        {
            Command command = entry.Make();
            string own = path.Length == 0 ? entry.Name : $"{path} {entry.Name}";
            yield return (own, command);
            foreach ((string, Command) below in All(command, own))
            {
                yield return below;
            }
        }
    }

    /// <summary>The words after the program's, as a shell reads them, up to a pipe or a redirection.</summary>
    private static List<string> Words(string line)
    {
        List<string> words = [];
        var word = new StringBuilder();
        char quote = '\0';
        foreach (char c in line + " ")
        {
            if (quote != '\0')
            {
                _ = c == quote ? quote = '\0' : word.Append(c)[^1];
            }
            else if (c == '\'')
            {
                quote = c;
            }
            else if (c != ' ')
            {
                word.Append(c);
            }
            else
            {
                if (word.ToString() is "|" or ">")
                {
                    break;
                }
                words.Add(word.ToString());
                word.Clear();
            }
        }
        return words[1..];
    }
}
