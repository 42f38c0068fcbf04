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
                new("__stress-spawn", StressSpawnCommand.Define) { Hidden = true },
                new("attach", Containers.AttachCommand.Define),
                new("build", Builds.BuildCommand.Define),
                new("builder", Builds.BuilderGroup.Define),
                new("commit", Containers.CommitCommand.Define),
                new("compose", Compose.ComposeGroup.Define),
                new("completion", CompletionCommand.Define),
                new("container", Containers.ContainerGroup.Define),
                new("cp", Containers.CpCommand.Define),
                new("create", Containers.CreateCommand.Define),
                new("diff", Containers.DiffCommand.Define),
                new("events", EventsCommand.Define),
                new("exec", Containers.ExecCommand.Define),
                new("explain", ExplainCommand.Define),
                new("export", Containers.ExportCommand.Define),
                new("help", HelpCommand.Define),
                new("history", HistoryCommand.Define),
                new("image", ImageGroup.Define),
                new("images", ImagesCommand.Define),
                new("hold-exec", Containers.ExecBackground.Define) { Hidden = true },
                new("hold-terminal", Containers.TerminalHolder.Define) { Hidden = true },
                new("import", ImportCommand.Define),
                new("info", InfoCommand.Define),
                new("inspect", Containers.InspectCommand.Define),
                new("kill", Containers.StopCommand.DefineKill),
                new("load", LoadCommand.Define),
                new("login", LoginCommand.Define),
                new("logout", LogoutCommand.Define),
                new("logs", Containers.LogsCommand.Define),
                new("man", HelpCommand.DefineMan),
                new("monitor", Containers.MonitorCommand.Define) { Hidden = true },
                new("network", Networks.NetworkGroup.Define),
                new("pause", Containers.PauseCommand.Define),
                new("port", Containers.SmallVerbs.DefinePort),
                new("ps", Containers.PsCommand.Define),
                new("pull", PullCommand.Define),
                new("rename", Containers.SmallVerbs.DefineRename),
                new("restart", Containers.StopCommand.DefineRestart),
                new("rm", Containers.RmCommand.Define),
                new("rmi", RmiCommand.Define),
                new("run", Run.RunCommand.Define),
                new("save", SaveCommand.Define),
                new("secret", Secrets.SecretGroup.Define),
                new("start", Containers.StartCommand.Define),
                new("stats", Containers.StatsCommand.Define),
                new("stop", Containers.StopCommand.Define),
                new("system", SystemGroup.Define),
                new("tag", TagCommand.Define),
                new("top", Containers.TopCommand.Define),
                new("unpause", Containers.PauseCommand.DefineUnpause),
                new("unshare", UnshareCommand.Define),
                new("update", Containers.UpdateCommand.Define),
                new("version", VersionCommand.Define),
                new("volume", Volumes.VolumeGroup.Define),
                new("wait", Containers.WaitCommand.Define),
            ],
        };
}
