using Skiff.CommandLine;
using Skiff.Format;
using Skiff.Images;
using Skiff.Linux;

namespace Skiff.Commands;

/// <summary><c>skiff version</c>.</summary>
internal static class VersionCommand
{
    public static Command Define() =>
        new()
        {
            Name = "version",
            WorksOutside = true,
            Summary = "Show the version of Skiff and of the kernel",
            Usage = "[OPTIONS]",
            Description = "Client and Server are the same program here; docker's scripts ask for either.",
            Flags = [InspectPrinter.FormatFlag()],
            MaxArguments = 0,
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        string format = invocation.Value("format") ?? "";
        string commit = BuildInfo.Commit.Length > 12 ? BuildInfo.Commit[..12] : BuildInfo.Commit;
        if (format.Length == 0)
        {
            Platform host = Platform.Host;
            invocation.Output.Write(
                $"skiff version {BuildInfo.Version}\n Git commit: {commit}\n OS/Arch:    {host}\n Kernel:     {Kernel()}\n"
            );
            return 0;
        }
        Value described = Describe(commit, Kernel());
        invocation.Output.Line(format == "json" ? ValueJson.Line(described) : new Template(format).Run(described));
        return 0;
    }

    /// <summary>The release of the running kernel.</summary>
    internal static string Kernel() => (Files.TryReadText("/proc/sys/kernel/osrelease", out _) ?? "").Trim();

    /// <summary>Docker's two halves, which scripts ask for; here one program is both.</summary>
    internal static Value Describe(string commit, string kernel)
    {
        Platform host = Platform.Host;
        (string, Value) platform = ("Platform", Value.Struct(("Name", Value.Of("Skiff"))));
        (string, Value)[] fields =
        [
            ("Version", Value.Of(BuildInfo.Version)),
            ("GitCommit", Value.Of(commit)),
            ("Os", Value.Of(host.Os)),
            ("Arch", Value.Of(host.Architecture)),
            ("KernelVersion", Value.Of(kernel)),
            ("Experimental", Value.False),
        ];
        Value engine = Value.Struct(
            ("Name", Value.Of("Engine")),
            ("Version", Value.Of(BuildInfo.Version)),
            (
                "Details",
                Value.Map([KeyValuePair.Create("GitCommit", Value.Of(commit)), KeyValuePair.Create("KernelVersion", Value.Of(kernel))])
            )
        );
        return Value.Struct(
            ("Client", Value.Struct([platform, .. fields])),
            ("Server", Value.Struct([platform, ("Components", Value.List([engine])), .. fields]))
        );
    }
}
