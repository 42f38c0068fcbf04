using Skiff.CommandLine;

namespace Skiff.Commands.Volumes;

/// <summary><c>skiff volume …</c>.</summary>
internal static class VolumeGroup
{
    public static Command Define() =>
        new()
        {
            Name = "volume",
            Summary = "Manage volumes",
            Usage = "COMMAND",
            Subcommands =
            [
                new("create", VolumeCreateCommand.Define),
                new("export", VolumeExportCommand.Define),
                new("import", VolumeImportCommand.Define),
                new("inspect", VolumeInspectCommand.Define),
                new("ls", VolumeListCommand.Define, "list"),
                new("prune", VolumePruneCommand.Define),
                new("rm", VolumeRemoveCommand.Define, "remove"),
            ],
        };
}
