using Skiff.CommandLine;
using Skiff.Commands;
using Xunit;

namespace Skiff.Tests.Cli;

public sealed class CompleterTests
{
    private static readonly Command s_root = CommandTable.Root();

    private static string[] Words(params string[] typed) => [.. Completer.Complete(s_root, typed).Candidates.Select(static c => c.Word)];

    [Fact]
    public void Verbs_are_completed_and_hidden_ones_are_not()
    {
        Assert.Equal(["images", "import"], Words("im").Where(static w => w != "image"));
        Assert.DoesNotContain("__complete", Words(""));
        Assert.Equal(["prune", "pull"], Words("image", "p"));
    }

    [Fact]
    public void Global_flags_before_the_verb_take_their_values()
    {
        Assert.Contains("pull", Words("--root", "/x", "-D", "pul"));
        Assert.Equal(Completion.Directory, Completer.Complete(s_root, ["--root", ""]).Kind);
    }

    [Fact]
    public void Signals_and_shells_are_completed()
    {
        Assert.Equal(Completion.Signal, Completer.Complete(s_root, ["kill", "-s", ""]).Kind);
        Assert.Equal(Completion.Signal, Completer.Complete(s_root, ["stop", "--signal", ""]).Kind);
        Assert.Equal(Completion.Signal, Completer.Complete(s_root, ["run", "--stop-signal", ""]).Kind);
        Assert.Equal(Completion.Shell, Completer.Complete(s_root, ["completion", ""]).Kind);
    }

    [Fact]
    public void Flags_and_their_choices_are_completed()
    {
        Assert.Equal(["--platform", "--progress"], Words("pull", "--p"));
        Assert.Equal(["auto", "plain", "tty", "json"], Words("pull", "--progress", ""));
        Assert.Contains("--progress=json", Words("pull", "--progress=j"));
        Assert.Equal(Completion.File, Completer.Complete(s_root, ["load", "-qi", ""]).Kind);
    }

    [Fact]
    public void Arguments_are_of_the_kind_that_the_verb_names()
    {
        Assert.Equal(Completion.Image, Completer.Complete(s_root, ["rmi", "-f", "a", ""]).Kind);
        Assert.Equal(Completion.File, Completer.Complete(s_root, ["import", ""]).Kind);
        Assert.Equal(Completion.Image, Completer.Complete(s_root, ["import", "x.tar", ""]).Kind);
        Assert.Equal(Completion.None, Completer.Complete(s_root, ["history", "a", ""]).Kind);
        Assert.Equal(CompletionAnswer.Nothing, Completer.Complete(s_root, ["nosuchverb", ""]));
    }

    [Fact]
    public void Flags_after_the_image_of_run_belong_to_the_container() => Assert.Empty(Words("run", "alpine", "--ne"));

    [Fact]
    public void Every_verb_makes_help_and_a_manual_page()
    {
        foreach ((string name, string text) in ManPage.All(s_root, "1"))
        {
            Assert.StartsWith($".TH \"{name.ToUpperInvariant()}\" \"1\"", text, StringComparison.Ordinal);
            Assert.DoesNotContain("\n'", text, StringComparison.Ordinal);
        }
        Assert.Contains("Usage:  skiff pull [OPTIONS]", Help.Text(PullCommand.Define(), "pull"), StringComparison.Ordinal);
    }

    [Fact]
    public void No_two_flags_of_a_verb_share_a_name_or_a_letter()
    {
        var waiting = new Queue<Command>([s_root]);
        while (waiting.TryDequeue(out Command? command))
        {
            string[] names =
            [
                .. command
                    .Flags.SelectMany(static f => new[] { f.Name, f.Alias, f.Short == '\0' ? null : f.Short.ToString() })
                    .OfType<string>(),
            ];
            Assert.Equal(names.Length, names.Distinct().Count());
            foreach (CommandEntry entry in command.Subcommands)
            {
                waiting.Enqueue(entry.Make());
            }
        }
    }

    [Fact]
    public void Troff_sees_no_control_lines_in_text() => Assert.Equal("\\&.x\\-y\\e\n\\&'z", ManPage.Escape(".x-y\\\n'z"));
}
