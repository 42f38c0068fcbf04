using System.Text;
using Xunit;

namespace Skiff.SystemTests.Fixture;

/// <summary>What a finished program left: its command line, exit code and both outputs.</summary>
internal sealed record CommandResult(string CommandLine, int ExitCode, byte[] OutputBytes, byte[] ErrorBytes)
{
    /// <summary>Standard output as text.</summary>
    public string Output => Encoding.UTF8.GetString(OutputBytes);

    /// <summary>Standard error as text.</summary>
    public string Error => Encoding.UTF8.GetString(ErrorBytes);

    /// <summary>Standard output without its last newlines.</summary>
    public string Text => Output.TrimEnd('\n');

    /// <summary>The lines of standard output.</summary>
    public string[] Lines => Text.Length == 0 ? [] : Text.Split('\n');

    /// <summary>Fails the test, with everything the program said, unless it ended with 0.</summary>
    public CommandResult Succeeded() => ExitedWith(0);

    /// <summary>Fails the test, with everything the program said, unless it ended with <paramref name="code"/>.</summary>
    public CommandResult ExitedWith(int code)
    {
        if (ExitCode != code)
        {
            Assert.Fail($"expected exit code {code}, got {ExitCode}\n{this}");
        }
        return this;
    }

    /// <summary>Fails the test unless it ended with <paramref name="code"/>; what it said on standard error.</summary>
    public string Failed(int code) => ExitedWith(code).Error;

    /// <summary>Fails the test unless standard error contains <paramref name="text"/>.</summary>
    public CommandResult Complained(string text)
    {
        if (!Error.Contains(text, StringComparison.OrdinalIgnoreCase))
        {
            Assert.Fail($"expected '{text}' on standard error\n{this}");
        }
        return this;
    }

    public override string ToString() => $"$ {CommandLine}\nexit code {ExitCode}\n--- stdout\n{Clip(Output)}\n--- stderr\n{Clip(Error)}";

    private static string Clip(string text) =>
        text.Length <= 4000 ? text : string.Concat(text.AsSpan(0, 2000), "\n[…]\n", text.AsSpan(text.Length - 2000));
}
