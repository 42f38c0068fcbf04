using Skiff.Engine.Spec;

namespace Skiff.Engine.Plan;

/// <summary>Where a command may be, by the container's own PATH (execvp(3)).</summary>
public static class CommandPath
{
    /// <summary>docker's PATH for an image that has none.</summary>
    public const string Default = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>The paths to try, in order; never empty.</summary>
    public static string[] Candidates(string command, ValueList<string> environment)
    {
        if (command.Contains('/'))
        {
            return [command];
        }
        string path = Default;
        foreach (string entry in environment)
        {
            if (entry.StartsWith("PATH=", StringComparison.Ordinal))
            {
                path = entry[5..];
            }
        }
        List<string> candidates = [];
        foreach (string directory in path.Split(':'))
        {
            if (directory.StartsWith('/'))
            {
                candidates.Add($"{directory.TrimEnd('/')}/{command}");
            }
        }
        return candidates.Count == 0 ? ["/" + command] : [.. candidates];
    }
}
