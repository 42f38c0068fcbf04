namespace Skiff.CommandLine;

/// <summary>The flags before the verb.</summary>
internal sealed record Globals
{
    /// <summary><c>--root</c>, or null for the default place (/var/lib/skiff, or ~/.local/share/skiff without root).</summary>
    public string? Root { get; init; }

    /// <summary><c>--runroot</c>, or null for the default place (/run/skiff, or $XDG_RUNTIME_DIR/skiff without root).</summary>
    public string? Runroot { get; init; }

    /// <summary>Docker's <c>--config</c>: the directory of the credentials file config.json.</summary>
    public string? Config { get; init; }

    /// <summary><c>--debug</c>: errors are printed with the chain of their causes.</summary>
    public bool Debug { get; init; }

    /// <summary><c>--log-level</c>: debug, info, warn, error or fatal.</summary>
    public string LogLevel { get; init; } = "info";

    /// <summary>The flags, in the order of the help.</summary>
    internal static Flag[] Flags() =>
        [
            Flag.Text("config", "Directory of the credentials file config.json (default ~/.docker)") with
            {
                Completes = Completion.Directory,
            },
            Flag.Bool("debug", "Print the chain of causes of an error", 'D'),
            Flag.Bool("help", "Print this help", 'h'),
            Flag.Text("log-level", "Set the level of messages (debug, info, warn, error, fatal)", 'l') with
            {
                Default = "info",
                Choices = ["debug", "info", "warn", "error", "fatal"],
            },
            Flag.Text("root", "Directory of images, layers, containers and volumes", valueName: "dir") with
            {
                Completes = Completion.Directory,
            },
            Flag.Text("runroot", "Directory of what need not survive a reboot", valueName: "dir") with
            {
                Completes = Completion.Directory,
            },
            Flag.Bool("version", "Print the version", 'v'),
        ];
}
