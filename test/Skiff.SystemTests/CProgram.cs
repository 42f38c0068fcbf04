using System.Diagnostics;

namespace Skiff.SystemTests;

/// <summary>Compiles a C program with gcc against the system's headers and reads the "name value" lines that it prints.</summary>
internal static class CProgram
{
    /// <summary>True if there is a compiler; without one the comparison cannot be made.</summary>
    internal static bool HasCompiler => File.Exists("/usr/bin/gcc");

    /// <summary>Runs the preprocessor and compiler, then the program.</summary>
    internal static Dictionary<string, ulong> Run(string source)
    {
        string directory = Directory.CreateTempSubdirectory("skiff-abi-").FullName;
        try
        {
            File.WriteAllText($"{directory}/a.c", source);
            Execute("gcc", ["-w", "-o", $"{directory}/a", $"{directory}/a.c"]);
            Dictionary<string, ulong> values = [];
            foreach (string line in Execute($"{directory}/a", []).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                string[] parts = line.Split(' ');
                values[parts[0]] = ulong.Parse(parts[1]);
            }
            return values;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Execute(string program, string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(60_000);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program}: {error.Result}");
    }
}
