using System.Globalization;
using Skiff.Display;
using Skiff.Linux;

namespace Skiff.CommandLine;

/// <summary>Reads a command line by docker's conventions (those of Go's pflag package, which docker uses).</summary>
/// <remarks>Flags may follow arguments, except for verbs that hand the rest to a program; <c>--</c> ends the flags; a value flag takes the next argument whatever it begins with.</remarks>
internal static class CommandParser
{
    private static readonly Flag s_help = new("help", '\0', FlagKind.Bool, "", "Print usage");

    /// <summary>Finds the verb and reads its flags. Throws <see cref="SkiffException"/> with exit code 125 for a wrong flag and 1 for a wrong verb or number of arguments, as docker does.</summary>
    public static Invocation Parse(IReadOnlyList<string> arguments, Command root, Output output)
    {
        var given = new List<(Flag, string)>();
        var positional = new List<string>();
        int next = ReadFlags(arguments, 0, Globals.Flags(), stopAtFirst: true, "", given, positional);
        Globals globals = ReadGlobals(given);
        if (next >= arguments.Count || Wants(given, "help") || Wants(given, "version"))
        {
            return new Invocation(root, "", globals, given, [], output);
        }

        Command command = root;
        string path = "";
        var group = new List<(Flag, string)>();
        while (command.Subcommands.Count > 0 && next < arguments.Count)
        {
            if (path.Length > 0 && command.Flags.Count > 0)
            {
                next = ReadFlags(arguments, next, command.Flags, stopAtFirst: true, path, group, positional);
                if (next >= arguments.Count || Wants(group, "help"))
                {
                    return new Invocation(command, path, globals, group, [], output);
                }
            }
            string word = arguments[next];
            if (word is "--help" or "-h")
            {
                return new Invocation(command, path, globals, [(s_help, "true")], [], output);
            }
            command = (Find(command, word) ?? throw UnknownVerb(command, path, word)).Make();
            path = path.Length == 0 ? word : $"{path} {word}";
            next++;
        }
        given = group;
        if (command.RawArguments)
        {
            return new Invocation(command, path, globals, given, Rest(arguments, next), output);
        }
        next = ReadFlags(arguments, next, command.Flags, command.StopAtFirstPositional, path, given, positional);
        while (next < arguments.Count)
        {
            positional.Add(arguments[next++]);
        }
        if (!Wants(given, "help"))
        {
            CheckCount(command, path, positional.Count);
        }
        return new Invocation(command, path, globals, given, positional, output);
    }

    /// <summary>The entry of a verb in a group, by name or alias.</summary>
    public static CommandEntry? Find(Command group, string word)
    {
        foreach (CommandEntry entry in group.Subcommands)
        {
            if (entry.Name == word || entry.Alias == word)
            {
                return entry;
            }
        }
        return null;
    }

    /// <summary>The error for a wrong use of a verb, with the pointer to its help.</summary>
    public static SkiffException UsageError(string path, string message, int exitCode) =>
        new($"{message}; see 'skiff {(path.Length == 0 ? "" : path + " ")}--help'", exitCode) { IsUsage = true };

    /// <summary>Reads flags from <paramref name="next"/> on; arguments go to <paramref name="positional"/>. Returns the index of the first word not read.</summary>
    private static int ReadFlags(
        IReadOnlyList<string> words,
        int next,
        IReadOnlyList<Flag> flags,
        bool stopAtFirst,
        string path,
        List<(Flag, string)> given,
        List<string> positional
    )
    {
        while (next < words.Count)
        {
            string word = words[next];
            if (word.Length < 2 || word[0] != '-')
            {
                if (stopAtFirst)
                {
                    return next;
                }
                positional.Add(word);
                next++;
            }
            else if (word == "--")
            {
                return next + 1;
            }
            else if (word[1] == '-')
            {
                next = ReadLong(words, next, flags, path, given);
            }
            else
            {
                next = ReadShorts(words, next, flags, path, given);
            }
        }
        return next;
    }

    private static int ReadLong(IReadOnlyList<string> words, int next, IReadOnlyList<Flag> flags, string path, List<(Flag, string)> given)
    {
        string word = words[next];
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? word[2..] : word[2..equals];
        Flag flag = FindLong(flags, name) ?? throw UnknownFlag(flags, path, name);
        if (equals >= 0)
        {
            given.Add((flag, Check(flag, $"--{name}", word[(equals + 1)..], path)));
        }
        else if (flag.Kind == FlagKind.Bool)
        {
            given.Add((flag, "true"));
        }
        else if (++next < words.Count)
        {
            given.Add((flag, Check(flag, $"--{name}", words[next], path)));
        }
        else
        {
            throw UsageError(path, $"flag --{name} needs a value", 125);
        }
        return next + 1;
    }

    private static int ReadShorts(IReadOnlyList<string> words, int next, IReadOnlyList<Flag> flags, string path, List<(Flag, string)> given)
    {
        string word = words[next];
        for (int i = 1; i < word.Length; i++)
        {
            Flag flag =
                FindShort(flags, word[i])
                ?? throw UsageError(path, $"unknown flag -{word[i]}{(word.Length > 2 ? $" in {word}" : "")}", 125);
            bool hasEquals = i + 1 < word.Length && word[i + 1] == '=';
            if (flag.Kind == FlagKind.Bool && !hasEquals)
            {
                given.Add((flag, "true"));
                continue;
            }
            string value;
            if (i + 1 < word.Length)
            {
                value = word[(hasEquals ? i + 2 : i + 1)..];
            }
            else if (++next < words.Count)
            {
                value = words[next];
            }
            else
            {
                throw UsageError(path, $"flag -{word[i]} needs a value", 125);
            }
            given.Add((flag, Check(flag, $"-{word[i]}", value, path)));
            break;
        }
        return next + 1;
    }

    private static Flag? FindLong(IReadOnlyList<Flag> flags, string name)
    {
        foreach (Flag flag in flags)
        {
            if (flag.Name == name || (flag.Alias == name && name.Length > 0))
            {
                return flag;
            }
        }
        return name == "help" ? s_help : null;
    }

    private static Flag? FindShort(IReadOnlyList<Flag> flags, char letter)
    {
        foreach (Flag flag in flags)
        {
            if (flag.Short == letter)
            {
                return flag;
            }
        }
        // Docker's old spelling of --help, where the verb has no -h of its own (run has: --hostname).
        return letter == 'h' ? s_help : null;
    }

    /// <summary>Checks a value for its kind; switches become <c>true</c> or <c>false</c> whichever of Go's spellings was used.</summary>
    private static string Check(Flag flag, string shown, string value, string path)
    {
        if (flag.Kind == FlagKind.Bool)
        {
            return value switch
            {
                "1" or "t" or "T" or "true" or "TRUE" or "True" => "true",
                "0" or "f" or "F" or "false" or "FALSE" or "False" => "false",
                _ => throw UsageError(path, $"invalid value \"{value}\" for flag {shown}: true or false expected", 125),
            };
        }
        if (flag.Kind == FlagKind.Number && !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            throw UsageError(path, $"invalid value \"{value}\" for flag {shown}: a whole number expected", 125);
        }
        return value;
    }

    private static void CheckCount(Command command, string path, int count)
    {
        if (command.Run is null || (count >= command.MinArguments && count <= command.MaxArguments))
        {
            return;
        }
        string needs =
            command.MaxArguments == 0 ? "takes no arguments"
            : command.MinArguments == command.MaxArguments ? $"needs exactly {Arguments(command.MinArguments)}"
            : count < command.MinArguments ? $"needs at least {Arguments(command.MinArguments)}"
            : $"takes at most {Arguments(command.MaxArguments)}";
        throw UsageError(path, $"'skiff {path}' {needs}: skiff {path} {command.Usage}", 1);
    }

    private static string Arguments(int n) => n == 1 ? "1 argument" : $"{n} arguments";

    private static SkiffException UnknownFlag(IReadOnlyList<Flag> flags, string path, string name)
    {
        if (path.Length > 0 && FindLong(Globals.Flags(), name) is not null)
        {
            return UsageError(path, $"--{name} is a flag of skiff itself: write it before the verb, 'skiff --{name} … {path}'", 125);
        }
        string? near = Suggestion.Nearest(name, flags.Where(static f => !f.Hidden).Select(static f => f.Name));
        return UsageError(path, near is null ? $"unknown flag --{name}" : $"unknown flag --{name}, did you mean --{near}?", 125);
    }

    private static SkiffException UnknownVerb(Command group, string path, string word)
    {
        string what = path.Length == 0 ? $"'{word}' is not a verb of skiff" : $"'{word}' is not a verb of 'skiff {path}'";
        string? near = Suggestion.Nearest(word, group.Subcommands.Where(static e => !e.Hidden).Select(static e => e.Name));
        return UsageError(path, near is null ? what : $"{what}, did you mean '{near}'?", 1);
    }

    private static bool Wants(List<(Flag Flag, string Value)> given, string name)
    {
        foreach ((Flag flag, string value) in given)
        {
            if (flag.Name == name && flag.Kind == FlagKind.Bool && value == "true")
            {
                return true;
            }
        }
        return false;
    }

    private static Globals ReadGlobals(List<(Flag Flag, string Value)> given)
    {
        var globals = new Globals();
        foreach ((Flag flag, string value) in given)
        {
            globals = flag.Name switch
            {
                "root" => globals with { Root = value },
                "runroot" => globals with { Runroot = value },
                "config" => globals with { Config = value },
                "debug" => globals with { Debug = value == "true" },
                "log-level" => globals with { LogLevel = value, Debug = globals.Debug || value == "debug" },
                _ => globals,
            };
        }
        return globals;
    }

    private static List<string> Rest(IReadOnlyList<string> words, int next)
    {
        var rest = new List<string>(words.Count - next);
        while (next < words.Count)
        {
            rest.Add(words[next++]);
        }
        return rest;
    }
}
