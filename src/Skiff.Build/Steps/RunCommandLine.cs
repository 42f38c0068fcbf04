using System.Text;
using Skiff.Build.Parsing;

namespace Skiff.Build.Steps;

/// <summary>What RUN executes.</summary>
/// <param name="Words">The words of the command.</param>
/// <param name="Script">A heredoc that names its own interpreter, which becomes a file; null for none.</param>
internal sealed record RunCommandLine(IReadOnlyList<string> Words, string? Script)
{
    /// <summary>Where a script is mounted.</summary>
    internal const string ScriptPath = "/dev/pipes/script";

    /// <summary>Reads it from an instruction.</summary>
    internal static RunCommandLine Of(Instruction instruction, IReadOnlyList<string> shell, char escape)
    {
        if (instruction.Json is { } words)
        {
            return words.Count == 0 ? throw DockerfileException.At(instruction, "RUN [] has no command") : new RunCommandLine(words, null);
        }
        if (instruction.Heredocs.Count == 0)
        {
            return new RunCommandLine([.. shell, instruction.Arguments], null);
        }
        if (instruction.Heredocs.Count == 1 && HeredocMark.TryParse(instruction.Arguments, escape) is not null)
        {
            string content = instruction.Heredocs[0].Content;
            return content.StartsWith("#!", StringComparison.Ordinal)
                ? new RunCommandLine([ScriptPath], content)
                : new RunCommandLine([.. shell, content], null);
        }
        // the shell reads the texts itself, as it is written
        StringBuilder text = new(instruction.Arguments);
        foreach (Heredoc heredoc in instruction.Heredocs)
        {
            text.Append('\n').Append(heredoc.Content).Append(heredoc.Name);
        }
        return new RunCommandLine([.. shell, text.Append('\n').ToString()], null);
    }
}
