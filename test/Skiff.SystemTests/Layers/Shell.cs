using System.Diagnostics;

namespace Skiff.SystemTests.Layers;

/// <summary>Runs a script of a test with a time limit.</summary>
internal static class Shell
{
    internal static string Run(string directory, string script)
    {
        using Process process = Process.Start(
            new ProcessStartInfo("timeout", ["120", "sh", "-ec", script])
            {
                UseShellExecute = false,
                WorkingDirectory = directory,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{script}: {error.Result}");
    }
}
