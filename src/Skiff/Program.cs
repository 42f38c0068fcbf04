using Skiff.CommandLine;
using Skiff.Commands;
using Skiff.Display;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Rootless;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff;

/// <summary>The program: finds the verb, runs it, and is the only place that prints errors.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        StandardDescriptors.Fill();
        return Run(ByName(Environment.GetCommandLineArgs()[0], args), new Output());
    }

    /// <summary>Called <c>docker-compose</c>, by a link for instance, the program is that.</summary>
    internal static string[] ByName(string program, string[] args) =>
        program.EndsWith("docker-compose", StringComparison.Ordinal) ? ["compose", .. args] : args;

    /// <summary>Runs one command line; returns the exit code.</summary>
    internal static int Run(IReadOnlyList<string> args, Output output)
    {
        Invocation? invocation = null;
        try
        {
            invocation = CommandParser.Parse(args, CommandTable.Root(), output);
            return Dispatch(invocation);
        }
        catch (BrokenPipeException)
        {
            return BrokenPipeException.ExitCode;
        }
        catch (Exception e)
        {
            return Report(e, invocation, output, args);
        }
    }

    private static int Dispatch(Invocation invocation)
    {
        if (invocation.Is("version") && invocation.Path.Length == 0)
        {
            invocation.Output.Line($"skiff version {BuildInfo.Version}");
            return 0;
        }
        if (invocation.Command.Run is null || (invocation.Is("help") && !invocation.Command.RawArguments))
        {
            invocation.Output.Write(Help.Text(invocation.Command, invocation.Path));
            return 0;
        }
        if (!At.IsRoot && !invocation.Command.WorksOutside)
        {
            RootlessEntry.Enter(invocation.Globals.Runroot);
        }
        return invocation.Command.Run(invocation);
    }

    private static int Report(Exception e, Invocation? invocation, Output output, IReadOnlyList<string> args)
    {
        bool debug = invocation?.Globals.Debug ?? args.Contains("--debug");
        int failure = invocation?.Command.FailureExitCode ?? 1;
        (string message, int code) = e switch
        {
            SkiffException skiff => (skiff.Message, skiff is { ExitCode: 1, IsUsage: false } ? failure : skiff.ExitCode),
            LinuxException linux => (linux.Message + Advice(linux, invocation), failure),
            OperationCanceledException => ("interrupted", 130),
            IOException io => (io.Message, failure), // a full disk, for instance, where a library reads or writes
            _ => ($"internal error: {e.GetType().Name}: {e.Message} (please report it, with the output of --debug)", failure),
        };
        output.ErrorLine($"skiff: {message}");
        for (Exception? cause = debug ? e.InnerException : null; cause is not null; cause = cause.InnerException)
        {
            output.ErrorLine($"  caused by {cause.GetType().Name}: {cause.Message}");
        }
        return code;
    }

    // Of our own directories only: a full disk that a user's file is written to needs no advice.
    private static string Advice(LinuxException e, Invocation? invocation)
    {
        if (invocation is null || !FullDisk.IsMeant(e))
        {
            return "";
        }
        EnginePaths paths = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot).Paths;
        return e.Target.StartsWith(paths.Root + "/", StringComparison.Ordinal) ? $"; {FullDisk.Advice(paths.Root)}"
            : e.Target.StartsWith(paths.Runroot + "/", StringComparison.Ordinal) ? "; free space there, or put --runroot elsewhere"
            : "";
    }
}
