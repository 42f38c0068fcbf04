using Skiff.CommandLine;

namespace Skiff.Commands.Compose;

/// <summary><c>skiff compose …</c>: the flags of all its verbs, and the verbs.</summary>
internal static class ComposeGroup
{
    public static Command Define() =>
        new()
        {
            Name = "compose",
            Summary = "Run applications of several containers that a compose file describes",
            Usage = "[OPTIONS] COMMAND",
            Flags = Flags(),
            Subcommands =
            [
                new("attach", ServiceDelegates.DefineAttach),
                new("build", static () => Wet(ImageVerbs.DefineBuild())),
                new("config", ConfigCommand.Define, "convert"),
                new("cp", static () => Wet(ServiceDelegates.DefineCopy())),
                new("create", UpCommand.DefineCreate),
                new("down", DownCommand.Define),
                new("events", ComposeEventsCommand.Define),
                new("exec", static () => Wet(ServiceDelegates.DefineExec())),
                new("images", ServiceViews.DefineImages),
                new("kill", ServiceVerbs.DefineKill),
                new("logs", ComposeLogsCommand.Define),
                new("ls", ComposePsCommand.DefineList),
                new("pause", ServiceVerbs.DefinePause),
                new("port", ServiceViews.DefinePort),
                new("ps", ComposePsCommand.Define),
                new("pull", static () => Wet(ImageVerbs.DefinePull())),
                new("restart", ServiceVerbs.DefineRestart),
                new("rm", ServiceVerbs.DefineRemove),
                new("run", static () => Wet(ComposeRunCommand.Define())),
                new("scale", UpCommand.DefineScale),
                new("start", ServiceVerbs.DefineStart),
                new("stats", ServiceDelegates.DefineStats),
                new("stop", ServiceVerbs.DefineStop),
                new("top", ServiceViews.DefineTop),
                new("unpause", ServiceVerbs.DefineUnpause),
                new("up", UpCommand.Define),
                new("version", ServiceDelegates.DefineVersion),
                new("wait", ServiceVerbs.DefineWait),
            ],
        };

    /// <summary>A verb that cannot say what it would do: it must not do it either.</summary>
    private static Command Wet(Command command)
    {
        Func<Invocation, int> run = command.Run!;
        return command with
        {
            Run = invocation =>
                invocation.Is("dry-run")
                    ? throw invocation.Usage(
                        "--dry-run goes with up, create, scale, down, start, stop, restart, kill, rm, pause and unpause",
                        1
                    )
                    : run(invocation),
        };
    }

    /// <summary><c>explain compose</c>.</summary>
    public static Command DefineExplain() =>
        new()
        {
            Name = "compose",
            Summary = "Show what a verb of compose would do",
            Usage = "[OPTIONS] COMMAND",
            Flags = Flags(),
            Subcommands = [new("up", UpCommand.DefineExplain)],
        };

    /// <summary>Before the verb, where it is listed, or among the verb's own flags.</summary>
    private static Flag DryRun => Flag.Bool("dry-run", "Show what would be done, and do nothing");

    /// <summary>For the verbs that can say what they would do.</summary>
    internal static Flag OwnDryRun => DryRun with { Hidden = true };

    internal static IReadOnlyList<Flag> Flags() =>
        [
            Flag.Bool("all-resources", "Include what no service uses"),
            Flag.Text("ansi", "When to colour the output") with
            {
                Default = "auto",
                Choices = ["never", "always", "auto"],
            },
            Flag.Bool("compatibility", "Join the parts of names with _ instead of -") with
            {
                Hidden = true,
            },
            DryRun,
            Flag.List("env-file", "Read variables from a file instead of .env", valueName: "file") with
            {
                Completes = Completion.File,
            },
            Flag.List("file", "Compose file; - for standard input", 'f', "file") with
            {
                Completes = Completion.File,
            },
            Flag.Number("parallel", "How much is done at once; -1 for no limit") with
            {
                Default = "-1",
            },
            Flag.List("profile", "Activate a profile", valueName: "name"),
            Flag.Text("progress", "How progress is shown") with
            {
                Default = "auto",
                Choices = ["auto", "tty", "plain", "json", "quiet"],
            },
            Flag.Text("project-directory", "Directory of the project, for relative paths", valueName: "dir") with
            {
                Completes = Completion.Directory,
            },
            Flag.Text("project-name", "Name of the project", 'p'),
        ];
}
