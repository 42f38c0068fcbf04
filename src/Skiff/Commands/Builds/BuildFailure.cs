using System.Text;
using Skiff.Build;
using Skiff.Build.Parsing;

namespace Skiff.Commands.Builds;

/// <summary>What is shown of a build that failed: the step's last words, and its lines of the Dockerfile.</summary>
internal static class BuildFailure
{
    private const int Around = 2;
    private const int MaxOutputLines = 20;

    internal static string Text(Exception failure, string name, string dockerfile)
    {
        StringBuilder text = new();
        (int first, int last) = failure switch
        {
            BuildStepException e => (e.FirstLine, e.LastLine),
            DockerfileException e => (e.FirstLine, e.LastLine),
            _ => (0, 0),
        };
        if (failure is BuildStepException step && step.Output.Count > 0)
        {
            text.Append("------\n > ").Append(step.Title).Append(":\n");
            string[] lines = Encoding.UTF8.GetString([.. step.Output]).TrimEnd('\n').Split('\n');
            foreach (string line in lines.AsSpan(Math.Max(0, lines.Length - MaxOutputLines)))
            {
                text.Append(line.TrimEnd('\r')).Append('\n');
            }
            text.Append("------\n");
        }
        if (first > 0)
        {
            Excerpt(text, name, dockerfile.Split('\n'), first, last);
        }
        return text.ToString();
    }

    private static void Excerpt(StringBuilder text, string name, string[] lines, int first, int last)
    {
        text.Append(name).Append(':').Append(first).Append("\n--------------------\n");
        int count = lines.Length - (lines[^1].Length == 0 ? 1 : 0);
        for (int i = Math.Max(1, first - Around); i <= Math.Min(count, last + Around); i++)
        {
            text.Append($"{i, 4} | {(i >= first && i <= last ? ">>>" : "   ")} {lines[i - 1].TrimEnd('\r')}\n");
        }
        text.Append("--------------------\n");
    }
}
