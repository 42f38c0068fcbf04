using Skiff.CommandLine;

namespace Skiff.Commands.Secrets;

/// <summary><c>skiff secret …</c>.</summary>
internal static class SecretGroup
{
    public static Command Define() =>
        new()
        {
            Name = "secret",
            Summary = "Manage secrets",
            Usage = "COMMAND",
            Subcommands =
            [
                new("create", SecretCreateCommand.Define),
                new("exists", SecretSmallVerbs.DefineExists),
                new("inspect", SecretInspectCommand.Define),
                new("ls", SecretListCommand.Define, "list"),
                new("rm", SecretSmallVerbs.DefineRemove, "remove"),
            ],
        };
}
