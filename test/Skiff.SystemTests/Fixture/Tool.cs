using Xunit;

namespace Skiff.SystemTests.Fixture;

/// <summary>Other programs: oracles (nft, ip, tar, skopeo, strace) and helpers, each with a time limit.</summary>
internal static class Tool
{
    /// <summary>Runs a program to its end, whatever its exit code.</summary>
    public static CommandResult Try(params string[] command)
    {
        using var running = RunningCommand.Start(command);
        running.CloseInput();
        return running.WaitForExit();
    }

    /// <summary>Runs a program, which must succeed.</summary>
    public static CommandResult Run(params string[] command) => Try(command).Succeeded();

    /// <summary>Runs a line of shell, which must succeed.</summary>
    public static CommandResult Shell(string script) => Run("/bin/sh", "-euc", script);

    /// <summary>Skips the test when a program is not installed.</summary>
    public static void Require(string name) => Assert.SkipUnless(Exists(name), $"{name} is not installed");

    public static bool Exists(string name) =>
        new[] { "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin" }.Any(d => File.Exists(Path.Combine(d, name)));
}
