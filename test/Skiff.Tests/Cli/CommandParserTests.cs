using System.Text;
using Skiff.CommandLine;
using Skiff.Commands;
using Skiff.Display;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Cli;

public sealed class CommandParserTests
{
    private static readonly Flag[] s_flags =
    [
        Flag.Bool("interactive", "", 'i'),
        Flag.Bool("tty", "", 't'),
        Flag.Bool("detach", "", 'd'),
        Flag.Bool("rm", ""),
        Flag.List("publish", "", 'p'),
        Flag.Text("name", ""),
        Flag.Text("hostname", "", 'h'),
        Flag.Number("pids-limit", ""),
        Flag.Text("network", "") with
        {
            Alias = "net",
        },
    ];

    private static Command Run() =>
        new()
        {
            Name = "run",
            Summary = "",
            Flags = s_flags,
            StopAtFirstPositional = true,
            MinArguments = 1,
            Run = static _ => 0,
        };

    private static Command Stop() =>
        new()
        {
            Name = "stop",
            Summary = "",
            Flags = [Flag.Number("time", "", 't')],
            MinArguments = 1,
            MaxArguments = 2,
            Run = static _ => 0,
        };

    private static Command Group() =>
        new()
        {
            Name = "container",
            Summary = "",
            Subcommands = [new("run", Run), new("stop", Stop)],
        };

    private static Command Root() =>
        new()
        {
            Name = "skiff",
            Summary = "",
            Subcommands = [new("run", Run), new("stop", Stop), new("container", Group)],
        };

    private static Invocation Parse(string line) =>
        CommandParser.Parse(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            Root(),
            new Output(new StringBuilder(), new StringBuilder())
        );

    private static SkiffException Fails(string line) => Assert.Throws<SkiffException>(() => Parse(line));

    [Fact]
    public void Flags_of_run_end_at_the_image()
    {
        Invocation i = Parse("run --rm alpine ls -l --rm=false");
        Assert.Equal(["alpine", "ls", "-l", "--rm=false"], i.Arguments);
        Assert.True(i.Is("rm"));
    }

    [Fact]
    public void Short_switches_combine_and_the_last_may_take_a_value()
    {
        Invocation i = Parse("run -itdp80:80 -p 443:443 -p=53:53 alpine");
        Assert.True(i.Is("interactive") && i.Is("tty") && i.Is("detach"));
        Assert.Equal(["80:80", "443:443", "53:53"], i.Values("publish"));
    }

    [Theory]
    [InlineData("run --name=a alpine", "a")]
    [InlineData("run --name a alpine", "a")]
    [InlineData("run --name a --name=b alpine", "b")]
    [InlineData("run --name= alpine", "")]
    [InlineData("run --name --rm alpine", "--rm")]
    public void A_value_follows_by_equals_sign_or_as_the_next_word(string line, string name) =>
        Assert.Equal(name, Parse(line).Value("name"));

    [Theory]
    [InlineData("run --rm=false alpine", false)]
    [InlineData("run --rm=0 alpine", false)]
    [InlineData("run --rm=T alpine", true)]
    [InlineData("run -t=false --rm alpine", true)]
    public void A_switch_takes_its_value_only_by_equals_sign(string line, bool rm)
    {
        Assert.Equal(rm, Parse(line).Is("rm"));
        Assert.Equal(["alpine"], Parse(line).Arguments);
    }

    [Fact]
    public void Flags_of_other_verbs_may_follow_the_arguments()
    {
        Invocation i = Parse("stop web -t 3 db");
        Assert.Equal(["web", "db"], i.Arguments);
        Assert.Equal(3, i.Number("time"));
    }

    [Fact]
    public void Two_dashes_end_the_flags()
    {
        Assert.Equal(["-t", "3"], Parse("stop -- -t 3").Arguments);
        Assert.Equal(["alpine", "--", "x"], Parse("run -- alpine -- x").Arguments);
    }

    [Fact]
    public void Global_flags_stand_before_the_verb()
    {
        Invocation i = Parse("--root /r --runroot=/s -D container stop web");
        Assert.Equal(("/r", "/s", true, "container stop"), (i.Globals.Root, i.Globals.Runroot, i.Globals.Debug, i.Path));
    }

    [Fact]
    public void An_alias_of_a_flag_is_read_under_its_main_name() => Assert.Equal("host", Parse("run --net host alpine").Value("network"));

    [Fact]
    public void The_letter_h_is_help_unless_the_verb_has_its_own()
    {
        Assert.True(Parse("stop -h").Is("help"));
        Assert.Equal("box", Parse("run -h box alpine").Value("hostname"));
    }

    [Theory]
    [InlineData("run --nmae x alpine", "unknown flag --nmae, did you mean --name?", 125)]
    [InlineData("run --bogus-thing alpine", "unknown flag --bogus-thing", 125)]
    [InlineData("run -itx alpine", "unknown flag -x in -itx", 125)]
    [InlineData("run --name", "flag --name needs a value", 125)]
    [InlineData("run --rm=maybe alpine", "invalid value \"maybe\" for flag --rm: true or false expected", 125)]
    [InlineData("run --pids-limit many alpine", "invalid value \"many\" for flag --pids-limit: a whole number expected", 125)]
    [InlineData("run --root /x alpine", "--root is a flag of skiff itself: write it before the verb, 'skiff --root … run'", 125)]
    [InlineData("run", "'skiff run' needs at least 1 argument: skiff run ", 1)]
    [InlineData("stop a b c", "'skiff stop' takes at most 2 arguments: skiff stop ", 1)]
    [InlineData("sotp x", "'sotp' is not a verb of skiff, did you mean 'stop'?", 1)]
    [InlineData("container xyzzy", "'xyzzy' is not a verb of 'skiff container'", 1)]
    public void A_wrong_use_is_one_sentence_with_dockers_exit_code(string line, string message, int code)
    {
        SkiffException e = Fails(line);
        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
        Assert.Equal(code, e.ExitCode);
    }

    [Theory]
    [InlineData("--version")]
    [InlineData("")]
    [InlineData("--help")]
    public void Without_a_verb_the_root_is_meant(string line) => Assert.Equal("", Parse(line).Path);

    [Theory]
    [InlineData("container --help", "container")]
    [InlineData("container", "container")]
    public void A_group_without_a_verb_is_itself(string line, string path) => Assert.Equal(path, Parse(line).Path);

    [Fact]
    public void The_flags_of_a_group_stand_before_its_verb()
    {
        Invocation invocation = CommandParser.Parse(
            ["compose", "-f", "a", "-p", "x", "logs", "-f", "web"],
            CommandTable.Root(),
            new Output()
        );
        Assert.Equal(
            ("compose logs", "a", "x", true),
            (invocation.Path, invocation.Value("file"), invocation.Value("project-name"), invocation.Is("follow"))
        );
        Assert.Equal(["web"], invocation.Arguments);
        Assert.Equal("compose", CommandParser.Parse(["compose", "-f", "a"], CommandTable.Root(), new Output()).Path);
    }

    [Theory]
    [InlineData("/usr/local/bin/docker-compose", "compose up")]
    [InlineData("docker-compose", "compose up")]
    [InlineData("/usr/bin/skiff", "up")]
    public void The_name_it_is_called_by_chooses_compose(string program, string words) =>
        Assert.Equal(words, string.Join(' ', Program.ByName(program, ["up"])));
}
