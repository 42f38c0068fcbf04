using Skiff.CommandLine;

namespace Skiff.Commands;

/// <summary><c>skiff version</c>.</summary>
internal static class VersionCommand
{
    public static Command Define() =>
        new()
        {
            Name = "version",
            Summary = "Show the version of Skiff and of the kernel",
            Usage = "[OPTIONS]",
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        invocation.Output.Line($"skiff version {BuildInfo.Version}");
        return 0;
    }
}
