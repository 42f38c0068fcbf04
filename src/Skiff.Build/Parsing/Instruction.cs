namespace Skiff.Build.Parsing;

/// <summary>One instruction of a Dockerfile as it is written, nothing expanded.</summary>
public sealed record Instruction
{
    /// <summary>The instruction in capitals: <c>RUN</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>--name=value</c> words before the arguments, in order; a flag without value has an empty one.</summary>
    public IReadOnlyList<InstructionFlag> Flags { get; init; } = [];

    /// <summary>Everything after the flags, continued lines joined.</summary>
    public string Arguments { get; init; } = "";

    /// <summary>Texts that it brings along, in the order of their words.</summary>
    public IReadOnlyList<Heredoc> Heredocs { get; init; } = [];

    /// <summary>Its first line, from 1.</summary>
    public int FirstLine { get; init; }

    /// <summary>Its last line.</summary>
    public int LastLine { get; init; }

    /// <summary>The words of a JSON array of strings; null for any other form.</summary>
    public IReadOnlyList<string>? Json => JsonForm.TryParse(Arguments);

    /// <summary>It came with a base image (ONBUILD): its lines are not the Dockerfile's.</summary>
    public bool IsTriggered { get; init; }

    /// <summary>The value of a flag; null if it was not given.</summary>
    public string? Flag(string name)
    {
        string? value = null;
        foreach (InstructionFlag flag in Flags)
        {
            value = flag.Name == name ? flag.Value : value;
        }
        return value;
    }

    /// <summary>The instruction as one line, for people.</summary>
    public override string ToString()
    {
        string flags = string.Concat(Flags.Select(f => f.HasValue ? $"--{f.Name}={f.Value} " : $"--{f.Name} "));
        return $"{Name} {flags}{Arguments}".TrimEnd();
    }
}

/// <summary>A flag of an instruction.</summary>
/// <param name="name">Without dashes.</param>
/// <param name="value">What follows the equals sign.</param>
/// <param name="hasValue">There was an equals sign.</param>
public sealed class InstructionFlag(string name, string value, bool hasValue)
{
    /// <summary>Without dashes.</summary>
    public string Name => name;

    /// <summary>What follows the equals sign.</summary>
    public string Value => value;

    /// <summary>There was an equals sign.</summary>
    public bool HasValue => hasValue;
}
