using Skiff.CommandLine;

namespace Skiff.Commands.Networks;

/// <summary><c>skiff network …</c>.</summary>
internal static class NetworkGroup
{
    public static Command Define() =>
        new()
        {
            Name = "network",
            Summary = "Manage networks",
            Usage = "COMMAND",
            Subcommands =
            [
                new("connect", NetworkConnectCommand.Define),
                new("create", NetworkCreateCommand.Define),
                new("disconnect", NetworkConnectCommand.DefineDisconnect),
                new("inspect", NetworkInspectCommand.Define),
                new("ls", NetworkListCommand.Define, "list"),
                new("prune", NetworkPruneCommand.Define),
                new("rm", NetworkRemoveCommand.Define, "remove"),
            ],
        };
}
