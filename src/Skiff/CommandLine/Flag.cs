namespace Skiff.CommandLine;

/// <summary>What a flag takes.</summary>
internal enum FlagKind
{
    /// <summary>A switch: <c>--rm</c>, <c>--rm=false</c>; it never takes the next argument.</summary>
    Bool,

    /// <summary>One value; the last one given counts.</summary>
    Text,

    /// <summary>One whole number, checked by the parser.</summary>
    Number,

    /// <summary>A value that may be repeated; all are kept in order.</summary>
    List,
}

/// <summary>What the shell offers for a value or an argument.</summary>
internal enum Completion
{
    None,
    File,
    Directory,
    Container,
    RunningContainer,
    StoppedContainer,
    PausedContainer,
    Object,
    Image,
    Volume,
    Secret,
    Network,
    Service,
    Verb,
    Signal,
    Shell,
}

/// <summary>One flag of a verb: the parser, the help, the completion and the man page are all made from it.</summary>
/// <param name="Name">The long name without dashes.</param>
/// <param name="Short">The letter after one dash, or <c>'\0'</c>.</param>
/// <param name="Kind">What it takes.</param>
/// <param name="ValueName">The word shown for the value in the help, docker's (<c>string</c>, <c>list</c>, <c>bytes</c>); empty for switches.</param>
/// <param name="Help">One line, without a full stop.</param>
internal sealed record Flag(string Name, char Short, FlagKind Kind, string ValueName, string Help)
{
    /// <summary>A second long name, such as <c>net</c> for <c>network</c>; accepted, not listed.</summary>
    public string? Alias { get; init; }

    /// <summary>Accepted, but not listed in the help.</summary>
    public bool Hidden { get; init; }

    /// <summary>The default, shown in the help where it is not the empty value of the kind.</summary>
    public string? Default { get; init; }

    /// <summary>The values there are, offered by the completion; null for anything.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>What the completion offers for the value.</summary>
    public Completion Completes { get; init; }

    /// <summary>A switch.</summary>
    public static Flag Bool(string name, string help, char shortName = '\0') => new(name, shortName, FlagKind.Bool, "", help);

    /// <summary>A flag with one value.</summary>
    public static Flag Text(string name, string help, char shortName = '\0', string valueName = "string") =>
        new(name, shortName, FlagKind.Text, valueName, help);

    /// <summary>A flag with one whole number.</summary>
    public static Flag Number(string name, string help, char shortName = '\0') => new(name, shortName, FlagKind.Number, "int", help);

    /// <summary>A flag that may be repeated.</summary>
    public static Flag List(string name, string help, char shortName = '\0', string valueName = "list") =>
        new(name, shortName, FlagKind.List, valueName, help);
}
