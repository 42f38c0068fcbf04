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
                new("build", ImageVerbs.DefineBuild),
                new("config", ConfigCommand.Define, "convert"),
                new("cp", ServiceDelegates.DefineCopy),
                new("create", UpCommand.DefineCreate),
                new("down", DownCommand.Define),
                new("events", ServiceDelegates.DefineEvents),
                new("exec", ServiceDelegates.DefineExec),
                new("images", ServiceDelegates.DefineImages),
                new("kill", ServiceVerbs.DefineKill),
                new("logs", ComposeLogsCommand.Define),
                new("ls", ComposePsCommand.DefineList),
                new("pause", ServiceVerbs.DefinePause),
                new("port", ServiceDelegates.DefinePort),
                new("ps", ComposePsCommand.Define),
                new("pull", ImageVerbs.DefinePull),
                new("restart", ServiceVerbs.DefineRestart),
                new("rm", ServiceVerbs.DefineRemove),
                new("run", ComposeRunCommand.Define),
                new("scale", UpCommand.DefineScale),
                new("start", ServiceVerbs.DefineStart),
                new("stats", ServiceDelegates.DefineStats),
                new("stop", ServiceVerbs.DefineStop),
                new("top", ServiceDelegates.DefineTop),
                new("unpause", ServiceVerbs.DefineUnpause),
                new("up", UpCommand.Define),
                new("version", ServiceDelegates.DefineVersion),
                new("wait", ServiceVerbs.DefineWait),
            ],
        };

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
            Flag.Bool("dry-run", "Show what would be done, and do nothing"),
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
