namespace Skiff.CommandLine;

/// <summary>A name in the command table and how to make the command: nothing is made until it is asked for, so the table costs nothing at start.</summary>
/// <param name="Name">The verb as typed.</param>
/// <param name="Make">Makes the command; a static method group.</param>
/// <param name="Alias">A second word for the same verb in the same place (<c>list</c> for <c>ls</c>); accepted, not listed.</param>
internal readonly record struct CommandEntry(string Name, Func<Command> Make, string? Alias = null)
{
    /// <summary>Works, but is not listed: a spelling kept for docker's scripts, or a verb for machines.</summary>
    public bool Hidden { get; init; }
}

/// <summary>One verb, or a group of verbs.</summary>
internal sealed record Command
{
    /// <summary>The verb's main name; what was typed is <see cref="Invocation.Path"/>.</summary>
    public required string Name { get; init; }

    /// <summary>One line for the list of verbs, without a full stop.</summary>
    public required string Summary { get; init; }

    /// <summary>What follows the verb, in docker's notation: <c>[OPTIONS] IMAGE [COMMAND] [ARG...]</c>.</summary>
    public string Usage { get; init; } = "";

    /// <summary>Paragraphs and examples for <c>--help</c> and the man page; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>The verb's own flags.</summary>
    public IReadOnlyList<Flag> Flags { get; init; } = [];

    /// <summary>The verbs of a group; empty for a verb.</summary>
    public IReadOnlyList<CommandEntry> Subcommands { get; init; } = [];

    /// <summary>Flags end at the first argument, as in <c>run alpine ls -l</c>.</summary>
    public bool StopAtFirstPositional { get; init; }

    /// <summary>Everything after the verb is an argument; the verb reads its own (as <c>explain</c> and <c>__complete</c> do).</summary>
    public bool RawArguments { get; init; }

    /// <summary>The fewest arguments.</summary>
    public int MinArguments { get; init; }

    /// <summary>The most arguments.</summary>
    public int MaxArguments { get; init; } = int.MaxValue;

    /// <summary>The exit code when the engine fails for another reason than a <see cref="Linux.SkiffException"/>: 125 for run, create and exec, where other codes are the container's.</summary>
    public int FailureExitCode { get; init; } = 1;

    /// <summary>An ordinary user's command that needs neither the store nor the user's namespaces, and works without entering them.</summary>
    public bool WorksOutside { get; init; }

    /// <summary>What the completion offers for the first arguments, one each; the last repeats.</summary>
    public IReadOnlyList<Completion> Completes { get; init; } = [];

    /// <summary>The work; returns the exit code. Null for a group.</summary>
    public Func<Invocation, int>? Run { get; init; }
}
