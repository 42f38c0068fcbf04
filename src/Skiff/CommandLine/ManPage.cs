using System.Text;

namespace Skiff.CommandLine;

/// <summary>Manual pages in the man macros of groff, groff_man(7), from the command table.</summary>
internal static class ManPage
{
    /// <summary>The page of a verb or group; <paramref name="path"/> is empty for the program.</summary>
    public static string Text(Command command, string path, string version)
    {
        string name = Name(path);
        string full = path.Length == 0 ? "skiff" : $"skiff {path}";
        var text = new StringBuilder();
        text.Append(
            $".TH \"{name.ToUpperInvariant()}\" \"1\" \"\" \"skiff {version}\" \"Skiff\"\n.SH NAME\n{Escape(name)} \\- {Escape(command.Summary)}\n"
        );
        text.Append($".SH SYNOPSIS\n.B {Escape(full)}\n{Escape(Help.Usage(command))}\n");
        text.Append(".SH DESCRIPTION\n").Append(Escape(command.Summary)).Append(".\n");
        foreach (string paragraph in command.Description.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            text.Append($".PP\n{Escape(paragraph.Trim())}\n");
        }
        AppendVerbs(text, command, path);
        AppendFlags(text, command);
        IReadOnlyList<string> examples = Examples.Of(path);
        if (examples.Count > 0)
        {
            text.Append(".SH EXAMPLES\n.EX\n").Append(Escape(string.Join('\n', examples))).Append("\n.EE\n");
        }
        text.Append(".SH EXIT STATUS\n0 on success, 1 if the work failed, 125 for a wrong flag");
        text.Append(
            command.FailureExitCode == 125
                ? " or if the container could not be started, 126 if the command cannot be executed, 127 if it is not found, else the code of the command"
                : ""
        );
        text.Append(", 130 if interrupted.\n");
        int cut = path.LastIndexOf(' ');
        if (path.Length > 0)
        {
            text.Append($".SH SEE ALSO\n.BR {Escape(Name(cut < 0 ? "" : path[..cut]))} (1)\n");
        }
        return text.ToString();
    }

    /// <summary>The page's name: <c>skiff-image-ls</c>.</summary>
    public static string Name(string path) => path.Length == 0 ? "skiff" : "skiff-" + path.Replace(' ', '-');

    /// <summary>All pages, the program's first: groups with their verbs.</summary>
    public static IEnumerable<(string Name, string Text)> All(Command root, string version)
    {
        var waiting = new Queue<(Command Command, string Path)>([(root, "")]);
        while (waiting.TryDequeue(out (Command Command, string Path) next))
        {
            yield return (Name(next.Path), Text(next.Command, next.Path, version));
            foreach (CommandEntry entry in next.Command.Subcommands)
            {
                if (!entry.Hidden)
                {
                    waiting.Enqueue((entry.Make(), next.Path.Length == 0 ? entry.Name : $"{next.Path} {entry.Name}"));
                }
            }
        }
    }

    /// <summary>Text that groff shows as it is: backslashes and hyphens escaped, and no line that begins with a control character.</summary>
    internal static string Escape(string text)
    {
        var escaped = new StringBuilder();
        bool lineStart = true;
        foreach (char c in text)
        {
            if (lineStart && c is '.' or '\'')
            {
                escaped.Append("\\&");
            }
            _ = c switch
            {
                '\\' => escaped.Append("\\e"),
                '-' => escaped.Append("\\-"),
                > '~' => escaped.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\[u{(int)c:X4}]"),
                _ => escaped.Append(c),
            };
            lineStart = c == '\n';
        }
        return escaped.ToString();
    }

    private static void AppendVerbs(StringBuilder text, Command command, string path)
    {
        if (command.Subcommands.Count == 0)
        {
            return;
        }
        text.Append(".SH COMMANDS\n");
        foreach (CommandEntry entry in command.Subcommands.Where(static e => !e.Hidden))
        {
            string page = Name(path.Length == 0 ? entry.Name : $"{path} {entry.Name}");
            text.Append($".TP\n.BR {Escape(page)} (1)\n{Escape(entry.Make().Summary)}.\n");
        }
    }

    private static void AppendFlags(StringBuilder text, Command command)
    {
        Flag[] flags = [.. command.Flags.Where(static f => !f.Hidden).OrderBy(static f => f.Name, StringComparer.Ordinal)];
        if (flags.Length == 0)
        {
            return;
        }
        text.Append(".SH OPTIONS\n");
        foreach (Flag flag in flags)
        {
            string names =
                flag.Short == '\0' ? $"\\fB\\-\\-{Escape(flag.Name)}\\fR" : $"\\fB\\-{flag.Short}\\fR, \\fB\\-\\-{Escape(flag.Name)}\\fR";
            text.Append($".TP\n{names}{(flag.Kind == FlagKind.Bool ? "" : $" \\fI{Escape(flag.ValueName)}\\fR")}\n{Escape(flag.Help)}");
            text.Append(flag.Default is null ? "" : $" (default {Escape(flag.Default)})")
                .Append(flag.Choices is null ? ".\n" : $". One of: {Escape(string.Join(", ", flag.Choices))}.\n");
        }
    }
}
