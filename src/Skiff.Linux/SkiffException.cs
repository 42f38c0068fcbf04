namespace Skiff.Linux;

/// <summary>An error that the user can act on: one sentence saying what failed, on what, why, and what to do, with docker's exit code.</summary>
/// <param name="message">The sentence, without a trailing full stop and without the program's name.</param>
/// <param name="exitCode">125 engine failure, 126 command not executable, 127 command not found, 1 for other commands than run and exec.</param>
/// <param name="inner">The cause, kept for <c>--debug</c>.</param>
public class SkiffException(string message, int exitCode = 1, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The exit code of the process.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>The command line was wrong: the exit code is this one, whatever a verb ends with when it fails.</summary>
    public bool IsUsage { get; init; }
}
