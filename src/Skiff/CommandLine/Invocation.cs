using System.Globalization;
using Skiff.Display;
using Skiff.Linux;

namespace Skiff.CommandLine;

/// <summary>A command line after parsing: what was asked of which verb.</summary>
internal sealed class Invocation
{
    private readonly List<(Flag Flag, string Value)> _given;

    internal Invocation(
        Command command,
        string path,
        Globals globals,
        List<(Flag Flag, string Value)> given,
        IReadOnlyList<string> arguments,
        Output output
    )
    {
        Command = command;
        Path = path;
        Globals = globals;
        _given = given;
        Arguments = arguments;
        Output = output;
    }

    /// <summary>The verb.</summary>
    public Command Command { get; }

    /// <summary>The verb as typed, with its group and without the program: <c>container ls</c>.</summary>
    public string Path { get; }

    /// <summary>The flags before the verb.</summary>
    public Globals Globals { get; }

    /// <summary>The arguments that are not flags, in order.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>Where to write.</summary>
    public Output Output { get; }

    /// <summary>The flags given, in the order of the command line.</summary>
    public IReadOnlyList<(Flag Flag, string Value)> Given => _given;

    /// <summary>Whether the flag was given at all, with whatever value.</summary>
    public bool Has(string name) => Value(name) is not null;

    /// <summary>The last value given for the flag, or null. A switch has <c>true</c> or <c>false</c>.</summary>
    public string? Value(string name)
    {
        for (int i = _given.Count - 1; i >= 0; i--)
        {
            if (_given[i].Flag.Name == name)
            {
                return _given[i].Value;
            }
        }
        return null;
    }

    /// <summary>All values given for the flag, in order.</summary>
    public IReadOnlyList<string> Values(string name)
    {
        List<string>? values = null;
        foreach ((Flag flag, string value) in _given)
        {
            if (flag.Name == name)
            {
                (values ??= []).Add(value);
            }
        }
        return values ?? (IReadOnlyList<string>)[];
    }

    /// <summary>A switch.</summary>
    public bool Is(string name, bool otherwise = false) => Value(name) is { } value ? value == "true" : otherwise;

    /// <summary>A whole number, or <paramref name="otherwise"/> where it was not given.</summary>
    public long Number(string name, long otherwise = 0) =>
        Value(name) is { } value ? long.Parse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>The error for a wrong use of this verb, with the pointer to its help; exit code 125 as docker has for flags, 1 for arguments.</summary>
    public SkiffException Usage(string message, int exitCode = 125) => CommandParser.UsageError(Path, message, exitCode);
}
