using Skiff.Linux;

namespace Skiff.Format;

/// <summary>The errors of a template, as one sentence with the column where it stands.</summary>
internal static class TemplateError
{
    /// <summary>Docker's exit code for a format it cannot read is 64.</summary>
    private const int ExitCode = 64;

    /// <summary>How the error for a field begins that the data never has.</summary>
    public const string NoField = "there is no field";

    /// <summary>An error in the text of a template.</summary>
    public static SkiffException At(int position, string message) => new($"--format, column {position + 1}: {message}", ExitCode);

    /// <summary>An error while a template runs over the data.</summary>
    public static SkiffException Running(string message) => new($"--format: {message}");
}
