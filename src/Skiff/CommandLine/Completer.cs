namespace Skiff.CommandLine;

/// <summary>What may follow the words typed so far: verbs, flags, values of flags, or a kind of argument that the shell or the stores know.</summary>
/// <param name="Candidates">Words with a description, which may be empty.</param>
/// <param name="Kind">What else is offered.</param>
internal sealed record CompletionAnswer(IReadOnlyList<(string Word, string Help)> Candidates, Completion Kind)
{
    /// <summary>Nothing.</summary>
    public static CompletionAnswer Nothing { get; } = new([], Completion.None);
}

/// <summary>Computes completions from the command table; pure, the stores are asked by the caller.</summary>
internal static class Completer
{
    /// <summary>Completes the last of the words, which may be empty; the program's name is not among them.</summary>
    public static CompletionAnswer Complete(Command root, IReadOnlyList<string> words)
    {
        Command command = root;
        int position = 0;
        bool ended = false;
        string last = words.Count == 0 ? "" : words[^1];
        for (int i = 0; i < words.Count - 1; i++)
        {
            string word = words[i];
            if (!ended && word == "--")
            {
                ended = true;
            }
            else if (!ended && word.Length > 1 && word[0] == '-')
            {
                if (TakesNext(command, word) is { } flag)
                {
                    if (i == words.Count - 2)
                    {
                        return Value(flag, "");
                    }
                    i++;
                }
            }
            else if (command.Subcommands.Count > 0)
            {
                if (CommandParser.Find(command, word) is not { } entry)
                {
                    return CompletionAnswer.Nothing;
                }
                command = entry.Make();
            }
            else
            {
                position++;
                ended |= command.StopAtFirstPositional;
            }
        }
        return command.RawArguments ? CompletionAnswer.Nothing : Last(command, last, position, ended);
    }

    private static CompletionAnswer Last(Command command, string last, int position, bool ended)
    {
        if (!ended && last.StartsWith('-'))
        {
            int equals = last.IndexOf('=', StringComparison.Ordinal);
            if (equals > 2 && Long(command, last[2..equals]) is { } flag)
            {
                return Value(flag, last[..(equals + 1)]);
            }
            return new CompletionAnswer(Flags(command, last), Completion.None);
        }
        if (command.Subcommands.Count > 0)
        {
            return new CompletionAnswer(
                [
                    .. command
                        .Subcommands.Where(e => !e.Hidden && e.Name.StartsWith(last, StringComparison.Ordinal))
                        .Select(static e => (e.Name, e.Make().Summary)),
                ],
                Completion.None
            );
        }
        return position >= command.MaxArguments || command.Completes.Count == 0
            ? CompletionAnswer.Nothing
            : new CompletionAnswer([], command.Completes[Math.Min(position, command.Completes.Count - 1)]);
    }

    private static List<(string, string)> Flags(Command command, string typed)
    {
        List<(string, string)> found = [];
        foreach (Flag flag in command.Flags)
        {
            string name = "--" + flag.Name;
            if (!flag.Hidden && name.StartsWith(typed, StringComparison.Ordinal))
            {
                found.Add((name, flag.Help));
            }
        }
        if ("--help".StartsWith(typed, StringComparison.Ordinal) && Long(command, "help") is null)
        {
            found.Add(("--help", "Print usage"));
        }
        return found;
    }

    private static CompletionAnswer Value(Flag flag, string prefix) =>
        flag.Kind == FlagKind.Bool
            ? new CompletionAnswer([(prefix + "true", ""), (prefix + "false", "")], Completion.None)
            : new CompletionAnswer([.. (flag.Choices ?? []).Select(c => (prefix + c, ""))], flag.Completes);

    /// <summary>The flag of a word if its value is the next word.</summary>
    private static Flag? TakesNext(Command command, string word)
    {
        if (word[1] == '-')
        {
            Flag? flag = word.Contains('=', StringComparison.Ordinal) ? null : Long(command, word[2..]);
            return flag is { Kind: not FlagKind.Bool } ? flag : null;
        }
        for (int i = 1; i < word.Length; i++)
        {
            Flag? flag = command.Flags.FirstOrDefault(f => f.Short == word[i]);
            if (flag is null)
            {
                return null;
            }
            if (flag.Kind != FlagKind.Bool)
            {
                return i == word.Length - 1 ? flag : null;
            }
        }
        return null;
    }

    private static Flag? Long(Command command, string name) => command.Flags.FirstOrDefault(f => f.Name == name || f.Alias == name);
}
