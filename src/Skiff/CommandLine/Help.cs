using System.Text;

namespace Skiff.CommandLine;

/// <summary>The text of <c>--help</c>, in docker's layout, from the command table.</summary>
internal static class Help
{
    /// <summary>The help of a verb or group as typed in <paramref name="path"/>.</summary>
    public static string Text(Command command, string path)
    {
        var text = new StringBuilder();
        string full = path.Length == 0 ? "skiff" : $"skiff {path}";
        text.Append($"Usage:  {full} {Usage(command)}".TrimEnd()).Append($"\n\n{command.Summary}\n");
        if (command.Description.Length > 0)
        {
            text.Append($"\n{command.Description.Trim()}\n");
        }
        if (command.Subcommands.Count > 0)
        {
            AppendVerbs(text, command);
        }
        AppendFlags(text, command, path.Length == 0);
        IReadOnlyList<string> examples = Examples.Of(path);
        if (examples.Count > 0)
        {
            text.Append("\nExamples:\n  ").AppendJoin("\n  ", examples).Append('\n');
        }
        if (command.Subcommands.Count > 0)
        {
            text.Append($"\nRun '{full} COMMAND --help' for more about a command.\n");
        }
        return text.ToString();
    }

    /// <summary>What follows the words of the command.</summary>
    internal static string Usage(Command command) =>
        command.Usage.Length > 0 ? command.Usage
        : command.Subcommands.Count > 0 ? "COMMAND"
        : "";

    private static void AppendVerbs(StringBuilder text, Command command)
    {
        var groups = new List<(string Name, Command Command)>();
        var verbs = new List<(string Name, Command Command)>();
        foreach (CommandEntry entry in command.Subcommands)
        {
            if (!entry.Hidden)
            {
                Command made = entry.Make();
                (made.Subcommands.Count > 0 ? groups : verbs).Add((entry.Name, made));
            }
        }
        foreach (
            (string title, List<(string Name, Command Command)> list) in new[] { ("Management Commands", groups), ("Commands", verbs) }
        )
        {
            if (list.Count == 0)
            {
                continue;
            }
            text.Append($"\n{title}:\n");
            int width = list.Max(static v => v.Name.Length);
            foreach ((string name, Command verb) in list)
            {
                text.Append($"  {name.PadRight(width)}  {verb.Summary}\n");
            }
        }
    }

    private static void AppendFlags(StringBuilder text, Command command, bool global)
    {
        var rows = new List<(string Left, string Right)>();
        foreach (Flag flag in command.Flags.Where(static f => !f.Hidden).OrderBy(static f => f.Name, StringComparer.Ordinal))
        {
            string left = flag.Short == '\0' ? $"      --{flag.Name}" : $"  -{flag.Short}, --{flag.Name}";
            string right = flag.Default is null ? flag.Help : $"{flag.Help} (default {flag.Default})";
            rows.Add((flag.Kind == FlagKind.Bool ? left : $"{left} {flag.ValueName}", right));
        }
        if (rows.Count == 0)
        {
            return;
        }
        int width = rows.Max(static r => r.Left.Length);
        text.Append(global ? "\nGlobal Options:\n" : "\nOptions:\n");
        foreach ((string left, string right) in rows)
        {
            text.Append($"{left.PadRight(width)}   {right}\n");
        }
    }
}
