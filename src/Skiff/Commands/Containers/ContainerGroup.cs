using Skiff.CommandLine;

namespace Skiff.Commands.Containers;

/// <summary><c>skiff container …</c>: the verbs for containers under docker's group names.</summary>
internal static class ContainerGroup
{
    public static Command Define() =>
        new()
        {
            Name = "container",
            Summary = "Manage containers",
            Usage = "COMMAND",
            Subcommands =
            [
                new("attach", AttachCommand.Define),
                new("commit", CommitCommand.Define),
                new("cp", CpCommand.Define),
                new("create", CreateCommand.Define),
                new("diff", DiffCommand.Define),
                new("exec", ExecCommand.Define),
                new("export", ExportCommand.Define),
                new("inspect", InspectCommand.DefineContainer),
                new("kill", StopCommand.DefineKill),
                new("logs", LogsCommand.Define),
                new("ls", PsCommand.Define, "list"),
                new("pause", PauseCommand.Define),
                new("port", SmallVerbs.DefinePort),
                new("prune", ContainerPruneCommand.Define),
                new("ps", PsCommand.Define) { Hidden = true },
                new("rename", SmallVerbs.DefineRename),
                new("restart", StopCommand.DefineRestart),
                new("rm", RmCommand.Define, "remove"),
                new("run", Run.RunCommand.Define),
                new("start", StartCommand.Define),
                new("stats", StatsCommand.Define),
                new("stop", StopCommand.Define),
                new("top", TopCommand.Define),
                new("unpause", PauseCommand.DefineUnpause),
                new("update", UpdateCommand.Define),
                new("wait", WaitCommand.Define),
            ],
        };
}
