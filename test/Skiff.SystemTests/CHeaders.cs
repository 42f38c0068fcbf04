using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>Constants and constant expressions of C headers, for any architecture that there is a compiler for: they are read from the assembly, nothing is run.</summary>
internal static partial class CHeaders
{
    /// <summary>The compilers of both architectures, as Debian calls them on either.</summary>
    public static TheoryData<string> Compilers => ["x86_64-linux-gnu-gcc", "aarch64-linux-gnu-gcc"];

    /// <summary>The values of those names that the headers know, macros and enumerators alike, and of expressions.</summary>
    internal static Dictionary<string, long> Values(string compiler, IEnumerable<string> headers, IEnumerable<string> names)
    {
        string directory = Directory.CreateTempSubdirectory("skiff-headers-").FullName;
        try
        {
            List<string> wanted = [.. names];
            string includes = string.Concat(headers.Select(h => $"#include <{h}>\n"));
            while (true)
            {
                File.WriteAllText(
                    $"{directory}/a.c",
                    $"#define _GNU_SOURCE\n{includes}void f(void) {{\n{string.Concat(wanted.Select(Line))}}}\n"
                );
                (string assembly, string errors) = Compile(compiler, $"{directory}/a.c");
                HashSet<string> unknown = [.. Undeclared().Matches(errors).Select(m => m.Groups[1].Value)];
                if (wanted.RemoveAll(unknown.Contains) == 0)
                {
                    return errors.Contains("error:", StringComparison.Ordinal)
                        ? throw new InvalidOperationException($"{compiler}: {errors}")
                        : Answer()
                            .Matches(assembly)
                            .ToDictionary(
                                m => wanted[int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)],
                                m => long.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture)
                            );
                }
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Line(string expression, int index) =>
        $"__asm__ volatile(\"\\n@@ {index} %0 @@\" : : \"i\"((unsigned long long)({expression})));\n";

    private static (string Assembly, string Errors) Compile(string compiler, string source)
    {
        ProcessStartInfo info = new(compiler, ["-w", "-S", "-o", "-", source])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["LC_ALL"] = "C";
        using Process process = Process.Start(info)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string assembly = process.StandardOutput.ReadToEnd();
        process.WaitForExit(60_000);
        return (assembly, errors.Result);
    }

    [GeneratedRegex("'([A-Za-z0-9_]+)' undeclared")]
    private static partial Regex Undeclared();

    [GeneratedRegex("@@ ([0-9]+) [$#]?(-?[0-9]+) @@")]
    private static partial Regex Answer();
}
