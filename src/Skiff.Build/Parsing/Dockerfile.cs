namespace Skiff.Build.Parsing;

/// <summary>A Dockerfile, read and cut into instructions.</summary>
public sealed class Dockerfile
{
    /// <summary>Greatest size in bytes.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>The instructions in order.</summary>
    public required IReadOnlyList<Instruction> Instructions { get; init; }

    /// <summary>The lines as they were read, for messages.</summary>
    public required IReadOnlyList<string> Lines { get; init; }

    /// <summary>The character that continues lines and takes the meaning of others away: a backslash, or a backtick by directive.</summary>
    public char Escape { get; init; } = '\\';

    /// <summary>The frontend that the directive <c>syntax</c> names; empty without. Skiff reads the language itself.</summary>
    public string Syntax { get; init; } = "";

    /// <summary>What the directive <c>check</c> says: rules to skip, and whether a warning is an error.</summary>
    public string Check { get; init; } = "";

    /// <summary>Sentences about what is read, but is likely not meant.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
